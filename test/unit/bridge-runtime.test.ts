import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_BUFFER, type OxmField, PortNo } from '../../ofp/index.ts';
import { BridgeRuntime, parsePortSpec } from '../../src/bridge/index.ts';
import { VirtualClock } from '../../src/lib/virtual-clock.ts';
import type { FailMode } from '../../src/openflow/index.ts';
import { MemoryTap } from '../../src/tap/index.ts';
import type { FlowChange } from '../../switch/index.ts';
import { type FakeStream, fakeDial, hello, message } from './support/fake-stream.ts';

const [a, b] = [0xa, 0xb].map((last) => Uint8Array.of(2, 0, 0, 0, 0, last));
const everybody = new Uint8Array(6).fill(255);
const frame = (to: Uint8Array, from: Uint8Array) => Uint8Array.of(...to, ...from, 0x88, 0xb5, ...new Uint8Array(46));

const outputRule = (priority: number, port: number, match: OxmField[] = []): FlowChange => ({
  ...{ command: 0, tableId: 0, priority, cookie: 0n, cookieMask: 0n, idleTimeout: 0, hardTimeout: 0, flags: 0 },
  ...{ bufferId: NO_BUFFER, outPort: PortNo.ANY, outGroup: PortNo.ANY, match },
  instructions: [{ type: 'applyActions', actions: [{ type: 'output', port, maxLen: 128 }] }],
});

