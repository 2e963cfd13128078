import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EthernetPort, type EthernetPortOptions } from '../../src/tap/index.ts';
import { joinByVeth, makeNetns, type Netns } from './support/netns.ts';
import { MTU, type TapUnderTest, taggedFrame, tagOf, tapCompliance } from './support/tap-compliance.ts';
import { waitFor } from './support/wait.ts';

let here: Netns;
let there: Netns;
const open: EthernetPort[] = [];

function openPort(options: Partial<EthernetPortOptions> = {}): EthernetPort {
  const port = new EthernetPort({ name: 'v0', netns: here.path, ...options });
  open.push(port);
  return port;
}

beforeEach(async () => {
  [here, there] = await Promise.all([makeNetns(), makeNetns()]);
  await joinByVeth({ netns: here, name: 'v0', addresses: [] }, { netns: there, name: 'v1', addresses: [] });
  await here.ip(`link set v0 mtu ${MTU}`);
  await there.ip(`link set v1 mtu ${MTU}`);
});

afterEach(async () => {
  for (const port of open.splice(0)) port.close();
  await Promise.all([here.delete(), there.delete()]);
});

/** The host is a second port, at the other end of the veth pair. */
const veth = async (offload: 'cut' | 'headed'): Promise<TapUnderTest> => {
  const tap = openPort({ offload });
  const far = openPort({ name: 'v1', netns: there.path });
  const hostReceived: Uint8Array[] = [];
  far.onFrames((frames) => hostReceived.push(...frames.map((frame) => frame.slice())));
  return {
    tap,
    hostReceived,
    hostSend: (frames) => void far.send(frames),
    setLink: (isUp) => here.ip(`link set v0 ${isUp ? 'up' : 'down'}`),
    remove: () => here.ip('link delete v0'),
    dispose: async () => tap.close(),
  };
};

tapCompliance('EthernetPort', () => veth('cut'));
tapCompliance('EthernetPort with headed frames', () => veth('headed'));

/** Copies of the tagged frames that come in. */
function collect(port: EthernetPort): Uint8Array[] {
  const frames: Uint8Array[] = [];
  port.onFrames((batch) => frames.push(...batch.filter((frame) => tagOf(frame) !== undefined).map((f) => f.slice())));
  return frames;
}

