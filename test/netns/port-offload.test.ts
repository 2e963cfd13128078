import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EthernetPort, FrameFinisher, type FramePort, KernelTap, type Offload } from '../../src/tap/index.ts';
import { build, FLAG, partialFrame, segmentsOf, superFrame, transportFrames } from '../unit/support/transport-frame.ts';
import { checksumFault } from './support/checksums.ts';
import { headed, headerOf } from './support/headed.ts';
import { joinByVeth, makeNetns, type Netns } from './support/netns.ts';
import { waitFor } from './support/wait.ts';

const exec = promisify(execFile);
const SOURCE = Buffer.from([2, 0, 0, 0, 0, 9]);

const open: FramePort[] = [];
const spaces: Netns[] = [];

async function newNetns(): Promise<Netns> {
  const netns = await makeNetns();
  spaces.push(netns);
  return netns;
}

const opened = <P extends FramePort>(port: P): P => {
  open.push(port);
  return port;
};

const tap = async (netns: Netns, name: string, offload: Offload, addresses: string[] = []) => {
  const mac = Uint8Array.of(2, 0, 0, 0, ...Buffer.from([randomInt(256), randomInt(256)]));
  return opened(await KernelTap.open({ name, netns: netns.path, mac, mtu: 1500, addresses, offload }));
};

afterEach(async () => {
  for (const port of open.splice(0)) port.close();
  await Promise.all(spaces.splice(0).map((netns) => netns.delete()));
});

describe('cutting, beside the kernel', () => {
  let netns: Netns;
  /** Takes super-frames, which the kernel carries to `far`, cutting them on the way because that one takes none. */
  let near: FramePort;
  let far: FramePort;
  const received: Uint8Array[] = [];

  async function throughTheKernel(frame: Uint8Array, count: number): Promise<Uint8Array[]> {
    received.length = 0;
    expect(near.sendHeaded([frame])).toBe(1);
    await waitFor(() => received.length >= count);
    return received.slice();
  }

  function byUs(frame: Uint8Array): Uint8Array[] {
    const frames: Uint8Array[] = [];
    expect(new FrameFinisher().finish([frame], (batch) => frames.push(...batch.map((f) => f.slice())))).toBe(0);
    return frames;
  }

  const bridge = async (nearPort: FramePort, farPort: FramePort) => {
    [near, far] = [nearPort, farPort];
    await netns.ip(
      'link add br0 type bridge mcast_snooping 0',
      ...['tap0', 'far0'].map((name) => `link set ${name} master br0`),
      'link set br0 up',
    );
    far.onFrames((frames) => {
      received.push(...frames.filter((frame) => SOURCE.equals(frame.subarray(6, 12))).map((frame) => frame.slice()));
    });
  };

  beforeEach(async () => {
    netns = await newNetns();
  });

  it('gives the same frames, byte for byte', async () => {
    await bridge(await tap(netns, 'tap0', 'headed'), await tap(netns, 'far0', 'kernel'));
    // One that is no longer than a segment the kernel refuses to cut.
    const cases = transportFrames(1201, 12_000);
    await fc.assert(
      fc.asyncProperty(cases, fc.integer({ min: 100, max: 1200 }), async (spec, gsoSize) => {
        const frame = superFrame(spec, gsoSize);
        const ours = byUs(frame);
        expect(ours).toEqual(segmentsOf(spec, gsoSize));
        expect(await throughTheKernel(frame, ours.length)).toEqual(ours);
      }),
      { numRuns: 150, endOnFailure: true },
    );
  });

  it('completes checksums alike', async () => {
    await bridge(await tap(netns, 'tap0', 'headed'), await tap(netns, 'far0', 'kernel'));
    await fc.assert(
      fc.asyncProperty(transportFrames(1, 1200), async (spec) => {
        const frame = partialFrame(spec);
        expect(await throughTheKernel(frame, 1)).toEqual(byUs(frame));
      }),
      { numRuns: 100, endOnFailure: true },
    );
  });

  it('takes from a TAP what the kernel has not cut, and gives what it would have', async () => {
    await bridge(await tap(netns, 'tap0', 'headed'), await tap(netns, 'far0', 'cut'));
    await fc.assert(
      fc.asyncProperty(transportFrames(1201, 12_000), async (spec) => {
        const frame = superFrame(spec, 1000);
        const ours = byUs(frame);
        expect(await throughTheKernel(frame, ours.length)).toEqual(ours);
      }),
      { numRuns: 50, endOnFailure: true },
    );
  });
});