describe('a bridge on its own', () => {
  let clock: VirtualClock;
  let taps: Map<string, MemoryTap>;
  let controller: { streams: FakeStream[] };
  let runtime: BridgeRuntime;
  let lines: { msg: string; port?: string }[];

  beforeEach(() => {
    clock = new VirtualClock();
    taps = new Map();
    lines = [];
  });
  afterEach(() => runtime.stop());

  function start(options: { failMode: FailMode; withController: boolean }): Promise<unknown> {
    const { dial, streams } = fakeDial();
    controller = { streams };
    runtime = new BridgeRuntime({
      name: 'br0',
      datapathId: 1n,
      failMode: options.failMode,
      controllers: new Map(options.withController ? [['tcp:192.0.2.1:6653', dial]] : []),
      probeMs: 5_000,
      auxiliaries: 0,
      openDevice: async (_bridge, { device }) => {
        const name = (device as { name: string }).name;
        const mac = Uint8Array.of(6, 0, 0, 0, 0, taps.size);
        const tap = new MemoryTap({ name, mac, mtu: 1500, defer: (task) => clock.after(0, task) });
        taps.set(name, tap);
        return tap;
      },
      clock,
      random: () => 0.5,
      log: pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line)) }),
    });
    return Promise.all(['p1', 'p2', 'p3'].map((name) => runtime.addPort(parsePortSpec(`tap:${name}`))));
  }

  /** Sends at one port and says where it came out; the bridge's own frames do not count. */
  function cross(from: string, bytes: Uint8Array): string[] {
    const out: string[] = [];
    for (const [name, { host }] of taps)
      host.onFrames((frames) => {
        for (const sent of frames) if (Buffer.compare(sent, bytes) === 0) out.push(name);
      });
    taps.get(from)!.host.send([bytes]);
    clock.advance(0);
    clock.advance(0);
    return out.sort();
  }

  function connect(): FakeStream {
    clock.advance(200);
    const stream = controller.streams.at(-1)!;
    stream.events.open();
    stream.events.data(message(hello));
    // So that the version is known, and stays so.
    stream.takeTypes();
    return stream;
  }

  const learn = () => {
    expect(cross('p1', frame(everybody, a!))).toEqual(['p2', 'p3']);
    expect(cross('p2', frame(a!, b!))).toEqual(['p1']);
    expect(cross('p1', frame(b!, a!))).toEqual(['p2']);
  };

  it('without controllers learns where hosts are', async () => {
    await start({ failMode: 'standalone', withController: false });
    learn();
    expect([runtime.bridge.flows.size, runtime.isAlone]).toEqual([0, true]);
  });

  it('that is secure forwards nothing without rules', async () => {
    await start({ failMode: 'secure', withController: true });
    clock.advance(60_000);
    expect([cross('p1', frame(everybody, a!)), runtime.isAlone]).toEqual([[], false]);
  });

  it('forwards on its own 15 s after its controller died, by the rules that it kept, until there is one again', async () => {
    await start({ failMode: 'standalone', withController: true });
    const stream = connect();
    runtime.bridge.changeFlows(outputRule(10, 3, [{ field: 'eth_type', value: 0x9999 }]), clock.now());
    runtime.bridge.changeFlows(outputRule(0, PortNo.CONTROLLER), clock.now());
    const byRule = Uint8Array.from(frame(everybody, a!));
    byRule.set([0x99, 0x99], 12);
    expect([cross('p1', byRule), cross('p1', frame(everybody, a!))]).toEqual([['p3'], []]);
    stream.close('ECONNRESET');
    clock.advance(14_900);
    expect([cross('p1', byRule), cross('p1', frame(everybody, a!)), runtime.isAlone]).toEqual([['p3'], [], false]);
    clock.advance(200);
    expect([cross('p1', byRule), runtime.isAlone]).toEqual([['p3'], true]);
    learn();
    connect();
    expect(runtime.isAlone).toBe(false);
    expect([cross('p1', byRule), cross('p1', frame(everybody, a!))]).toEqual([['p3'], []]);
    expect(lines.map(({ msg }) => msg).filter((msg) => /controller/.test(msg))).toEqual([
      'controller connected',
      'controller lost',
      'no controller for too long: forwarding on its own what no rule is for',
      'controller connected',
      'a controller is back: forwarding by rules alone',
    ]);
  });

  it('tells its controller of ports that come, go down, vanish and are removed', async () => {
    await start({ failMode: 'secure', withController: true });
    const stream = connect();
    const portStatus = 12;
    const told = () => {
      clock.advance(0);
      return stream.takeTypes().filter((type) => type === portStatus).length;
    };
    const added = await runtime.addPort(parsePortSpec('9@tap:p9'));
    expect([added.no, told()]).toEqual([9, 1]);
    taps.get('p9')!.host.setLink(false);
    expect(told()).toBe(1);
    taps.get('p1')!.host.remove();
    expect(told()).toBe(1);
    expect(lines.at(-1)).toMatchObject({ msg: 'port is gone', port: 'p1', level: 40 });
    runtime.removePort(runtime.findPort('9'));
    expect(told()).toBe(1);
    expect(runtime.ports.map(({ spec }) => spec.name)).toEqual(['p2', 'p3']);
    expect(() => runtime.findPort('p1')).toThrow(/no port p1; there are: p2, p3/);
  });

  it('refuses a port that it has, and leaves nothing of it', async () => {
    await start({ failMode: 'standalone', withController: false });
    await expect(runtime.addPort(parsePortSpec('p1=tap:other'))).rejects.toMatchObject({ code: 'SWITCH_PORT_TAKEN' });
    await expect(runtime.addPort(parsePortSpec('2@tap:more'))).rejects.toMatchObject({ code: 'SWITCH_PORT_TAKEN' });
    expect(taps.get('more')!.host.send([frame(b!, a!)])).toBe(0);
    learn();
  });

  it('counts what its devices dropped', async () => {
    await start({ failMode: 'standalone', withController: false });
    taps.get('p1')!.counters.rxDropped = 3;
    clock.advance(1_100);
    taps.get('p1')!.counters.rxDropped = 5;
    runtime.countDrops();
    expect(runtime.bridge.ports.map(({ counters }) => counters.rxDropped)).toEqual([5, 0, 0]);
  });

  it('shows the frames of a port to who captures it', async () => {
    await start({ failMode: 'standalone', withController: false });
    let captured = Buffer.alloc(0);
    const ours = () => captured.toString('latin1').split(Buffer.from(a!).toString('latin1')).length - 1;
    let [backlog, ended] = [0, 0];
    const stop = runtime.capture(runtime.findPort('p1'), {
      get backlog() {
        return backlog;
      },
      write: (bytes) => {
        captured = Buffer.concat([captured, bytes]);
      },
      end: () => {
        ended += 1;
      },
    });
    learn();
    expect([captured.readUInt32LE(0), ours()]).toEqual([0xa1b2c3d4, 3]);
    backlog = 1e9;
    learn();
    expect(ours()).toBe(3);
    expect(runtime.findPort('p1').captures.missed).toBeGreaterThanOrEqual(3);
    stop();
    backlog = 0;
    learn();
    expect([ours(), ended]).toEqual([3, 0]);
  });

  it('ends captures with their port, and takes all down at the end', async () => {
    await start({ failMode: 'standalone', withController: true });
    const stream = connect();
    let ended = 0;
    const sink = { backlog: 0, write: () => {}, end: () => (ended += 1) };
    runtime.capture(runtime.findPort('p2'), sink);
    runtime.capture(runtime.findPort('p3'), sink);
    runtime.removePort(runtime.findPort('p2'));
    expect(ended).toBe(1);
    runtime.stop();
    expect([ended, stream.isClosed, taps.get('p1')!.host.send([frame(b!, a!)])]).toEqual([2, true, 0]);
  });
});
