import { describe, expect, it } from 'vitest';
import {
  BadMatchCode,
  BadRequestCode,
  Capabilities,
  ErrorType,
  FlowModCommand,
  FlowModFlags,
  type OfpVersion,
  type OxmField,
  PacketInReason,
  PortNo,
  PortState,
  QueueOpFailedCode,
} from '../../ofp/index.ts';
import type { ConnectionKind } from '../../switch/index.ts';
import { agentLab, TestController } from './support/agent-lab.ts';
import { apply, flowMod, frame, hex, inPort, mac, output } from './support/switch-lab.ts';

const versions: readonly OfpVersion[] = [1, 4, 5, 6];
const change = (fields = {}) =>
  ({ type: 'flowMod', ...flowMod(fields), match: flowMod(fields).match.slice() }) as const;
const eth = (last: number): OxmField => ({ field: 'eth_src', value: mac(last) });

function setup(version: OfpVersion) {
  const { lab, agent } = agentLab();
  return { lab, agent, controller: new TestController(agent, version) };
}

describe('what a switch is', () => {
  it('has its ports in the features of 1.0, and in a multipart message later', () => {
    const { controller, lab } = setup(1);
    lab.leaf();
    controller.take();
    expect(controller.ask({ type: 'featuresRequest' })).toMatchObject({
      type: 'featuresReply',
      actions: 0xfff,
      ports: [{ portNo: 1, state: 0 }],
      capabilities: Capabilities.FLOW_STATS | Capabilities.TABLE_STATS | Capabilities.PORT_STATS | 0xc0,
    });
    expect(controller.ask({ type: 'multipartRequest', multipart: 'portDesc', body: {} })).toMatchObject({
      body: [{ portNo: 1 }],
    });
  });

  it.each(versions)('describes ports as version %i does', (version) => {
    const { controller, lab } = setup(version);
    const { no } = lab.leaf();
    expect(controller.events('portStatus')).toMatchObject([{ reason: 0, desc: { portNo: no, name: 'p1' } }]);
    lab.bridge.setLink(no, false);
    const [status] = controller.events('portStatus');
    expect(status?.desc.state).toBe(PortState.LINK_DOWN);
  });

  it.each(versions)('counts in version %i', (version) => {
    const { controller, lab } = setup(version);
    const { no } = lab.leaf();
    lab.bridge.receive(no, [frame(mac(1), mac(2))], 0);
    controller.take();
    expect(
      controller.ask({ type: 'multipartRequest', multipart: 'portStats', body: { portNo: PortNo.ANY } }),
    ).toMatchObject({ body: [{ portNo: no, rxPackets: 1n, rxBytes: 60n, rxDropped: 0n }] });
    expect(controller.ask({ type: 'multipartRequest', multipart: 'table' })).toMatchObject({ type: 'multipartReply' });
    const aggregate = controller.ask({ type: 'multipartRequest', multipart: 'aggregate', body: { match: [] } });
    expect(aggregate).toMatchObject(
      version === 6 ? { body: { stats: [{ field: 'flow_count', value: 0 }, {}, {}] } } : { body: { flowCount: 0 } },
    );
  });

  it('passes on what the device of a port counts', () => {
    const { controller, lab } = setup(5);
    lab.bridge.addPort(
      { kind: 'leaf', name: 'dev', mac: mac(7), send: () => 0, ownCounters: () => ({ crc: 258, 'too long': 1 }) },
      0,
    );
    controller.take();
    const data = [0, 0, 0, 2, 3, ...Buffer.from('crc'), 0, 0, 0, 0, 0, 0, 1, 2];
    data.push(8, ...Buffer.from('too long'), 0, 0, 0, 0, 0, 0, 0, 1);
    // Filled up to whole words.
    data.push(0, 0, 0);
    expect(data.length % 4).toBe(0);
    expect(
      controller.ask({ type: 'multipartRequest', multipart: 'portStats', body: { portNo: PortNo.ANY } }),
    ).toMatchObject({
      body: [{ properties: [{ type: 'ethernet' }, { type: 'experimenter', expType: 2, data: Uint8Array.from(data) }] }],
    });
  });

  it.each(versions)('has one queue in version %i', (version) => {
    const { controller, lab } = setup(version);
    const { no } = lab.leaf();
    controller.take();
    expect(controller.ask({ type: 'multipartRequest', multipart: 'queue', body: { portNo: no } })).toMatchObject({
      body: [{ portNo: no, queueId: 0, txPackets: 0xffff_ffff_ffff_ffffn }],
    });
    const wrong = { type: 'multipartRequest', multipart: 'queue', body: { portNo: no, queueId: 5 } } as const;
    expect(controller.errorOf(wrong)).toEqual(
      version === 1 ? [5, QueueOpFailedCode.BAD_QUEUE] : [ErrorType.QUEUE_OP_FAILED, QueueOpFailedCode.BAD_QUEUE],
    );
  });

  it.each([4, 5, 6] as const)('says what its tables can do again and again in version %i', (version) => {
    const { controller } = setup(version);
    const ask = () => {
      const xid = controller.send({ type: 'multipartRequest', multipart: 'tableFeatures', body: [] });
      const parts = controller.take();
      expect(new Set(parts.map((part) => part.xid))).toEqual(new Set([xid]));
      return parts.flatMap((part) => {
        if (part.type !== 'multipartReply' || part.multipart !== 'tableFeatures') throw new Error(part.type);
        return part.body;
      });
    };
    const first = ask();
    expect(first).toHaveLength(254);
    expect(ask()).toEqual(first);
  });

  it.each([5, 6] as const)('says how its tables are set in version %i', (version) => {
    const { controller } = setup(version);
    const properties = [{ type: 'vacancy', vacancyDown: 20, vacancyUp: 80, vacancy: 0 }] as const;
    controller.tell({ type: 'tableMod', tableId: 3, config: 0xc, properties: [...properties] });
    controller.send({ type: 'multipartRequest', multipart: 'tableDesc' });
    const parts = controller.events('multipartReply');
    const tables = parts.flatMap((part) => (part.multipart === 'tableDesc' ? part.body : []));
    expect(tables).toHaveLength(254);
    expect(tables[3]).toMatchObject({
      config: 0xc,
      properties: [{ type: 'eviction' }, { vacancyDown: 20, vacancy: 100 }],
    });
  });
});

