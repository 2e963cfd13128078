import { describe, expect, it } from 'vitest';
import {
  ErrorType,
  PacketInReason,
  PortConfig,
  PortModFailedCode,
  PortNo,
  PortReason,
  PortState,
} from '../../ofp/index.ts';
import { decodeFrb, FloodEngine, floodEtherType } from '../../switch/flood/index.ts';
import { floodPortNo, type PacketIn, type Port, SwitchError } from '../../switch/index.ts';
import { LinkDecoder, LinkEncoder, linkHopLimit } from '../../switch/packet/index.ts';
import { apply, BridgeLab, flowMod, frame, hex, inPort, type LabPort, mac, output } from './support/switch-lab.ts';

const self = (0x11n << 64n) | 0x22n;
const peerA = (0xaan << 64n) | 1n;
const peerB = (0xbbn << 64n) | 2n;
const broadcast = hex('ffffffffffff');

interface Sent {
  readonly mark: number;
  readonly hopLimit: number;
  readonly destination: number;
  readonly source: number;
  readonly frame: Uint8Array;
}

function records(port: LabPort): Sent[] {
  const decoder = new LinkDecoder();
  return port.sent.flatMap((message) => {
    const found: Sent[] = [];
    decoder.open(message);
    while (decoder.next()) {
      const { mark, hopLimit, destinationLo, sourceLo } = decoder;
      found.push({ mark, hopLimit, destination: destinationLo, source: sourceLo, frame: decoder.frame.slice() });
    }
    return found;
  });
}

function message(
  bytes: Uint8Array,
  fields: { mark?: number; hopLimit?: number; destination?: number; source?: number } = {},
): Uint8Array {
  const encoder = new LinkEncoder();
  const { mark = 0, hopLimit = linkHopLimit, destination = 0x11, source = 0xcc } = fields;
  encoder.append(
    { mark, hopLimit, destinationHi: 0, destinationLo: destination, sourceHi: 0, sourceLo: source },
    bytes,
  );
  return encoder.take()[0]!.slice();
}

function faultOf(work: () => void): string {
  try {
    work();
  } catch (error) {
    if (error instanceof SwitchError) return error.code;
    throw error;
  }
  return 'none';
}