describe('EthernetPort and its interface', () => {
  it('has its MAC and MTU, and follows the MTU', async () => {
    await here.ip('link set v0 address 02:00:00:00:00:77');
    const port = openPort();
    expect(port.mac).toEqual(Uint8Array.of(2, 0, 0, 0, 0, 0x77));
    await here.ip('link set v0 mtu 2000');
    await waitFor(() => port.mtu === 2000);
  });

  it('is promiscuous while it is open, and only then', async () => {
    const promiscuity = async () => {
      const [link] = JSON.parse(await here.run('ip', '-json', '-details', 'link', 'show', 'v0'));
      return link.promiscuity;
    };
    expect(await promiscuity()).toBe(0);
    const port = openPort();
    expect(await promiscuity()).toBe(1);
    port.close();
    expect(await promiscuity()).toBe(0);
  });

  it('receives frames for others, and neither its own nor those that the host sends', async () => {
    const port = openPort();
    const beside = openPort();
    const far = openPort({ name: 'v1', netns: there.path });
    const [received, receivedBeside, receivedFar] = [collect(port), collect(beside), collect(far)];
    port.send([taggedFrame(1)]);
    const other = taggedFrame(2);
    other.set([2, 0, 0, 0, 0, 0xee]);
    far.send([other]);
    await waitFor(() => receivedFar.length > 0 && received.length > 0 && receivedBeside.length > 0);
    expect([received, receivedBeside, receivedFar].map((frames) => frames.map(tagOf))).toEqual([[2], [2], [1]]);
  });

  it.each(['cut', 'headed'] as const)('has VLAN tags as they were sent (%s)', async (offload) => {
    const port = openPort({ offload });
    const far = openPort({ name: 'v1', netns: there.path });
    const received: Uint8Array[] = [];
    port.onFrames((frames) => received.push(...frames.filter(isTagged).map((frame) => frame.slice())));
    const single = withTags(taggedFrame(1), [0x81, 0x00, 0xa1, 0x23]);
    const double = withTags(taggedFrame(2), [0x88, 0xa8, 0x00, 0x05, 0x81, 0x00, 0x00, 0x07]);
    const longest = withTags(taggedFrame(3, MTU + 14), [0x81, 0x00, 0x0f, 0xff]);
    expect(far.send([single, double, longest])).toBe(3);
    await waitFor(() => received.length === 3);
    expect(received).toEqual([single, double, longest]);
  });

  it('goes on through down and up, on either end', async () => {
    const port = openPort();
    const far = openPort({ name: 'v1', netns: there.path });
    const received = collect(port);
    await waitFor(() => port.isUp);
    const states: boolean[] = [];
    port.onLink((isUp) => states.push(isUp));
    for (const end of [() => there.ip('link set v1 down'), () => here.ip('link set v0 down')]) {
      await end();
      await waitFor(() => !port.isUp && !far.isUp);
      await there.ip('link set v1 up');
      await here.ip('link set v0 up');
      await waitFor(() => port.isUp && far.isUp);
    }
    expect(states).toEqual([false, true, false, true]);
    far.send([taggedFrame(5)]);
    await waitFor(() => received.length > 0);
  });

  it('opens an interface that is down, and tells when it is up', async () => {
    await here.ip('link set v0 down');
    const port = openPort();
    const far = openPort({ name: 'v1', netns: there.path });
    const received = collect(port);
    const states: boolean[] = [];
    port.onLink((isUp) => states.push(isUp));
    await here.ip('link set v0 up');
    await waitFor(() => states.length > 0 && far.isUp);
    expect(states).toEqual([true]);
    far.send([taggedFrame(5)]);
    await waitFor(() => received.length > 0);
  });

  it('is told that its interface was deleted while it was down, or by its other end, or moved away', async () => {
    const errors: Error[] = [];
    const listen = (port: EthernetPort) => port.onError((error) => errors.push(error));
    listen(openPort());
    await here.ip('link set v0 down', 'link set v0 name v9');
    await there.ip('link delete v1');
    await waitFor(() => errors.length === 1);
    await joinByVeth({ netns: here, name: 'v0', addresses: [] }, { netns: there, name: 'v1', addresses: [] });
    listen(openPort());
    await here.ip(`link set v0 netns ${there.name}`);
    await waitFor(() => errors.length === 2);
    expect(errors).toMatchObject([
      { code: 'TAP_GONE', message: "the interface 'v0' was deleted" },
      { code: 'TAP_GONE' },
    ]);
  });

  it('counts what its queue loses', async () => {
    const port = openPort();
    const far = openPort({ name: 'v1', netns: there.path });
    const frames = Array.from({ length: 1000 }, (_, tag) => taggedFrame(tag, 1000));
    // Without giving the event loop a turn in which the port could read.
    for (let round = 0; round < 30; round += 1) far.send(frames);
    expect(port.counters.rxDropped).toBeGreaterThan(0);
    await waitFor(() => port.counters.rxFrames + port.counters.rxDropped >= far.counters.txFrames);
    expect(port.counters.rxFrames).toBeGreaterThan(1000);
  });
});

describe('what goes wrong', () => {
  it('is told in one line, and leaves no descriptor open', () => {
    const before = readdirSync('/proc/self/fd').length;
    const failure = (options: Partial<EthernetPortOptions>) => {
      try {
        return openPort(options);
      } catch (error) {
        return error;
      }
    };
    expect(failure({ name: 'nowhere' })).toMatchObject({
      code: 'ETH_NO_INTERFACE',
      message: "there is no interface 'nowhere': see ip link",
    });
    expect(failure({ name: 'a-name-that-is-far-too-long' })).toMatchObject({ code: 'ETH_NO_INTERFACE' });
    expect(failure({ name: 'lo' })).toMatchObject({ code: 'ETH_NOT_ETHERNET' });
    expect(failure({ netns: '/run/netns/rgt-no-such' })).toMatchObject({ code: 'TAP_NO_NETNS' });
    process.seteuid?.(65534);
    try {
      expect(failure({ netns: '' })).toMatchObject({ code: 'ETH_NO_PERMISSION' });
    } finally {
      process.seteuid?.(0);
    }
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });
});

function withTags(frame: Uint8Array, tags: number[]): Uint8Array {
  return Uint8Array.of(...frame.subarray(0, 12), ...tags, ...frame.subarray(12));
}

const isTagged = (frame: Uint8Array) =>
  (frame[12] === 0x81 && frame[13] === 0) || (frame[12] === 0x88 && frame[13] === 0xa8);