describe('joining', () => {
  const ordinary = { tags: [], protocol: 'tcp', flags: FLAG.ack, ipOptions: new Uint8Array(), extensions: 0 } as const;

  const joints: Record<string, () => Promise<[FramePort, FramePort]>> = {
    async TAP() {
      const netns = await newNetns();
      const taps: [FramePort, FramePort] = [await tap(netns, 'tap0', 'headed'), await tap(netns, 'far0', 'headed')];
      await netns.ip(
        'link add br0 type bridge mcast_snooping 0',
        ...['tap0', 'far0'].map((name) => `link set ${name} master br0`),
        'link set br0 up',
      );
      // Else, it drops what is malformed where its firewall looks.
      await netns.run(
        'sh',
        '-c',
        'for f in /proc/sys/net/bridge/bridge-nf-call-*; do [ ! -e $f ] || echo 0 > $f; done',
      );
      return taps;
    },
    async Ethernet() {
      const [one, two] = [await newNetns(), await newNetns()];
      await joinByVeth({ netns: one, name: 'v0', addresses: [] }, { netns: two, name: 'v0', addresses: [] });
      const ports = [one, two].map(({ path }) =>
        opened(new EthernetPort({ name: 'v0', netns: path, offload: 'headed' })),
      );
      await waitFor(() => ports.every(({ isUp }) => isUp));
      return [ports[0]!, ports[1]!];
    },
  };

  /** Frames that arrive at a second port, finished again, and how many super-frames there were among them. */
  async function carry(joint: string, frames: readonly Uint8Array[]) {
    const [near, far] = await joints[joint]!();
    const finisher = new FrameFinisher();
    const arrived: Uint8Array[] = [];
    let superFrames = 0;
    far.onFrames((batch) => {
      const ours = batch.filter((frame) => SOURCE.equals(frame.subarray(6, 12)));
      superFrames += ours.filter((frame) => headerOf(frame).gsoType !== 0).length;
      finisher.finish(ours, (finished) => arrived.push(...finished.map((frame) => frame.slice())));
    });
    expect(near.send(frames)).toBe(frames.length);
    await waitFor(() => arrived.length >= frames.length);
    expect(near.counters).toMatchObject({
      txFrames: frames.length,
      txBytes: frames.reduce((sum, frame) => sum + frame.length, 0),
      txDropped: 0,
    });
    near.close();
    far.close();
    return { arrived, superFrames };
  }

  it.each(Object.keys(joints).flatMap((joint) => (['tcp', 'udp'] as const).map((protocol) => ({ joint, protocol }))))(
    '$joint: makes few super-frames of many segments of $protocol, the same when cut again',
    async ({ joint, protocol }) => {
      const specs = fc.sample(transportFrames(20_000, 50_000), { numRuns: 20, seed: 1 });
      const frames = specs.flatMap((spec) => segmentsOf({ ...spec, ...ordinary, protocol }, 1400));
      const { arrived, superFrames } = await carry(joint, frames);
      expect(arrived).toEqual(frames);
      expect(superFrames).toBeGreaterThanOrEqual(specs.length);
      expect(superFrames).toBeLessThan(2 * specs.length);
    },
  );

  it.each(Object.keys(joints))('%s: leaves whatever is not the next segment as it is, in order', async (joint) => {
    const any = transportFrames(1, 5000).chain((spec) =>
      fc.record({
        spec: fc.constantFrom(spec, { ...spec, ...ordinary }),
        size: fc.integer({ min: 100, max: 1200 }),
        /** Changes one byte of one segment, somewhere behind its addresses. */
        damage: fc.option(fc.tuple(fc.nat(50), fc.integer({ min: 14, max: 120 }), fc.nat(255)), { freq: 2 }),
        skipped: fc.option(fc.nat(4)),
      }),
    );
    const segments = fc.sample(any, 120).flatMap(({ spec, size, damage, skipped }) => {
      const frames = segmentsOf({ ...spec, extensions: 0 }, size);
      if (damage !== null) {
        const [index, at, value] = damage;
        const frame = frames[index % frames.length]!;
        if (at < frame.length && ![16, 17, 18, 19].includes(at)) frame[at] = value;
      }
      return frames.filter((_, index) => index !== skipped);
    });
    const { arrived } = await carry(joint, segments.slice(0, 450));
    expect(arrived).toEqual(segments.slice(0, 450));
  });
});