describe('ports', () => {
  it('numbers leaves from 1 and peers from 1001, and does not use a number again soon', () => {
    const lab = new BridgeLab();
    const [one, two] = [lab.leaf().no, lab.leaf().no];
    const peer = lab.peer(peerA).no;
    expect([one, two, peer]).toEqual([1, 2, 1001]);
    lab.bridge.removePort(one);
    lab.bridge.removePort(peer);
    expect([lab.leaf().no, lab.peer(peerA).no]).toEqual([3, 1002]);
    expect(lab.bridge.ports.map(({ no }) => no)).toEqual([2, 3, 1002]);
  });

  it('has the flood port when it has an engine', () => {
    const lab = new BridgeLab({ selfId: self, flood: new FloodEngine({ self, epoch: 1 }) });
    expect(lab.bridge.ports).toMatchObject([{ no: floodPortNo, kind: 'flood', name: 'flood' }]);
    expect(faultOf(() => lab.bridge.removePort(floodPortNo))).toBe('SWITCH_NO_SUCH_PORT');
  });

  it('refuses names and addresses that OpenFlow has no room for', () => {
    const { bridge } = new BridgeLab();
    const add = (name: string, address = mac(1)) =>
      faultOf(() => bridge.addPort({ name, mac: address, kind: 'leaf', send: () => 0 }, 0));
    expect([
      add('tap0'),
      add('tap0'),
      add(''),
      add('sixteen_letters_'),
      add('a b'),
      add('x', new Uint8Array(5)),
    ]).toEqual([
      'none',
      'SWITCH_PORT_TAKEN',
      'SWITCH_PORT_NAME',
      'SWITCH_PORT_NAME',
      'SWITCH_PORT_NAME',
      'SWITCH_PORT_MAC',
    ]);
  });

  it('runs out of leaf numbers with an error', () => {
    const lab = new BridgeLab();
    for (let i = 0; i < 1000; i++) lab.leaf();
    expect(faultOf(() => lab.leaf())).toBe('SWITCH_PORTS_FULL');
    lab.bridge.removePort(500);
    expect(lab.leaf().no).toBe(500);
  });

  it('tells of additions, changes and removals', () => {
    const lab = new BridgeLab();
    const { no } = lab.leaf();
    lab.bridge.setLink(no, false);
    lab.bridge.setLink(no, false);
    lab.bridge.removePort(no);
    const told = lab.eventsNamed('portStatus').map(([port, reason]) => [(port as Port).no, reason]);
    expect(told).toEqual([
      [no, PortReason.ADD],
      [no, PortReason.MODIFY],
      [no, PortReason.DELETE],
    ]);
  });

  it('counts what a sink does not take as dropped', () => {
    const lab = new BridgeLab();
    const [a, b, c] = [lab.leaf(), lab.leaf(), lab.peer(peerA)];
    lab.flow({ instructions: [apply(output(b.no), output(c.no))] });
    b.capacity = 1;
    c.capacity = 1;
    const big = new Uint8Array(1000).fill(2, 0, 12);
    lab.bridge.receive(a.no, [big, big, big], 0);
    expect(lab.bridge.port(a.no)!.counters).toMatchObject({ rxPackets: 3, rxBytes: 3000 });
    expect(lab.bridge.port(b.no)!.counters).toMatchObject({ txPackets: 1, txBytes: 1000, txDropped: 2 });
    expect(lab.bridge.port(c.no)!.counters).toMatchObject({ txPackets: 1, txBytes: 1000, txDropped: 2 });
  });

  it('counts runts as errors and frames for ports that are gone as nothing', () => {
    const lab = new BridgeLab();
    const { no } = lab.leaf();
    lab.bridge.receive(no, [new Uint8Array(13)], 0);
    expect(lab.bridge.port(no)!.counters).toMatchObject({ rxPackets: 1, rxErrors: 1 });
    lab.bridge.receive(77, [frame(mac(1), mac(2))], 0);
  });

  it('refuses to be called from a sink, and goes on afterwards', () => {
    const { bridge } = new BridgeLab();
    let fault = '';
    const no: number = bridge.addPort(
      {
        name: 'echo',
        mac: mac(1),
        kind: 'leaf',
        send: (batch) => {
          fault = faultOf(() => bridge.receive(no, batch, 0));
          return 1;
        },
      },
      0,
    );
    bridge.changeFlows(flowMod({ instructions: [apply(output(PortNo.IN_PORT))] }), 0);
    bridge.receive(no, [frame(mac(1), mac(2))], 0);
    expect(fault).toBe('SWITCH_REENTERED');
    bridge.receive(no, [], 0);
  });
});

it('holds up no other port when a sink throws', () => {
  const lab = new BridgeLab();
  const [a, b] = [lab.leaf(), lab.leaf()];
  const broken = lab.bridge.addPort(
    {
      name: 'broken',
      mac: mac(9),
      kind: 'leaf',
      send: () => {
        throw new Error('broken');
      },
    },
    0,
  );
  lab.flow({ instructions: [apply(output(b.no), output(broken))] });
  expect(() => lab.bridge.receive(a.no, [frame(mac(1), mac(2))], 0)).toThrow('broken');
  expect(b.sent).toHaveLength(1);
  lab.bridge.removePort(broken);
  lab.bridge.receive(a.no, [frame(mac(1), mac(2))], 0);
  expect(b.sent).toHaveLength(2);
});

it('refuses a description that OpenFlow has no room for', () => {
  expect(faultOf(() => new BridgeLab({ description: 'x'.repeat(255) }))).toBe('none');
  expect(faultOf(() => new BridgeLab({ description: 'ä'.repeat(128) }))).toBe('SWITCH_DESCRIPTION');
});

