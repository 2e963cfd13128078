import { readdirSync, readlinkSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FramePort, KernelTap, type KernelTapOptions, type Offload } from '../../src/tap/index.ts';
import { headed } from './support/headed.ts';
import { makeNetns, type Netns } from './support/netns.ts';
import {
  MTU,
  pauseCompliance,
  type TapUnderTest,
  taggedFrame,
  tagOf,
  tapCompliance,
} from './support/tap-compliance.ts';
import { waitFor } from './support/wait.ts';

const MAC = Uint8Array.of(2, 0, 0, 0, 0, 0x11);
const PEER_MAC = Uint8Array.of(2, 0, 0, 0, 0, 0x22);

let netns: Netns;
const open: FramePort[] = [];

async function openTap(options: Partial<KernelTapOptions> = {}): Promise<KernelTap> {
  const tap = await KernelTap.open({ name: 'tap0', mac: MAC, mtu: MTU, addresses: [], netns: netns.path, ...options });
  open.push(tap);
  return tap;
}

beforeEach(async () => {
  netns = await makeNetns();
});

afterEach(async () => {
  for (const tap of open.splice(0)) tap.close();
  await netns.delete();
});

/** The host is a second TAP, which the kernel's own bridge joins with the one under test. */
const kernelTap = async (offload: Offload): Promise<TapUnderTest & { tap: KernelTap }> => {
  const tap = await openTap({ offload });
  const far = await openTap({ name: 'far0', mac: PEER_MAC });
  await netns.ip(
    'link add br0 type bridge mcast_snooping 0',
    'link set tap0 master br0',
    'link set far0 master br0',
    `link set br0 mtu ${MTU} up`,
  );
  const hostReceived: Uint8Array[] = [];
  far.onFrames((frames) => hostReceived.push(...frames.map((frame) => frame.slice())));
  return {
    tap,
    hostReceived,
    hostSend: (frames) => void far.send(frames),
    setLink: (isUp) => netns.ip(`link set tap0 ${isUp ? 'up' : 'down'}`),
    remove: () => netns.ip('link delete tap0'),
    dispose: async () => tap.close(),
  };
};

tapCompliance('KernelTap', () => kernelTap('kernel'));
tapCompliance('KernelTap that cuts', () => kernelTap('cut'));
tapCompliance('KernelTap with headed frames', () => kernelTap('headed'));
pauseCompliance('KernelTap', () => kernelTap('kernel'));
pauseCompliance('KernelTap that cuts', () => kernelTap('cut'));

describe('KernelTap and the kernel', () => {
  it('makes an interface with the wanted MAC, MTU and addresses, gone when it is closed', async () => {
    const tap = await openTap({ addresses: ['10.9.0.1/24', 'fd00:9::1/64'] });
    const [link] = JSON.parse(await netns.run('ip', '-json', 'address', 'show', 'dev', 'tap0'));
    expect(link).toMatchObject({ ifname: 'tap0', mtu: MTU, address: '02:00:00:00:00:11' });
    expect(link.flags).toContain('UP');
    expect(link.addr_info).toContainEqual(expect.objectContaining({ local: '10.9.0.1', prefixlen: 24 }));
    expect(link.addr_info).toContainEqual(expect.objectContaining({ local: 'fd00:9::1', prefixlen: 64 }));
    tap.close();
    expect(await netns.run('ip', '-brief', 'link')).not.toContain('tap0');
  });

  it('gives frames to the network stack, which answers ARP', async () => {
    const tap = await openTap({ addresses: ['10.9.0.1/24'] });
    const replies: Uint8Array[] = [];
    tap.onFrames((frames) => replies.push(...frames.filter(isArpReply).map((frame) => frame.slice())));
    tap.send([arpRequest([10, 9, 0, 2], [10, 9, 0, 1])]);
    await waitFor(() => replies.length > 0);
    const [reply] = replies;
    expect(reply?.subarray(0, 12)).toEqual(Uint8Array.of(...PEER_MAC, ...MAC));
    expect(reply?.subarray(28, 32)).toEqual(Uint8Array.of(10, 9, 0, 1));
  });

  it('delivers and takes headed frames when asked', async () => {
    const tap = await openTap({ addresses: ['10.9.0.1/24'], offload: 'headed' });
    expect(tap.isHeaded).toBe(true);
    const replies: Uint8Array[] = [];
    const room: number[] = [];
    tap.onFrames((frames) => {
      room.push(...frames.map((frame) => frame.byteOffset));
      replies.push(...frames.filter(isArpReply).map((frame) => frame.slice()));
    });
    tap.send([arpRequest([10, 9, 0, 2], [10, 9, 0, 1])]);
    tap.sendHeaded([headed(arpRequest([10, 9, 0, 2], [10, 9, 0, 1]))]);
    await waitFor(() => replies.length === 2);
    expect(Math.min(...room)).toBeGreaterThanOrEqual(12);
    expect(() => tap.sendHeaded([arpRequest([10, 9, 0, 2], [10, 9, 0, 1])])).toThrow(RangeError);
  });

  it('drops and counts frames while the interface is down, and goes on when it is up again', async () => {
    const tap = await openTap();
    await netns.ip('link set tap0 down');
    expect(tap.send([taggedFrame(1)])).toBe(0);
    expect(tap.counters.txDropped).toBe(1);
    await netns.ip('link set tap0 up');
    expect(tap.send([taggedFrame(1)])).toBe(1);
  });

  it('goes on in another namespace, under another name, and still tells when it is down', async () => {
    const elsewhere = await makeNetns();
    try {
      const tap = await openTap();
      const states: boolean[] = [];
      tap.onLink((isUp) => states.push(isUp));
      await netns.ip(`link set tap0 netns ${elsewhere.name} name moved0`);
      await waitFor(() => !tap.isUp);
      await elsewhere.ip('link set moved0 up', 'address add 10.9.0.1/24 dev moved0');
      await waitFor(() => tap.isUp);
      expect(tap.send([taggedFrame(1)])).toBe(1);
      await elsewhere.ip('link set moved0 down');
      await waitFor(() => !tap.isUp);
      expect(states).toEqual([false, true, false]);
      const errors: Error[] = [];
      tap.onError((error) => errors.push(error));
      await elsewhere.ip('link delete moved0');
      await waitFor(() => errors.length > 0);
      expect(errors).toMatchObject([{ code: 'TAP_GONE' }]);
    } finally {
      await elsewhere.delete();
    }
  });

  it('leaves the event loop its turn under a flood of frames', async () => {
    const tap = await openTap();
    const far = await openTap({ name: 'far0', mac: PEER_MAC });
    await netns.ip(
      'link add br0 type bridge',
      'link set tap0 master br0',
      'link set far0 master br0',
      'link set br0 up',
    );
    const burst = Array.from({ length: 100 }, (_, tag) => taggedFrame(tag));
    let received = 0;
    let turns = 0;
    tap.onFrames((frames) => {
      received += frames.filter((frame) => tagOf(frame) !== undefined).length;
      far.send(burst.slice(0, frames.length));
    });
    const timer = setInterval(() => {
      turns += 1;
    }, 1);
    far.send(burst);
    await waitFor(() => turns > 20 && received > 1000);
    clearInterval(timer);
    tap.close();
  });
});