/** Sends 4 MB over TCP and datagrams cut by the network card (UDP_SEGMENT), and tells what came. */
const RECEIVER = `
import hashlib, socket, sys
family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
udp = socket.socket(family, socket.SOCK_DGRAM); udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
udp.bind((sys.argv[1], 7001)); udp.settimeout(10)
server = socket.create_server((sys.argv[1], 7000), family=family); server.settimeout(10)
print('ready', flush=True)
stream, _ = server.accept(); stream.settimeout(10)
digest = hashlib.sha256()
while chunk := stream.recv(65536): digest.update(chunk)
datagrams = [len(udp.recv(65536)) for _ in range(8)]
print(digest.hexdigest(), *datagrams, flush=True)
`;
const SENDER = `
import hashlib, os, socket, sys
data = os.urandom(4 << 20)
stream = socket.create_connection((sys.argv[1], 7000), timeout=10)
stream.sendall(data); stream.close()
family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
udp = socket.socket(family, socket.SOCK_DGRAM)
udp.setsockopt(socket.IPPROTO_UDP, 103, 1100)
udp.sendto(bytes(8000), (sys.argv[1], 7001))
print(hashlib.sha256(data).hexdigest(), *[1100] * 7, 300)
`;

type Kind = 'veth cut' | 'veth headed' | 'tap kernel' | 'tap cut' | 'tap headed';
const KINDS: readonly Kind[] = ['veth cut', 'veth headed', 'tap kernel', 'tap cut', 'tap headed'];

/** A port behind which a namespace of its own has the addresses. */
async function hostBehind(kind: Kind, addresses: string[]): Promise<{ port: FramePort; netns: Netns }> {
  const netns = await newNetns();
  const [type, offload] = kind.split(' ') as ['veth' | 'tap', Offload];
  if (type === 'tap') return { port: await tap(netns, 'host0', offload, addresses), netns };
  const outside = await newNetns();
  await joinByVeth({ netns, name: 'host0', addresses }, { netns: outside, name: 'v0', addresses: [] });
  const port = new EthernetPort({ name: 'v0', netns: outside.path, offload: offload === 'headed' ? 'headed' : 'cut' });
  return { port: opened(port), netns };
}