describe('port-mod', () => {
  const setup = () => {
    const lab = new BridgeLab();
    const [a, b] = [lab.leaf(), lab.leaf()];
    lab.flow({ instructions: [apply(output(PortNo.FLOOD), output(PortNo.CONTROLLER))] });
    const change = (port: LabPort, config: number) =>
      lab.bridge.changePort({ portNo: port.no, hwAddr: lab.bridge.port(port.no)!.mac, config, mask: 0xffffffff });
    return { lab, a, b, change };
  };

  it.each([
    ['PORT_DOWN at the way in', 0, PortConfig.PORT_DOWN, 0, 0],
    ['NO_RECV at the way in', 0, PortConfig.NO_RECV, 0, 0],
    ['NO_PACKET_IN at the way in', 0, PortConfig.NO_PACKET_IN, 1, 0],
    ['PORT_DOWN at the way out', 1, PortConfig.PORT_DOWN, 0, 1],
    ['NO_FWD at the way out', 1, PortConfig.NO_FWD, 0, 1],
    ['NO_FLOOD at the way out', 1, PortConfig.NO_FLOOD, 0, 1],
    ['nothing', 1, 0, 1, 1],
  ])('%s', (_name, which, config, sent, told) => {
    const { lab, a, b, change } = setup();
    change(which === 0 ? a : b, config);
    lab.bridge.receive(a.no, [frame(broadcast, mac(1))], 0);
    expect(b.sent).toHaveLength(sent);
    expect(lab.eventsNamed('packetIn')).toHaveLength(told);
  });

  it('shows in the state, and refuses what is wrong', () => {
    const { lab, a, change } = setup();
    expect(lab.bridge.port(a.no)!.state).toBe(PortState.LIVE);
    change(a, PortConfig.PORT_DOWN);
    expect(lab.bridge.port(a.no)!.state).toBe(0);
    expect(() => change(a, 1 << 20)).toThrow(
      expect.objectContaining({ errorType: ErrorType.PORT_MOD_FAILED, errorCode: PortModFailedCode.BAD_CONFIG }),
    );
    const wrong = (portNo: number) => () => lab.bridge.changePort({ portNo, hwAddr: mac(0x99), config: 0, mask: 0 });
    expect(wrong(a.no)).toThrow(expect.objectContaining({ errorCode: PortModFailedCode.BAD_HW_ADDR }));
    expect(wrong(99)).toThrow(expect.objectContaining({ errorCode: PortModFailedCode.BAD_PORT }));
  });
});