describe('flow-mods', () => {
  it.each([
    [1, true, true],
    [2, true, false],
    [4, false, false],
    [6, false, false],
  ] as const)('modify in version %i: adds what is missing %s, changes cookies %s', (version, adds, recookies) => {
    const { controller, lab } = setup(version);
    controller.tell(change({ command: FlowModCommand.MODIFY, cookie: 7n, match: [inPort(1)] }));
    expect(lab.bridge.flows.size).toBe(adds ? 1 : 0);
    controller.tell(change({ command: FlowModCommand.ADD, cookie: 8n, match: [inPort(2)] }));
    controller.tell(
      change({ command: FlowModCommand.MODIFY, cookie: 9n, match: [inPort(2)], instructions: [apply(output(3))] }),
    );
    const entry = [...lab.bridge.flows.entries()].find(
      ({ match: { fields, mask, values } }) => fields[0]!.field === 'in_port' && values[mask.words.indexOf(1)] === 2,
    );
    expect(entry?.cookie).toBe(recookies ? 9n : 8n);
    expect(entry?.instructions).toEqual([apply({ type: 'output', port: 3, maxLen: expect.any(Number) })]);
  });

  it('of 1.0 have no tables unless it was agreed that they do', () => {
    const { controller, lab } = setup(1);
    controller.tell({ type: 'nxFlowModTableId', set: 1 });
    controller.tell({ ...change({ match: [inPort(1)] }), command: 5 << 8 });
    expect(lab.bridge.flows.table(5)?.entries.size).toBe(1);
    controller.tell({ ...change(), command: (0xff << 8) | FlowModCommand.DELETE });
    expect(lab.bridge.flows.size).toBe(0);
    controller.tell({ type: 'nxFlowModTableId', set: 0 });
    controller.tell(change({ match: [inPort(1)] }));
    expect(lab.bridge.flows.table(0)?.entries.size).toBe(1);
  });

  it('of 1.0 without wildcards come before all others', () => {
    const { controller, lab } = setup(1);
    const match: OxmField[] = [
      inPort(1),
      { field: 'eth_dst', value: mac(1) },
      { field: 'eth_src', value: mac(2) },
      { field: 'eth_type', value: 0x0800 },
      { field: 'vlan_vid', value: 0x1005 },
      { field: 'vlan_pcp', value: 3 },
      { field: 'ip_dscp', value: 1 },
      { field: 'ip_proto', value: 6 },
      { field: 'ipv4_src', value: 1 },
      { field: 'ipv4_dst', value: 2 },
      { field: 'tcp_src', value: 3 },
      { field: 'tcp_dst', value: 4 },
    ];
    controller.tell(change({ match, priority: 7 }));
    expect([...lab.bridge.flows.entries()].map(({ priority }) => priority)).toEqual([0xffff]);
  });

  it('of 1.0 change headers by actions that came to be set-field', () => {
    const { controller, lab } = setup(1);
    const [a, b] = [lab.leaf(), lab.leaf()];
    controller.tell(
      change({
        instructions: [apply({ type: 'setDlSrc', dlAddr: mac(9) }, { type: 'enqueue', port: b.no, queueId: 0 })],
      }),
    );
    lab.bridge.receive(a.no, [frame(mac(1), mac(2))], 0);
    expect(b.sent).toEqual([frame(mac(1), mac(9))]);
    expect(controller.ask({ type: 'multipartRequest', multipart: 'flow', body: { match: [] } })).toMatchObject({
      body: [{ instructions: [{ actions: [{ type: 'setDlSrc' }, { type: 'experimenter' }, { type: 'output' }] }] }],
    });
  });

  it('of 1.0 set other fields by loads: whole ones are set-field to others', () => {
    const { agent } = agentLab();
    const [first, later] = [new TestController(agent, 1), new TestController(agent, 4)];
    const address = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
    const fields: OxmField[] = [
      { field: 'ipv6_src', value: address },
      { field: 'tunnel_id', value: 0x123456789an },
      { field: 'ipv6_flabel', value: 0x12345 },
    ];
    const match: OxmField[] = [{ field: 'eth_type', value: 0x86dd }];
    later.tell(
      change({ match, instructions: [apply(...fields.map((field) => ({ type: 'setField', field }) as const))] }),
    );
    const told = first.ask({ type: 'multipartRequest', multipart: 'nxFlow', body: {} });
    const [flow] = told.type === 'multipartReply' && told.multipart === 'nxFlow' ? told.body : [];
    const [list] = flow!.instructions;
    expect(list).toMatchObject({ actions: Array(4).fill({ type: 'experimenter' }) });
    first.tell({ type: 'nxFlowMod', command: FlowModCommand.ADD, priority: 7, match, instructions: [list!] });
    expect(later.ask({ type: 'multipartRequest', multipart: 'flow', body: { match: [] } })).toMatchObject({
      body: [0, 1].map(() => ({ instructions: [{ actions: fields.map((field) => ({ field })) }] })),
    });
    const half = (list as { actions: unknown[] }).actions.slice(0, 1) as never[];
    first.tell(change({ priority: 9, match, instructions: [apply(...half)] }));
    expect(later.ask({ type: 'multipartRequest', multipart: 'flow', body: { match: [] } })).toMatchObject({
      body: [{}, {}, { priority: 9, instructions: [{ actions: [{ type: 'experimenter' }] }] }],
    });
  });

  it('of Nicira select by cookie', () => {
    const { controller, lab } = setup(1);
    const nx = { type: 'nxFlowMod', priority: 5, instructions: [] } as const;
    for (const [i, cookie] of [1n, 1n, 2n].entries()) {
      controller.tell({ ...nx, command: FlowModCommand.ADD, cookie, match: [inPort(i)], instructions: [] });
    }
    controller.tell({
      ...nx,
      command: FlowModCommand.DELETE,
      match: [{ field: 'nxm_cookie', value: 1n }],
      instructions: [],
    });
    expect([...lab.bridge.flows.entries()].map(({ cookie }) => cookie)).toEqual([2n]);
    expect(controller.ask({ type: 'multipartRequest', multipart: 'nxFlow', body: {} })).toMatchObject({
      body: [{ cookie: 2n, match: [inPort(2)], idleAge: 1, hardAge: 1 }],
    });
  });

  it.each(versions)('show in version %i', (version) => {
    const { controller } = setup(version);
    controller.tell(
      change({ match: [eth(1)], cookie: 5n, instructions: [apply(output(2))], flags: FlowModFlags.SEND_FLOW_REM }),
    );
    const multipart = version === 6 ? ('flowDesc' as const) : ('flow' as const);
    expect(controller.ask({ type: 'multipartRequest', multipart, body: { match: [] } }, 1500)).toMatchObject({
      body: [
        {
          cookie: 5n,
          priority: 100,
          match: [eth(1)],
          instructions: [{ type: 'applyActions' }],
          ...(version === 6
            ? { stats: [{ field: 'duration', value: [1, 500_000_000] }, {}, {}, {}] }
            : { durationSec: 1, durationNsec: 500_000_000 }),
        },
      ],
    });
    controller.tell(change({ command: FlowModCommand.DELETE }));
    controller.tell(change({ match: [eth(1)], flags: FlowModFlags.SEND_FLOW_REM }));
    controller.send(change({ command: FlowModCommand.DELETE }));
    expect(controller.events('flowRemoved')).toMatchObject([{ reason: 2, match: [eth(1)] }]);
  });
});