describe('what goes wrong', () => {
  const descriptors = () => readdirSync('/proc/self/fd').length;

  it.each([
    ['', 'TAP_BAD_NAME'],
    ['sixteen-letters-', 'TAP_BAD_NAME'],
    ['a b', 'TAP_BAD_NAME'],
    ['a/b', 'TAP_BAD_NAME'],
    ['tap%d', 'TAP_BAD_NAME'],
    ['..', 'TAP_BAD_NAME'],
    ['lo', 'TAP_BUSY'],
  ])("is told for the name '%s': %s", async (name, code) => {
    await expect(openTap({ name })).rejects.toMatchObject({ code });
  });

  it('is told when the name is in use', async () => {
    await openTap();
    await expect(openTap()).rejects.toMatchObject({ code: 'TAP_BUSY', message: expect.stringContaining("'tap0'") });
  });

  it('is told for a namespace that does not exist, and leaves no descriptor open', async () => {
    const home = readlinkSync('/proc/thread-self/ns/net');
    const before = descriptors();
    const path = '/run/netns/rgt-no-such';
    await expect(openTap({ netns: path })).rejects.toMatchObject({
      code: 'TAP_NO_NETNS',
      message: `no network namespace at '${path}': see ip netns list`,
    });
    await expect(openTap({ netns: '/proc/self/ns/pid' })).rejects.toMatchObject({ code: 'TAP_NO_NETNS' });
    await expect(openTap({ name: 'lo' })).rejects.toMatchObject({ code: 'TAP_BUSY' });
    expect(descriptors()).toBe(before);
    expect(readlinkSync('/proc/thread-self/ns/net')).toBe(home);
  });

  it('is told for a bad address, and takes the interface back', async () => {
    const before = descriptors();
    for (const address of [
      '10.9.0.1',
      '10.9.0.1/33',
      'fd00::1/129',
      'x/24',
      '10.9.0.1/24\nlink delete lo',
      'fe80::1%lo/64',
    ]) {
      await expect(openTap({ addresses: [address] })).rejects.toMatchObject({ code: 'TAP_BAD_ADDRESS' });
    }
    await expect(openTap({ mtu: 3 })).rejects.toMatchObject({ code: 'TAP_SETUP_FAILED' });
    expect(await netns.run('ip', '-brief', 'link')).not.toContain('tap0');
    expect(descriptors()).toBe(before);
  });
});

describe('the process', () => {
  it('is told in one line when it lacks the right', async () => {
    process.seteuid?.(65534);
    try {
      await expect(openTap({ netns: '' })).rejects.toMatchObject({
        code: 'TAP_NO_PERMISSION',
        message: "'tap0' needs root or CAP_NET_ADMIN: run with sudo",
      });
    } finally {
      process.seteuid?.(0);
    }
  });

  it('may end a thread that has a TAP open', async () => {
    const workerData = { name: 'tap0', netns: netns.path };
    const worker = new Worker(new URL('./support/tap-in-thread.mjs', import.meta.url), { workerData });
    await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    expect(await netns.run('ip', '-brief', 'link')).toContain('tap0');
    await worker.terminate();
    expect(await netns.run('ip', '-brief', 'link')).not.toContain('tap0');
  });
});

function arpRequest(sender: number[], target: number[]): Uint8Array {
  const broadcast = [255, 255, 255, 255, 255, 255];
  const arp = [0, 1, 8, 0, 6, 4, 0, 1, ...PEER_MAC, ...sender, 0, 0, 0, 0, 0, 0, ...target];
  return Uint8Array.of(...broadcast, ...PEER_MAC, 8, 6, ...arp);
}

const isArpReply = (frame: Uint8Array) => frame[12] === 8 && frame[13] === 6 && frame[21] === 2;