describe('pipeline', () => {
  it('drops what no entry matches', () => {
    const lab = new BridgeLab();
    const [a, b] = [lab.leaf(), lab.leaf()];
    lab.bridge.receive(a.no, [frame(mac(1), mac(2))], 0);
    expect(b.sent).toEqual([]);
    expect(lab.bridge.flows.table(0)).toMatchObject({ lookups: 1, matched: 0 });
  });

  it('takes the highest priority, and counts packets, bytes and use', () => {
    const lab = new BridgeLab();
    const [a, b, c] = [lab.leaf(), lab.leaf(), lab.leaf()];
    lab.flow({ priority: 1, match: [inPort(a.no)], instructions: [apply(output(b.no))] });
    lab.flow({ priority: 2, match: [{ field: 'eth_src', value: mac(2) }], instructions: [apply(output(c.no))] });
    lab.bridge.receive(a.no, [frame(mac(1), mac(2)), frame(mac(1), mac(3))], 7);
    expect([b.sent.length, c.sent.length]).toEqual([1, 1]);
    for (const entry of lab.bridge.flows.entries()) expect(entry).toMatchObject({ packets: 1, bytes: 60, usedAt: 7 });
  });

  it('never sends back to where a frame came from, but with IN_PORT', () => {
    const lab = new BridgeLab();
    const a = lab.leaf();
    lab.flow({ instructions: [apply(output(a.no), output(PortNo.ALL), output(PortNo.FLOOD))] });
    lab.bridge.receive(a.no, [frame(mac(1), mac(2))], 0);
    expect(a.sent).toEqual([]);
    lab.flow({ instructions: [apply(output(PortNo.IN_PORT))] });
    lab.bridge.receive(a.no, [frame(mac(1), mac(2))], 0);
    expect(a.sent).toHaveLength(1);
  });

  it('carries metadata and rewritten fields to later tables', () => {
    const lab = new BridgeLab();
    const [a, b] = [lab.leaf(), lab.leaf()];
    lab.flow({
      instructions: [
        apply({ type: 'setField', field: { field: 'eth_dst', value: mac(9) } }),
        { type: 'writeMetadata', metadata: 0xffff_0000_0000_00ffn, metadataMask: 0xff00_0000_0000_000fn },
        { type: 'gotoTable', tableId: 5 },
      ],
    });
    lab.flow({
      tableId: 5,
      match: [
        { field: 'eth_dst', value: mac(9) },
        { field: 'metadata', value: 0xff00_0000_0000_000fn },
      ],
      instructions: [apply(output(b.no))],
    });
    lab.bridge.receive(a.no, [frame(mac(1), mac(2))], 0);
    expect(b.sent).toHaveLength(1);
  });

  it('runs the action set at the end, in its own order, one action of a kind', () => {
    const lab = new BridgeLab();
    const [a, b, c] = [lab.leaf(), lab.leaf(), lab.leaf()];
    const push = { type: 'pushVlan', ethertype: 0x8100 } as const;
    const vid = (id: number) => ({ type: 'setField', field: { field: 'vlan_vid', value: 0x1000 | id } }) as const;
    lab.flow({
      instructions: [
        { type: 'writeActions', actions: [output(b.no), vid(5), push] },
        { type: 'gotoTable', tableId: 1 },
      ],
    });
    lab.flow({ tableId: 1, instructions: [{ type: 'writeActions', actions: [output(c.no)] }] });
    lab.bridge.receive(a.no, [frame(mac(1), mac(2))], 0);
    expect(b.sent).toEqual([]);
    expect(Buffer.from(c.sent[0]!.subarray(12, 18)).toString('hex')).toBe('8100000588b6');
    lab.flow({ tableId: 1, instructions: [{ type: 'clearActions' }] });
    lab.bridge.receive(a.no, [frame(mac(1), mac(2))], 0);
    expect(c.sent).toHaveLength(1);
  });

  it('tells controllers with reason, table, cookie and length', () => {
    const lab = new BridgeLab();
    const a = lab.leaf();
    lab.flow({ priority: 0, cookie: 7n, instructions: [apply(output(PortNo.CONTROLLER, 20))] });
    lab.flow({
      priority: 1,
      match: [{ field: 'eth_src', value: mac(3) }],
      instructions: [{ type: 'gotoTable', tableId: 2 }],
    });
    lab.flow({ tableId: 2, cookie: 8n, instructions: [apply(output(PortNo.CONTROLLER))] });
    lab.bridge.receive(a.no, [frame(mac(1), mac(2)), frame(mac(1), mac(3))], 0);
    expect(lab.eventsNamed('packetIn')).toMatchObject([
      [{ reason: PacketInReason.NO_MATCH, tableId: 0, cookie: 7n, inPort: a.no, maxLen: 20 }],
      [{ reason: PacketInReason.ACTION, tableId: 2, cookie: 8n, inPort: a.no, maxLen: 0xffff }],
    ]);
  });

  it('drops fragments when told to', () => {
    const lab = new BridgeLab();
    const [a, b] = [lab.leaf(), lab.leaf()];
    lab.flow({ instructions: [apply(output(b.no))] });
    const fragment = Uint8Array.of(
      ...mac(1),
      ...mac(2),
      ...hex('0800 4500 0014 0001 2000 40 11 0000 0a000001 0a000002'),
    );
    lab.bridge.receive(a.no, [fragment], 0);
    lab.bridge.setFragments(1);
    lab.bridge.receive(a.no, [fragment, frame(mac(1), mac(2))], 0);
    expect(b.sent).toHaveLength(2);
    expect(lab.bridge.counters.fragments).toBe(1);
  });
});

describe('packet-out', () => {
  const out = (lab: BridgeLab, port: number, target: number) =>
    lab.bridge.packetOut(
      { bufferId: 0xffffffff, inPort: port, actions: [output(target)], data: frame(broadcast, mac(1)) },
      0,
    );

  it('may come from no port at all', () => {
    const lab = new BridgeLab();
    const a = lab.leaf();
    out(lab, 0, a.no);
    out(lab, 0, PortNo.IN_PORT);
    lab.bridge.packetOut({ bufferId: 0xffffffff, inPort: 0, actions: [], data: new Uint8Array() }, 0);
    expect(a.sent).toHaveLength(1);
  });

  it('goes through the tables, to all ports, and refuses ports that cannot be', () => {
    const lab = new BridgeLab();
    const [a, b] = [lab.leaf(), lab.leaf()];
    lab.flow({ match: [inPort(a.no)], instructions: [apply(output(b.no))] });
    out(lab, a.no, PortNo.TABLE);
    out(lab, PortNo.CONTROLLER, PortNo.ALL);
    expect([a.sent.length, b.sent.length]).toEqual([1, 2]);
    expect(() => out(lab, PortNo.FLOOD, a.no)).toThrow(expect.objectContaining({ errorType: ErrorType.BAD_REQUEST }));
    expect(() => out(lab, PortNo.CONTROLLER, PortNo.ANY)).toThrow(
      expect.objectContaining({ errorType: ErrorType.BAD_ACTION }),
    );
    lab.bridge.packetOut(
      { bufferId: 0xffffffff, inPort: PortNo.CONTROLLER, actions: [output(a.no)], data: new Uint8Array(3) },
      0,
    );
    expect(a.sent).toHaveLength(1);
  });
});

