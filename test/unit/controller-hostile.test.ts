import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ControllerRole,
  decode,
  encode,
  type OfpMessageInput,
  type OfpVersion,
  PortNo,
  PortReason,
} from '../../ofp/index.ts';
import type { Connection } from '../../src/controller/index.ts';
import { ManagedSwitch } from '../../src/controller/runtime/switch.ts';
import { Barriers } from '../../src/controller/switching/barriers.ts';
import { PairedRules } from '../../src/controller/switching/paired.ts';
import { Spreading } from '../../src/controller/switching/spreading.ts';
import { ControllerLab, LabSwitch } from './support/controller-lab.ts';

const hello = (version: OfpVersion): OfpMessageInput => ({
  ...{ type: 'hello', version, xid: 1 },
  elements: [{ type: 'versionBitmap', bitmaps: [1 << version] }],
});

const descOf = (no: number) => ({
  ...{ portNo: no, hwAddr: Uint8Array.of(6, 0, 0, 0, no >> 8, no), name: `p${no}`, config: 0, state: 0 },
  ...{ curr: 0, advertised: 0, supported: 0, peer: 0, currSpeed: 0, maxSpeed: 0, properties: [] },
});

/** A switch whose every byte a test chooses. */
class RawSwitch {
  readonly connection: Connection;
  isClosed = false;
  sent = 0;
  readonly #lab: ControllerLab;
  readonly #version: OfpVersion;
  readonly #sent: Uint8Array[] = [];

  constructor(lab: ControllerLab, peer = 'tcp:192.0.2.1:1000', version: OfpVersion = 4) {
    this.#lab = lab;
    this.#version = version;
    this.connection = lab.controller.accept(
      peer,
      {
        security: undefined,
        send: (bytes) => {
          this.sent += bytes.length;
          this.#sent.push(bytes);
        },
        close: () => {
          this.isClosed = true;
          this.connection.closed();
        },
      },
      lab.clock.now(),
    );
  }