describe('flows that an earlier version has no words for', () => {
  it('are told in Nicira actions, or without what cannot be told', () => {
    const { agent } = agentLab();
    const [later, first] = [new TestController(agent, 4), new TestController(agent, 1)];
    const ip6: OxmField = { field: 'ipv6_flabel', value: 5 };
    const match: OxmField[] = [inPort(1), { field: 'eth_type', value: 0x86dd }, ip6];
    const actions = [output(7), { type: 'pushVlan', ethertype: 0x8100 } as const, output(8)];
    later.tell({
      ...change({ match, instructions: [apply(...actions), { type: 'gotoTable', tableId: 5 }] }),
      match,
    });
    later.tell(change({ tableId: 9, instructions: [{ type: 'writeMetadata', metadata: 1n, metadataMask: 3n }] }));
    const told = first.ask({ type: 'multipartRequest', multipart: 'nxFlow', body: {} });
    expect(told).toMatchObject({
      body: [
        { match, instructions: [{ actions: [{ port: 7 }, { port: 8 }, { type: 'experimenter' }] }] },
        { instructions: [{ actions: [{ type: 'experimenter' }] }] },
      ],
    });
    expect(first.ask({ type: 'multipartRequest', multipart: 'flow', body: { match: [] } })).toMatchObject({
      body: [{ match: [inPort(1), { field: 'eth_type' }] }, { match: [] }],
    });
    expect(first.closed).toBeUndefined();
  });
});