describe('NORMAL', () => {
  const setup = () => {
    const lab = new BridgeLab();
    const ports = [lab.leaf(), lab.leaf(), lab.leaf()] as const;
    lab.flow({ priority: 0, instructions: [apply(output(PortNo.NORMAL))] });
    const counts = () => ports.map(({ sent }) => sent.length);
    return { lab, ports, counts };
  };

  it('floods what it does not know and learns', () => {
    const { lab, ports, counts } = setup();
    lab.bridge.receive(ports[0].no, [frame(mac(2), mac(1))], 0);
    expect(counts()).toEqual([0, 1, 1]);
    lab.bridge.receive(ports[1].no, [frame(mac(1), mac(2))], 0);
    expect(counts()).toEqual([1, 1, 1]);
    lab.bridge.receive(ports[0].no, [frame(mac(1), mac(3))], 0);
    expect(counts()).toEqual([1, 1, 1]);
    lab.bridge.setLink(ports[1].no, false);
    lab.bridge.receive(ports[0].no, [frame(mac(2), mac(1))], 0);
    expect(counts()).toEqual([1, 1, 2]);
  });

  it('forwards nothing to 01:80:c2:00:00:0x', () => {
    const { lab, ports, counts } = setup();
    lab.bridge.receive(ports[0].no, [frame(hex('0180c2000000'), mac(1))], 0);
    expect(counts()).toEqual([0, 0, 0]);
  });

  it('lets addresses age', () => {
    const { lab, ports, counts } = setup();
    lab.bridge.receive(ports[1].no, [frame(broadcast, mac(2))], 0);
    expect(lab.bridge.nextTick()).toBe(300_000);
    lab.bridge.tick(300_000);
    expect(lab.bridge.macs.size).toBe(0);
    lab.bridge.receive(ports[0].no, [frame(mac(2), mac(1))], 300_001);
    expect(counts()).toEqual([1, 1, 2]);
  });
});

describe('NORMAL with VLANs', () => {
  const tagged = (bytes: Uint8Array, tag: number) =>
    Uint8Array.of(...bytes.subarray(0, 12), 0x81, 0, tag >> 8, tag & 0xff, ...bytes.subarray(12));
  const setup = () => {
    const lab = new BridgeLab();
    const ports = {
      access10: lab.leaf({ tag: 10 }),
      other10: lab.leaf({ tag: 10 }),
      access20: lab.leaf({ tag: 20 }),
      trunk: lab.leaf({ trunks: new Set([10, 20]) }),
      native: lab.leaf({ tag: 20, trunks: new Set([10]) }),
      plain: lab.leaf(),
    };
    lab.flow({ priority: 0, instructions: [apply(output(PortNo.NORMAL))] });
    /** What every port sent since the last look. */
    const sent = () =>
      Object.fromEntries(
        Object.entries(ports).flatMap(([name, port]) => {
          const frames = port.sent.splice(0);
          return frames.length === 0 ? [] : [[name, frames]];
        }),
      );
    const receive = (name: keyof typeof ports, bytes: Uint8Array) => {
      lab.bridge.receive(ports[name].no, [bytes], 0);
      return sent();
    };
    return { lab, receive };
  };
  const bytes = frame(broadcast, mac(1));
  const in10 = tagged(bytes, 10);
  const in20 = tagged(bytes, 20);

  it('tags what comes from access ports where it is to have a tag', () => {
    const { receive } = setup();
    expect(receive('access10', bytes)).toEqual({ other10: [bytes], trunk: [in10], native: [in10], plain: [in10] });
    expect(receive('native', bytes)).toEqual({ access20: [bytes], trunk: [in20], plain: [in20] });
    expect(receive('trunk', in20)).toEqual({ access20: [bytes], native: [bytes], plain: [in20] });
    expect(receive('plain', in10)).toEqual({ access10: [bytes], other10: [bytes], trunk: [in10], native: [in10] });
    expect(receive('plain', bytes)).toEqual({});
  });

  it('keeps the priority of a tag', () => {
    const { receive } = setup();
    const urgent = tagged(bytes, 0xa00a);
    expect(receive('access10', tagged(bytes, 0xa000))).toEqual({
      other10: [bytes],
      trunk: [urgent],
      native: [urgent],
      plain: [urgent],
    });
  });

  it('drops and counts what may not come in', () => {
    const { lab, receive } = setup();
    expect(receive('access10', in10)).toEqual({});
    expect(receive('trunk', bytes)).toEqual({});
    expect(receive('trunk', tagged(bytes, 30))).toEqual({});
    expect(lab.bridge.counters.wrongVlan).toBe(3);
  });

  it('knows a host by its VLAN', () => {
    const { receive } = setup();
    receive('trunk', tagged(frame(broadcast, mac(2)), 10));
    const there = frame(mac(2), mac(1));
    expect(receive('access10', there)).toEqual({ trunk: [tagged(there, 10)] });
    expect(Object.keys(receive('access20', there))).toEqual(['trunk', 'native', 'plain']);
  });
});