  bytes(bytes: Uint8Array): void {
    this.connection.receive(bytes, this.#lab.clock.now());
  }

  say(message: OfpMessageInput): void {
    this.bytes(encode(message));
  }

  /** Types of what was sent to it, and their transaction ids. */
  take(): { type: string; xid: number }[] {
    const bytes = Buffer.concat(this.#sent.splice(0));
    const messages = [];
    for (let at = 0; at < bytes.length; at += bytes.readUInt16BE(at + 2)) {
      messages.push(decode(Uint8Array.from(bytes.subarray(at, at + bytes.readUInt16BE(at + 2)))));
    }
    return messages;
  }

  /** Says hello and what a switch is asked first. */
  introduce(datapathId: bigint, ports = 2): this {
    this.say(hello(this.#version));
    return this.answer(datapathId, ports);
  }

  /** Answers what it was asked, but for questions of these types. */
  answer(datapathId: bigint, ports = 2, unanswered: readonly string[] = []): this {
    const body = Array.from({ length: ports }, (_, i) => descOf(i + 1));
    let multiparts = 0;
    for (let round = 0; round < 6; round++) {
      for (const { type, xid } of this.take()) {
        const base = { version: this.#version, xid } as const;
        if (unanswered.includes(type)) continue;
        if (type === 'featuresRequest') {
          this.say({ ...base, type: 'featuresReply', datapathId, nBuffers: 0, nTables: 254, capabilities: 0 });
        } else if (type === 'multipartRequest' && multiparts++ === 0) {
          this.say({ ...base, type: 'multipartReply', multipart: 'portDesc', body });
        } else if (type === 'multipartRequest') {
          this.say({ ...base, type: 'multipartReply', multipart: 'flow', body: [] });
        } else if (type === 'bundleControl') {
          this.say({ ...base, type: 'error', errorType: 1, code: 3, data: new Uint8Array(8) });
        } else if (type === 'barrierRequest') this.say({ ...base, type: 'barrierReply' });
        else if (type === 'echoRequest') this.say({ ...base, type: 'echoReply' });
      }
    }
    return this;
  }

  portStatus(reason: number, no: number): void {
    this.say({ type: 'portStatus', version: this.#version, xid: 0, reason, desc: descOf(no) });
  }

  roleStatus(role: number): void {
    this.say({ type: 'roleStatus', version: this.#version, xid: 0, role, reason: 0, generationId: 0n });
  }

  packetIn(inPort: number, data: Uint8Array): void {
    this.say({
      ...{
        type: 'packetIn',
        version: this.#version,
        xid: 0,
        bufferId: 0xffffffff,
        totalLen: data.length,
        reason: 0,
        tableId: 0,
      },
      ...{ cookie: 0n, match: [{ field: 'in_port', value: inPort }], data },
    });
  }
}

/** Its ports are probed until they forward. */
function settle(lab: ControllerLab, raw: RawSwitch): void {
  lab.run(500);
  raw.answer(5n);
  lab.run(400);
}

const frame = (last: number) =>
  Uint8Array.from({ length: 60 }, (_, i) => [2, 0, 0, 0, 0, 1, 2, 0, 0, last >> 16, last >> 8, last][i] ?? 0);
const warnings = (lab: ControllerLab) => lab.log.filter(({ level }) => level === 'warn');

describe('a switch that is not one', () => {
  test.each<[string, (raw: RawSwitch) => void]>([
    ['talks nonsense', (raw) => raw.bytes(Uint8Array.from({ length: 500 }, (_, i) => (i * 7) & 0xff))],
    ['says what has no length', (raw) => raw.bytes(Uint8Array.of(4, 0, 0, 4, 0, 0, 0, 0))],
    ['begins with something else than a hello', (raw) => raw.bytes(Uint8Array.of(4, 10, 0, 8, 0, 0, 0, 0))],
    ['speaks OpenFlow 1.1 alone', (raw) => raw.bytes(Uint8Array.of(2, 0, 0, 8, 0, 0, 0, 0))],
    ['stops in its hello', (raw) => raw.bytes(Uint8Array.of(4, 0, 0, 16, 0))],
    ['says nothing at all', () => {}],
    ['announces more than it sends', (raw) => raw.bytes(Uint8Array.of(4, 0, 0xff, 0xff, 0, 0, 0, 0, 1, 2, 3))],
    ['does not say what it is', (raw) => raw.say(hello(4))],
  ])('%s: it is cut off, counted, and named once', (_, misbehave) => {
    const lab = new ControllerLab();
    for (let i = 0; i < 1000; i++) {
      const raw = new RawSwitch(lab, `tcp:192.0.2.7:${1000 + i}`);
      misbehave(raw);
      if (i === 0) lab.run(11_000);
      if (!raw.isClosed) lab.run(11_000);
      expect(raw.isClosed).toBe(true);
    }
    expect(lab.controller.counters.unfinished).toBe(1000);
    expect([...lab.controller.switches]).toEqual([]);
    // One line in ten minutes, with what happened meanwhile.
    const minutes = lab.clock.now() / 600_000;
    expect(warnings(lab).length).toBeGreaterThanOrEqual(1);
    expect(warnings(lab).length).toBeLessThanOrEqual(Math.ceil(minutes) + 1);
    expect(warnings(lab)[0]).toMatchObject({ fields: { switch: 'tcp:192.0.2.7' } });
  });
});

test('messages that cannot be read are refused, counted and named once; the switch stays', () => {
  const lab = new ControllerLab();
  const raw = new RawSwitch(lab).introduce(7n);
  for (let i = 0; i < 500; i++) raw.bytes(Uint8Array.of(4, 10, 0, 12, 0, 0, 0, i & 0xff, 1, 2, 3, 4));
  expect(raw.isClosed).toBe(false);
  const [sw] = lab.controller.switches;
  expect(sw?.counters.malformed).toBe(500);
  expect(warnings(lab)).toMatchObject([{ message: 'malformed message', fields: { switch: '0000000000000007' } }]);
});

test('whatever comes after a good start, nothing throws and what is held stays small', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(35), fc.uint8Array({ maxLength: 120 })), { maxLength: 40 }), (all) => {
      const lab = new ControllerLab();
      const raw = new RawSwitch(lab).introduce(7n);
      for (const [type, body] of all) {
        const length = 8 + body.length;
        if (!raw.isClosed) raw.bytes(Uint8Array.of(4, type, length >> 8, length & 0xff, 0, 0, 0, 1, ...body));
        lab.run(20);
      }
      expect(raw.connection.queuedBytes).toBe(0);
    }),
    { numRuns: 150 },
  );
});

test('a thousand reconnects leave one switch, and few lines', () => {
  const lab = new ControllerLab();
  for (let i = 0; i < 1000; i++) {
    const raw = new RawSwitch(lab, `tcp:192.0.2.7:${1000 + i}`).introduce(9n);
    lab.run(20);
    raw.connection.closed();
  }
  expect([...lab.controller.switches]).toHaveLength(1);
  const minutes = Math.ceil(lab.clock.now() / 60_000);
  expect(lab.log.length).toBeLessThanOrEqual(12 * minutes + 2);
});

test('switches that never come back are forgotten, and not remembered without end', () => {
  const lab = new ControllerLab();
  for (let i = 1; i <= 9000; i++) new RawSwitch(lab, `tcp:192.0.2.7:${i}`).introduce(BigInt(i), 0).connection.closed();
  expect([...lab.controller.switches].length).toBe(8192);
  expect(lab.controller.counters.crowdedOut).toBe(808);
  lab.controller.tick(lab.clock.now() + 601_000);
  expect([...lab.controller.switches]).toEqual([]);
});

describe('a datapath id that turns up twice', () => {
  test('is refused to the later one, named once, as long as the first one is alive', () => {
    const lab = new ControllerLab();
    const first = new RawSwitch(lab, 'tcp:192.0.2.1:1').introduce(5n);
    for (let i = 0; i < 20; i++) {
      const second = new RawSwitch(lab, `tcp:192.0.2.2:${i}`).introduce(5n);
      expect(second.isClosed).toBe(true);
      lab.run(500);
      first.answer(5n);
    }
    expect(first.isClosed).toBe(false);
    expect(lab.controller.counters.duplicates).toBe(20);
    expect(warnings(lab)).toMatchObject([
      { message: 'a second switch with this datapath id is refused', fields: { switch: '0000000000000005' } },
    ]);
  });

  test('takes the place of one that is silent', () => {
    const lab = new ControllerLab();
    const first = new RawSwitch(lab, 'tcp:192.0.2.1:1').introduce(5n);
    lab.run(100);
    expect(new RawSwitch(lab, 'tcp:192.0.2.1:2').introduce(5n).isClosed).toBe(true);
    lab.run(3000);
    expect(first.isClosed).toBe(true);
    expect(new RawSwitch(lab, 'tcp:192.0.2.1:3').introduce(5n).isClosed).toBe(false);
  });
});

test('a port with more hosts than it may have is banned for a while, and said so to the switch', () => {
  const lab = new ControllerLab({ learning: { maxHostsPerPort: 10 } });
  const raw = new RawSwitch(lab).introduce(5n);
  settle(lab, raw);
  for (let i = 0; i < 5000; i++) raw.packetIn(1, frame(i + 1));
  const { forwarder: learning, controller } = lab.composition;
  expect([...learning.hostsOf([...controller.switches][0]!)]).toHaveLength(10);
  expect(learning.counters).toMatchObject({ learned: 10, tooMany: 4990, portsBanned: 1 });
  // The other port is none the worse for it.
  for (let i = 0; i < 10; i++) raw.packetIn(2, frame(70_000 + i));
  expect(learning.counters.learned).toBe(20);
  // Nor does it take the hosts of others.
  for (let i = 0; i < 10; i++) raw.packetIn(1, frame(70_000 + i));
  expect(learning.counters).toMatchObject({ moved: 0, tooMany: 5000 });
});

test.each(['learning', 'bounded-flood'])('a host that jumps to and fro is banned: %s', (app) => {
  const lab = new ControllerLab({ apps: [app] });
  const sw = lab.addSwitch();
  const [host, other] = [lab.addHost(sw), lab.addHost(sw)];
  other.mac.set(host.mac);
  const quiet = lab.addHost(sw);
  sw.connect();
  lab.run(1000);
  const { counters } = lab.composition.forwarder;
  const jump = (times: number) => {
    for (let i = 0; i < times; i++) {
      (i % 2 === 0 ? host : other).broadcast(i);
      lab.run(50);
    }
  };
  jump(8);
  expect(counters).toMatchObject({ moved: 5, hostsBanned: 1 });
  const [heard, { packetIns }] = [quiet.heard.length, [...lab.controller.switches][0]!.counters];
  jump(100);
  expect(quiet.heard).toHaveLength(heard);
  // Probes come in meanwhile.
  expect([...lab.controller.switches][0]!.counters.packetIns - packetIns).toBeLessThan(20);
  lab.run(11_000);
  host.broadcast(77);
  lab.run(50);
  expect(quiet.heard.at(-1)).toBe(77);
});

test('a port with more hosts than it may have is banned: bounded-flood', () => {
  const lab = new ControllerLab({ apps: ['bounded-flood'], learning: { maxHostsPerPort: 10 } });
  const sw = lab.addSwitch();
  const host = lab.addHost(sw);
  sw.connect();
  lab.run(1000);
  const speak = (times: number) => {
    for (let i = 0; i < times; i++) {
      host.mac.set([2, 0, 0, 9, i >> 8, i]);
      host.broadcast(i);
      lab.run(5);
    }
  };
  speak(20);
  const { counters } = [...lab.controller.switches][0]!;
  const before = counters.packetIns;
  speak(300);
  expect(lab.composition.forwarder.counters).toMatchObject({ learned: 10, portsBanned: 1 });
  expect(counters.packetIns - before).toBeLessThan(20);
});

test('packet-ins of ports that are not there, and too short ones, teach nothing', () => {
  const lab = new ControllerLab();
  const raw = new RawSwitch(lab).introduce(5n);
  settle(lab, raw);
  raw.packetIn(77, frame(1));
  raw.packetIn(PortNo.CONTROLLER, frame(1));
  raw.packetIn(1, new Uint8Array(13));
  raw.packetIn(
    1,
    Uint8Array.from(frame(1), (byte, i) => (i === 6 ? 3 : byte)),
  );
  expect(lab.composition.forwarder.counters).toMatchObject({ learned: 0, ignored: 4 });
});

test('probes that a host made up, or plays again, change nothing', () => {
  const lab = new ControllerLab();
  const raw = new RawSwitch(lab).introduce(5n);
  settle(lab, raw);
  const probe = frame(1);
  probe.set([0x88, 0xb5, 1], 12);
  for (let i = 0; i < 100; i++) raw.packetIn(1, probe);
  expect(lab.composition.links.counters).toMatchObject({ probesForeign: 100, probesHeard: 0 });
});

test('a frame that came in one message, and is too long for another one, is dropped and counted', () => {
  const lab = new ControllerLab();
  const raw = new RawSwitch(lab).introduce(5n, 12);
  settle(lab, raw);
  const long = new Uint8Array(65_480);
  long.set(frame(9));
  raw.packetIn(1, long);
  const [sw] = lab.controller.switches;
  expect(raw.isClosed).toBe(false);
  expect(sw?.counters.packetOutsDropped).toBe(1);
});

test('of a switch with more ports than can be told of in one message, some are used, and the others counted', () => {
  const lab = new ControllerLab();
  const raw = new RawSwitch(lab).introduce(5n, 500);
  for (let no = 501; no <= 5000; no++) raw.portStatus(PortReason.ADD, no);
  for (let i = 0; i < 10; i++) {
    lab.run(200);
    raw.answer(5n, 0);
  }
  const [sw] = lab.controller.switches;
  expect(raw.isClosed).toBe(false);
  expect(sw?.forwarding.size).toBe(3000);
  expect(sw?.counters.portsRefused).toBe(2000);
  raw.packetIn(1, frame(9));
  expect(raw.take().map(({ type }) => type)).toContain('packetOut');
  expect(sw?.counters.packetOutsDropped).toBe(0);
  // One that goes makes room.
  raw.portStatus(PortReason.DELETE, 7);
  raw.portStatus(PortReason.ADD, 5000);
  expect(sw?.ports.has(5000)).toBe(true);
  expect(sw?.counters.portsRefused).toBe(2000);
});

test('a switch that never says that it has its rules is cut off', () => {
  const lab = new ControllerLab();
  const raw = new RawSwitch(lab);
  raw.say(hello(4));
  for (let i = 0; i < 80 && !raw.isClosed; i++) {
    raw.answer(5n, 2, ['barrierRequest']);
    lab.run(1000);
  }
  expect(raw.isClosed).toBe(true);
  expect(lab.log).toMatchObject([
    { message: 'switch connected' },
    { message: 'switch disconnected', fields: { detail: 'the switch does not say that it has its rules' } },
  ]);
});

test('a switch that loses its master while it is set up is left alone until it is free again', () => {
  const lab = new ControllerLab();
  const raw = new RawSwitch(lab, 'tcp:192.0.2.1:1', 5);
  raw.say(hello(5));
  raw.answer(5n, 2, ['barrierRequest']);
  const { connection } = raw;
  expect(connection.state).toBe('setting');
  raw.roleStatus(ControllerRole.SLAVE);
  raw.answer(5n);
  expect(connection.state).toBe('standby');
  raw.roleStatus(ControllerRole.EQUAL);
  raw.roleStatus(ControllerRole.SLAVE);
  raw.answer(5n);
  expect(connection.state).toBe('standby');
  raw.roleStatus(ControllerRole.EQUAL);
  raw.answer(5n);
  expect(connection.state).toBe('ready');
});

test.each([
  [[4], [1]],
  [[1], [4]],
] as const)('a switch that speaks another version when it comes back has other rules: %j, then %j', (before, after) => {
  const lab = new ControllerLab();
  const first = lab.addSwitch(before);
  lab.addHost(first);
  first.connect();
  lab.run(1500);
  lab.hosts[0]!.broadcast(1);
  lab.run(100);
  first.disconnect();
  const second = new LabSwitch(lab, 1, after, 1);
  const [a, b] = [lab.addHost(second), lab.addHost(second)];
  second.connect();
  lab.run(1500);
  a.broadcast(7);
  lab.run(100);
  b.send(a.mac, 8);
  lab.run(100);
  expect([a.heard, b.heard]).toEqual([[8], [7]]);
  expect(lab.log.filter(({ message }) => message === 'switch disconnected')).toHaveLength(1);
});

test('a probe of another port that somebody kept, and plays again later, makes no link of that port', () => {
  const lab = new ControllerLab();
  const sw = lab.addSwitch();
  const [, b] = [lab.addHost(sw), lab.addHost(sw)];
  const kept: Uint8Array[] = [];
  b.hear = (bytes) => kept.push(bytes.slice());
  sw.connect();
  lab.run(1000);
  lab.run(100_000);
  const replay = () => {
    sw.bridge.receive(sw.bridge.ports[0]!.no, kept.slice(0, 3), lab.clock.now());
    lab.run(200);
  };
  replay();
  const { links } = lab.composition;
  expect(links.counters).toMatchObject({ probesForeign: 3, probesHeard: 0 });
  expect(links.links).toHaveLength(0);
});

test('hosts that are not there for a moment, again and again, make no cable a network of others', () => {
  const lab = new ControllerLab();
  const switches = Array.from({ length: 8 }, () => lab.addSwitch());
  for (const [i, each] of switches.slice(1).entries()) lab.link(switches[i]!, each);
  const [first, last] = [switches[0]!, switches.at(-1)!];
  const [host, other] = [lab.addHost(first), lab.addHost(last)];
  const port = first.bridge.ports.at(-1)!.no;
  for (const each of switches) each.connect();
  lab.run(1500);
  for (let i = 0; i < 4; i++) {
    host.broadcast(i);
    other.broadcast(i);
    lab.run(1500);
    // Its last frames are under way when its port goes down.
    for (let each = 0; each < 8; each++) {
      host.send(other.mac, 100 + each);
      lab.run(each === 3 ? 0 : 1);
      if (each === 3) first.bridge.setLink(port, false);
    }
    lab.run(1500);
    first.bridge.setLink(port, true);
    lab.run(1500);
  }
  expect(lab.composition.forwarder.counters.ignored).toBeGreaterThan(0);
  expect(lab.composition.links.links.some(({ to }) => to.isShared)).toBe(false);
});

test('rules for pairs of a switch with one table are bounded and counted', () => {
  const none = (): never => {
    throw new Error('nobody asks for ways');
  };
  const counters = { pairsRefused: 0, treesChanged: 0 };
  const spreading = new Spreading(new Barriers(), none, counters);
  const paired = new PairedRules(2, none, spreading, counters);
  const sw = new ManagedSwitch(1n);
  for (let i = 0; i < 70_000; i++) paired.put(sw, 2, i, { inPort: 1, out: [2] });
  expect([...paired.rulesOf(sw)]).toHaveLength(65_536);
  expect(counters.pairsRefused).toBe(70_000 - 65_536);
});