describe('packets', () => {
  it.each(versions)('come in as in version %i', (version) => {
    const { controller, lab } = setup(version);
    const { no } = lab.leaf();
    lab.flow({ instructions: [apply(output(PortNo.CONTROLLER, 20))], cookie: 3n });
    controller.take();
    lab.bridge.receive(no, [frame(mac(1), mac(2))], 0);
    expect(controller.events('packetIn')).toMatchObject([
      { reason: 1, totalLen: 60, match: [inPort(no)], data: frame(mac(1), mac(2)).subarray(0, 20) },
    ]);
  });

  it.each([
    [1, 'nxPacketIn'],
    [2, 'nxPacketIn2'],
  ] as const)('come in in format %i', (format, type) => {
    const { controller, lab } = setup(1);
    const { no } = lab.leaf();
    lab.flow({ instructions: [apply(output(PortNo.CONTROLLER, 20))], cookie: 3n });
    controller.tell({ type: 'nxSetPacketInFormat', format });
    controller.take();
    lab.bridge.receive(no, [frame(mac(1), mac(2))], 0);
    expect(controller.events(type)).toHaveLength(1);
    expect(controller.errorOf({ type: 'nxSetPacketInFormat', format: 9 })).toEqual([1, BadRequestCode.EPERM]);
  });

  it('come in at the controllers that an action means, with what it gives along and registers', () => {
    const { agent, lab } = agentLab();
    const { no } = lab.leaf();
    const [other, meant] = [new TestController(agent, 1), new TestController(agent, 1)];
    meant.tell({ type: 'nxSetControllerId', controllerId: 8 });
    meant.tell({ type: 'nxSetPacketInFormat', format: 2 });
    const data = hex('0025 000000000000 0001 0006 0008 0000 0003 0007 010203 00');
    const action = { type: 'experimenter', experimenter: 0x2320, data } as const;
    const mark: OxmField = { field: 'pkt_mark', value: 0xaa };
    lab.bridge.changeOptions(0, [{ optionClass: 1, optionType: 1, optionLen: 4, index: 3 }]);
    const option: OxmField = { field: 'tun_metadata3', value: Uint8Array.of(0, 0, 1, 2) };
    lab.flow({ instructions: [apply({ type: 'setField', field: mark }, { type: 'setField', field: option }, action)] });
    for (const each of [other, meant]) each.take();
    lab.bridge.receive(no, [frame(mac(1), mac(2))], 0);
    expect(other.take()).toEqual([]);
    const [told] = meant.events('nxPacketIn2');
    expect(told!.properties).toContainEqual({ type: 'userdata', data: Uint8Array.of(1, 2, 3) });
    expect(told!.properties).toContainEqual({ type: 'metadata', fields: [inPort(no), mark, option] });
  });

  it('go out with the port in the match of 1.5', () => {
    const { controller, lab } = setup(6);
    const { no, sent } = lab.leaf();
    const data = frame(mac(1), mac(2));
    controller.tell({ type: 'packetOut', match: [inPort(PortNo.CONTROLLER)], actions: [output(no)], data });
    expect(sent).toEqual([data]);
  });

  it('go out with the fields that no packet has, and with those only', () => {
    const { controller, lab } = setup(6);
    const { no, sent } = lab.leaf();
    const match: OxmField[] = [inPort(no), { field: 'packet_type', value: 0 }, { field: 'reg3', value: 7 }];
    lab.flow({ match: [match[2]!], instructions: [apply(output(PortNo.IN_PORT))] });
    const data = frame(mac(1), mac(2));
    const message = { type: 'packetOut' as const, actions: [output(PortNo.TABLE)], data };
    controller.tell({ ...message, match });
    expect(sent).toHaveLength(1);
    const refused = (field: OxmField) => controller.errorOf({ ...message, match: [inPort(no), field] })[1];
    expect(refused(eth(0x800))).toBe(BadRequestCode.PIPELINE_FIELDS_ONLY);
    expect(refused({ field: 'packet_type', value: 0x1_0800 })).toBe(BadRequestCode.BAD_PACKET);
  });
});