describe('peer ports', () => {
  it('sends to the switch that tunnel_id names, from this one', () => {
    const lab = new BridgeLab({ selfId: self });
    const [a, p] = [lab.leaf(), lab.peer(peerA)];
    lab.flow({
      instructions: [apply({ type: 'setField', field: { field: 'tunnel_id', value: 0x77n } }, output(p.no))],
    });
    const bytes = frame(mac(1), mac(2));
    lab.bridge.receive(a.no, [bytes, bytes], 0);
    expect(p.sent).toHaveLength(1);
    const expected = { mark: 0, hopLimit: linkHopLimit, destination: 0x77, source: 0x11, frame: bytes };
    expect(records(p)).toEqual([expected, expected]);
  });

  it('shows source and destination switch of what comes in, and passes the source on with one hop less', () => {
    const lab = new BridgeLab({ selfId: self });
    const [p, q] = [lab.peer(peerA), lab.peer(peerB)];
    lab.flow({
      match: [
        { field: 'metadata', value: 0xccn },
        { field: 'tunnel_id', value: 0x99n },
      ],
      instructions: [apply(output(q.no), output(PortNo.CONTROLLER))],
    });
    lab.bridge.receive(p.no, [message(frame(mac(1), mac(2)), { destination: 0x99, hopLimit: 5 })], 0);
    expect(records(q)).toMatchObject([{ hopLimit: 4, destination: 0x99, source: 0xcc }]);
    const [[event]] = lab.eventsNamed('packetIn') as [[PacketIn]];
    expect(event).toMatchObject({ metadata: [0, 0xcc], tunnelId: [0, 0x99] });
  });

  it('shows a mark that a link brought as pkt_mark, and passes on what rules make of it', () => {
    const lab = new BridgeLab({ selfId: self });
    const [p, q] = [lab.peer(peerA), lab.peer(peerB)];
    const remark = (from: number, to: number) =>
      lab.flow({
        match: [{ field: 'pkt_mark', value: from }],
        instructions: [apply({ type: 'setField', field: { field: 'pkt_mark', value: to } }, output(q.no))],
      });
    for (const [from, to] of [
      [0, 3],
      [1, 1],
      [2, 0],
      [3, 4],
    ] as const)
      remark(from, to);
    for (const mark of [1, 0, 2, 3]) lab.bridge.receive(p.no, [message(frame(mac(1), mac(2)), { mark })], 0);
    // What no link can carry is left out.
    expect(records(q).map(({ mark }) => mark)).toEqual([1, 3, 0, 0]);
  });

  it('drops and counts what has gone too far, but delivers it here', () => {
    const lab = new BridgeLab({ selfId: self });
    const [p, q, a] = [lab.peer(peerA), lab.peer(peerB), lab.leaf()];
    lab.flow({ instructions: [apply(output(q.no), output(a.no))] });
    lab.bridge.receive(p.no, [message(frame(mac(1), mac(2)), { hopLimit: 1 })], 0);
    lab.bridge.receive(p.no, [message(frame(mac(1), mac(2)), { hopLimit: 0 })], 0);
    expect(records(q)).toEqual([]);
    expect(a.sent).toHaveLength(2);
    expect(lab.bridge.counters.hopLimit).toBe(2);
  });

  it('counts messages that make no sense', () => {
    const lab = new BridgeLab();
    const p = lab.peer(peerA);
    lab.bridge.receive(p.no, [hex('10'), new Uint8Array(0)], 0);
    expect(lab.bridge.counters.linkMalformed).toBe(1);
    expect(lab.bridge.port(p.no)!.counters.rxErrors).toBe(1);
  });

  it('uses the newest of two links to one peer', () => {
    const lab = new BridgeLab({ selfId: self, flood: new FloodEngine({ self, epoch: 1 }) });
    const [a, older, newer] = [lab.leaf(), lab.peer(peerA), lab.peer(peerA)];
    lab.flow({ instructions: [apply(output(floodPortNo))] });
    lab.bridge.receive(a.no, [frame(broadcast, mac(1))], 0);
    lab.bridge.removePort(newer.no);
    lab.bridge.receive(a.no, [frame(broadcast, mac(1))], 0);
    expect([older.sent.length, newer.sent.length]).toEqual([1, 1]);
  });
});