describe('hosts behind any two ports', () => {
  // Each with itself and with two others, both ways between them.
  const pairs = KINDS.flatMap((from, index) => [0, 1, 3].map((step) => ({ from, to: KINDS[(index + step) % 5]! })));

  it.each(pairs)('from $from to $to: TCP and UDP arrive, all checksums are right', async ({ from, to }) => {
    const [a, b] = [
      await hostBehind(from, ['10.6.0.1/24', 'fd06::1/64']),
      await hostBehind(to, ['10.6.0.2/24', 'fd06::2/64']),
    ];
    const faults: string[] = [];
    let superFrames = 0;
    const forward = (source: FramePort, target: FramePort) =>
      source.onFrames((frames) => {
        if (source.isHeaded) {
          superFrames += frames.filter((frame) => headerOf(frame).gsoType !== 0).length;
          target.sendHeaded(frames);
        } else {
          faults.push(...frames.map(checksumFault).filter((fault) => fault !== undefined));
          target.send(frames);
        }
      });
    forward(a.port, b.port);
    forward(b.port, a.port);
    await waitFor(() => a.port.isUp && b.port.isUp);
    const address = (KINDS.indexOf(from) + KINDS.indexOf(to)) % 2 === 0 ? '10.6.0.2' : 'fd06::2';
    const receiver = execFile('ip', ['netns', 'exec', b.netns.name, 'python3', '-c', RECEIVER, address]);
    let output = '';
    receiver.stdout?.on('data', (text) => {
      output += text;
    });
    await waitFor(() => output.includes('ready'));
    const { stdout } = await exec('ip', ['netns', 'exec', a.netns.name, 'python3', '-c', SENDER, address]);
    await waitFor(() => output.split('\n').length > 2, 15_000);
    expect(output.split('\n')[1]).toBe(stdout.trim());
    expect(faults).toEqual([]);
    expect(superFrames > 0).toBe(from.endsWith('headed'));
    expect(a.port.counters).toMatchObject({ rxDropped: 0, txDropped: 0 });
  });
});

describe('headers from anybody', () => {
  it.each(KINDS)('are sent or dropped and counted by a port of kind %s, which goes on', async (kind) => {
    const { port, netns } = await hostBehind(kind, ['10.6.0.1/24']);
    await waitFor(() => port.isUp);
    const fields = fc.record({
      flags: fc.integer({ min: 0, max: 255 }),
      gsoType: fc.oneof(fc.constantFrom(0, 1, 4, 5, 0x81, 0x84), fc.integer({ min: 0, max: 255 })),
      hdrLen: fc.nat(0xffff),
      gsoSize: fc.oneof(fc.nat(100), fc.nat(0xffff)),
      csumStart: fc.oneof(fc.nat(100), fc.nat(0xffff)),
      csumOffset: fc.oneof(fc.constantFrom(6, 16), fc.nat(0xffff)),
    });
    const hostile = fc.oneof(
      fc.tuple(fc.uint8Array({ maxLength: 200 }), fields).map(([frame, header]) => headed(frame, header)),
      fc.tuple(transportFrames(1, 1000), fields).map(([spec, header]) => headed(build(spec, true).bytes, header)),
      fc.tuple(transportFrames(1, 9000), fc.nat(2000)).map(([spec, gsoSize]) => superFrame(spec, gsoSize)),
    );
    let offered = 0;
    let taken = 0;
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 70 }), (frames) => {
        offered += frames.length;
        taken += port.sendHeaded(frames);
      }),
      { numRuns: 100 },
    );
    expect(taken).toBeGreaterThan(offered / 10);
    expect(taken).toBeLessThan(offered);
    expect(port.counters.txDropped).toBe(offered - taken);
    // The host is alive, and is still answered to.
    let replies = 0;
    port.onFrames((frames) => {
      replies += frames.filter((frame) => frame[12] === 8 && frame[13] === 6 && frame[21] === 2).length;
    });
    const broadcast = [255, 255, 255, 255, 255, 255];
    const sender = [2, 0, 0, 0, 0, 8];
    const arp = [0, 1, 8, 0, 6, 4, 0, 1, ...sender, 10, 6, 0, 2, 0, 0, 0, 0, 0, 0, 10, 6, 0, 1];
    port.send([Uint8Array.of(...broadcast, ...sender, 8, 6, ...arp)]);
    await waitFor(() => replies > 0);
    expect(await netns.run('ip', '-brief', 'link', 'show', 'host0')).toContain('host0');
  });
});