describe('errors', () => {
  const bad = change({ match: [{ field: 'ip_dscp', value: 1 }] });

  it('have the numbers of their version', () => {
    expect(setup(4).controller.errorOf(bad)).toEqual([ErrorType.BAD_MATCH, BadMatchCode.BAD_PREREQ]);
    const { controller } = setup(1);
    controller.tell(change({ match: [inPort(1)] }));
    expect(controller.errorOf(change({ flags: FlowModFlags.CHECK_OVERLAP, match: [eth(1)] }))).toEqual([3, 1]);
  });

  it('are told by Nicira where 1.0 has no word', () => {
    const { controller } = setup(1);
    const answer = controller.ask({ ...change({ command: 9 }) });
    expect(answer).toMatchObject({ type: 'error', errorType: 3, code: 4 });
    const unknown = controller.ask({ type: 'multipartRequest', multipart: 'portStats', body: { portNo: 77 } });
    expect(unknown).toMatchObject({ type: 'error', errorType: 0xb0c2, code: 0 });
    expect(unknown.type === 'error' && unknown.data.subarray(0, 8)).toEqual(
      Uint8Array.of(0, 0, 0x23, 0x20, 0, 1, 2, 2),
    );
  });

  it('of roles: Nicira asks for them in 1.0', () => {
    const { agent } = agentLab();
    const [first, second] = [new TestController(agent, 1), new TestController(agent, 1)];
    expect(first.ask({ type: 'nxRoleRequest', role: 1 })).toMatchObject({ type: 'nxRoleReply', role: 1 });
    expect(second.ask({ type: 'nxRoleRequest', role: 1 })).toMatchObject({ type: 'nxRoleReply', role: 1 });
    expect(first.errorOf(change())).toEqual([ErrorType.BAD_REQUEST, BadRequestCode.EPERM]);
  });
});