describe('the flood port', () => {
  const node = (id: bigint) => {
    const lab = new BridgeLab({ selfId: id, flood: new FloodEngine({ self: id, epoch: 1 }) });
    // Floods of leaves begin here, those of peers go on, and what is in them goes to the leaves.
    lab.flow({
      priority: 10,
      match: [inPort(floodPortNo)],
      instructions: [apply(output(PortNo.ALL), output(PortNo.CONTROLLER))],
    });
    lab.flow({ priority: 0, instructions: [apply(output(floodPortNo))] });
    return lab;
  };

  it('carries a broadcast over a peer to its leaves, with the root as metadata', () => {
    const [lab, other] = [node(self), node(peerA)];
    const [a, toOther] = [lab.leaf(), lab.peer(peerA)];
    const [fromFirst, leaf] = [other.peer(self), other.leaf()];
    const bytes = frame(broadcast, mac(1), 9);
    lab.bridge.receive(a.no, [bytes], 0);
    const [copy] = records(toOther);
    expect(copy).toMatchObject({ destination: 0, source: 0x11, hopLimit: linkHopLimit });
    expect(decodeFrb(copy!.frame)).toMatchObject({ root: self, inner: bytes });

    other.bridge.receive(fromFirst.no, toOther.sent, 0);
    other.bridge.receive(fromFirst.no, toOther.sent, 0);
    expect(leaf.sent).toEqual([bytes]);
    expect(other.eventsNamed('packetIn')).toMatchObject([
      [{ inPort: floodPortNo, metadata: [0, 0x11], tunnelId: [0, 0] }],
    ]);
    expect(other.bridge.port(floodPortNo)!.counters).toMatchObject({ rxPackets: 1, txPackets: 2 });
  });

  it('accepts floods from peers only, and from peers only floods', () => {
    const lab = node(self);
    const [a, p] = [lab.leaf(), lab.peer(peerA)];
    lab.bridge.receive(a.no, [frame(broadcast, mac(1), 0, floodEtherType)], 0);
    lab.bridge.receive(p.no, [message(frame(broadcast, mac(1)))], 0);
    expect(p.sent).toEqual([]);
    expect(lab.bridge.counters.floodMisuse).toBe(2);
  });

  it('starts no flood out of a flood', () => {
    const [lab, other] = [node(self), node(peerA)];
    const [a, toOther] = [lab.leaf(), lab.peer(peerA)];
    const [fromFirst, third] = [other.peer(self), other.peer(peerB)];
    other.flow({
      priority: 20,
      match: [inPort(floodPortNo)],
      instructions: [apply(output(PortNo.IN_PORT), output(floodPortNo), output(PortNo.FLOOD))],
    });
    lab.bridge.receive(a.no, [frame(broadcast, mac(1))], 0);
    other.bridge.receive(fromFirst.no, toOther.sent, 0);
    expect(records(third).length).toBeLessThanOrEqual(1);
    expect(other.bridge.counters.floodMisuse).toBe(1);
  });
});