it.each<[string, OfpVersion, ConnectionKind, number]>([
  ['a controller of 1.3 hears of invalid TTLs', 4, 'controller', 1],
  ['a controller of 1.4 does not until it asks', 5, 'controller', 0],
  ['nor does a tool', 4, 'service', 0],
])('at first %s', (_name, version, kind, count) => {
  const { lab, agent } = agentLab();
  const controller = new TestController(agent, version, kind);
  if (kind === 'service') controller.connection.missSendLen = 128;
  const { no } = lab.leaf();
  lab.flow({ match: [{ field: 'eth_type', value: 0x800 }], instructions: [apply({ type: 'decNwTtl' })] });
  controller.take();
  const expired = frame(mac(1), mac(2), 0, 0x800);
  expired.set([0x45, 0, 0, 20, 0, 0, 0, 0, 1, 59], 14);
  lab.bridge.receive(no, [expired], 0);
  const packetIns = controller.events('packetIn');
  expect(packetIns.map(({ reason }) => reason)).toEqual(Array(count).fill(PacketInReason.INVALID_TTL));
});

it.each([5, 6] as const)('asynchronous messages are chosen by properties in version %i', (version) => {
  const { controller, lab } = setup(version);
  controller.tell({ type: 'setAsync', properties: [{ type: 'portStatusMaster', mask: 2 }] });
  const reply = controller.ask({ type: 'getAsyncRequest' });
  expect(reply.type === 'getAsyncReply' && reply.properties).toContainEqual({ type: 'portStatusMaster', mask: 2 });
  expect(reply.type === 'getAsyncReply' && reply.properties?.length).toBe(version === 5 ? 12 : 16);
  lab.bridge.removePort(lab.leaf().no);
  expect(controller.events('portStatus')).toMatchObject([{ reason: 1 }]);
});

it.each([5, 6] as const)('tells how full a table is in version %i', (version) => {
  const { controller, lab } = setup(version);
  lab.bridge.configureTable(2, { maxEntries: 10 });
  controller.tell({ type: 'setAsync', properties: [{ type: 'tableStatusMaster', mask: 0x18 }] });
  const properties = [{ type: 'vacancy', vacancyDown: 20, vacancyUp: 50, vacancy: 0 } as const];
  controller.tell({ type: 'tableMod', tableId: 2, config: 8, properties });
  for (let i = 0; i < 9; i++) controller.send(change({ tableId: 2, match: [inPort(i + 1)] }));
  expect(controller.events('tableStatus')).toMatchObject([{ reason: 3, table: { tableId: 2 } }]);
  controller.send(change({ tableId: 2, match: [inPort(10)] }));
  expect(controller.events('tableStatus')).toEqual([]);
  controller.send(change({ tableId: 2, command: FlowModCommand.DELETE }));
  expect(controller.events('tableStatus')).toMatchObject([
    { reason: 4, table: { properties: [{}, { vacancy: 100 }] } },
  ]);
});

it('tells the controllers of 1.5 of one another', () => {
  const { agent, controller } = setup(6);
  controller.tell({ type: 'setAsync', properties: [{ type: 'controllerStatusMaster', mask: 0x7f }] });
  const other = new TestController(agent, 4);
  expect(controller.events('controllerStatus')).toMatchObject([
    { status: { shortId: 2, reason: 3, channelStatus: 0 } },
  ]);
  expect(controller.ask({ type: 'multipartRequest', multipart: 'controllerStatus' })).toMatchObject({
    body: [{ shortId: 1 }, { shortId: 2 }],
  });
  expect(
    controller.ask({
      type: 'multipartRequest',
      multipart: 'bundleFeatures',
      body: { featureRequestFlags: 0, properties: [] },
    }),
  ).toMatchObject({
    body: { capabilities: 3 },
  });
  other.connection.closed();
  expect(controller.events('controllerStatus')).toMatchObject([
    { status: { shortId: 2, reason: 4, channelStatus: 1 } },
  ]);
});
