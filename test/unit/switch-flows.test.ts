import { describe, expect, it } from 'vitest';
import {
  BadActionCode,
  BadInstructionCode,
  BadMatchCode,
  BadRequestCode,
  ErrorType,
  FlowModCommand,
  FlowModFailedCode,
  FlowModFlags,
  FlowRemovedReason,
  type Instruction,
  MeterModFailedCode,
  type OxmField,
  PortNo,
  TableNo,
} from '../../ofp/index.ts';
import { type FlowChange, type FlowEntry, FlowTables, maxFlows, OpenFlowRefusal } from '../../switch/index.ts';
import { apply, flowMod, inPort, output } from './support/switch-lab.ts';

class Tables {
  readonly removed: { readonly entry: FlowEntry; readonly reason: number }[] = [];
  readonly tables = new FlowTables((entry, reason) => this.removed.push({ entry, reason }));

  change(fields: Partial<FlowChange>, now = 0): void {
    this.tables.change(flowMod(fields), now);
  }

  all(filter: Partial<FlowChange> = {}): FlowEntry[] {
    return this.tables.select({ ...flowMod(), tableId: TableNo.ALL, ...filter });
  }

  get cookies(): bigint[] {
    return this.all()
      .map(({ cookie }) => cookie)
      .sort();
  }
}

function refusalOf(work: () => void): [number, number] {
  try {
    work();
  } catch (error) {
    if (error instanceof OpenFlowRefusal) return [error.errorType, error.errorCode];
    throw error;
  }
  throw new Error('was not refused');
}

const eth = (value: number): OxmField => ({ field: 'eth_type', value });

describe('add', () => {
  it('replaces an entry with the same match and priority, keeps its counters and starts its time anew', () => {
    const t = new Tables();
    t.change({ match: [inPort(1)], cookie: 1n }, 0);
    t.all()[0]!.packets = 5;
    t.change({ match: [inPort(1)], cookie: 2n }, 1000);
    expect(t.all()).toMatchObject([{ cookie: 2n, packets: 5, createdAt: 1000 }]);
    expect(t.removed).toEqual([]);
  });

  it('clears counters when told to', () => {
    const t = new Tables();
    t.change({});
    t.all()[0]!.packets = 5;
    t.change({ flags: FlowModFlags.RESET_COUNTS });
    expect(t.all()).toMatchObject([{ packets: 0 }]);
  });

  it('refuses an overlap only when told to, and of the same priority only', () => {
    const t = new Tables();
    t.change({ match: [eth(0x800)], priority: 7 });
    const overlapping = { match: [inPort(1)], flags: FlowModFlags.CHECK_OVERLAP };
    t.change({ ...overlapping, priority: 8 });
    expect(refusalOf(() => t.change({ ...overlapping, priority: 7 }))).toEqual([
      ErrorType.FLOW_MOD_FAILED,
      FlowModFailedCode.OVERLAP,
    ]);
    t.change({ match: [eth(0x806)], priority: 7, flags: FlowModFlags.CHECK_OVERLAP });
    // The very same match is an overlap too, though without the flag it takes the place of the old one.
    expect(refusalOf(() => t.change({ ...overlapping, priority: 8 }))[1]).toBe(FlowModFailedCode.OVERLAP);
    t.change({ ...overlapping, flags: 0, priority: 8 });
    t.change({ match: [inPort(1)], priority: 7 });
    expect(t.tables.size).toBe(4);
  });

  it('refuses more entries than there is room for, and still replaces', () => {
    const t = new Tables();
    for (let i = 0; i < maxFlows; i++) t.change({ match: [{ field: 'metadata', value: BigInt(i) }] });
    expect(refusalOf(() => t.change({ match: [inPort(1)] }))).toEqual([
      ErrorType.FLOW_MOD_FAILED,
      FlowModFailedCode.TABLE_FULL,
    ]);
    t.change({ match: [{ field: 'metadata', value: 7n }], cookie: 9n });
    expect(t.tables.size).toBe(maxFlows);
    t.change({ command: FlowModCommand.DELETE, tableId: TableNo.ALL });
    expect(t.tables.size).toBe(0);
  });
});

describe('refusals', () => {
  const bad = (fields: Partial<FlowChange>) => refusalOf(() => new Tables().change(fields));
  const badMatch = (...match: OxmField[]) => bad({ match });
  const badInstructions = (...instructions: Instruction[]) => bad({ instructions });

  it.each<[string, number, OxmField[]]>([
    ['a field twice', BadMatchCode.DUP_FIELD, [inPort(1), inPort(1)]],
    ['a missing prerequisite', BadMatchCode.BAD_PREREQ, [{ field: 'ip_proto', value: 6 }]],
    ['a prerequisite that comes later', BadMatchCode.BAD_PREREQ, [{ field: 'ip_proto', value: 6 }, eth(0x800)]],
    [
      'the wrong protocol',
      BadMatchCode.BAD_PREREQ,
      [eth(0x800), { field: 'ip_proto', value: 17 }, { field: 'tcp_src', value: 1 }],
    ],
    [
      'a priority without a tag',
      BadMatchCode.BAD_PREREQ,
      [
        { field: 'vlan_vid', value: 0 },
        { field: 'vlan_pcp', value: 1 },
      ],
    ],
    ['a mask where none may be', BadMatchCode.BAD_MASK, [{ field: 'eth_type', value: 0x800, mask: 0xff00 }]],
    ['bits outside the mask', BadMatchCode.BAD_WILDCARDS, [{ field: 'metadata', value: 3n, mask: 1n }]],
    ['a value that is too wide', BadMatchCode.BAD_VALUE, [eth(0x800), { field: 'ip_dscp', value: 64 }]],
    ['a VLAN id without PRESENT', BadMatchCode.BAD_VALUE, [{ field: 'vlan_vid', value: 5 }]],
    [
      'an unknown field',
      BadMatchCode.BAD_FIELD,
      [{ field: 'unknown', oxmClass: 0x8000, oxmField: 99, hasMask: false, data: new Uint8Array(1) }],
    ],
    ['a field of a later version', BadMatchCode.BAD_FIELD, [{ field: 'packet_type', value: 0 }]],
  ])('match: %s', (_name, code, match) => {
    expect(badMatch(...match)).toEqual([ErrorType.BAD_MATCH, code]);
  });

  it.each<[string, number, number, Instruction[]]>([
    [
      'goto the same table',
      ErrorType.BAD_INSTRUCTION,
      BadInstructionCode.BAD_TABLE_ID,
      [{ type: 'gotoTable', tableId: 0 }],
    ],
    [
      'goto no table',
      ErrorType.BAD_INSTRUCTION,
      BadInstructionCode.BAD_TABLE_ID,
      [{ type: 'gotoTable', tableId: 254 }],
    ],
    [
      'a meter that is not there',
      ErrorType.METER_MOD_FAILED,
      MeterModFailedCode.INVALID_METER,
      [{ type: 'meter', meterId: 1 }],
    ],
    [
      'an unknown one',
      ErrorType.BAD_INSTRUCTION,
      BadInstructionCode.UNKNOWN_INST,
      [{ type: 'unknown', code: 99, data: new Uint8Array(4) }],
    ],
    [
      'one twice',
      ErrorType.BAD_INSTRUCTION,
      BadInstructionCode.DUP_INST,
      [{ type: 'clearActions' }, { type: 'clearActions' }],
    ],
    ['port 0xff00', ErrorType.BAD_ACTION, BadActionCode.BAD_OUT_PORT, [apply(output(0xff00))]],
    ['the tables from a table', ErrorType.BAD_ACTION, BadActionCode.BAD_OUT_PORT, [apply(output(PortNo.TABLE))]],
    ['a group', ErrorType.BAD_ACTION, BadActionCode.BAD_OUT_GROUP, [apply({ type: 'group', groupId: 1 })]],
    [
      'an unknown action',
      ErrorType.BAD_ACTION,
      BadActionCode.BAD_TYPE,
      [apply({ type: 'unknown', code: 99, data: new Uint8Array(4) })],
    ],
    [
      'a label of another type',
      ErrorType.BAD_ACTION,
      BadActionCode.BAD_ARGUMENT,
      [apply({ type: 'pushMpls', ethertype: 0x8100 })],
    ],
    [
      'a tag of another type',
      ErrorType.BAD_ACTION,
      BadActionCode.BAD_ARGUMENT,
      [apply({ type: 'pushVlan', ethertype: 0x800 })],
    ],
    ['a pop without a tag', ErrorType.BAD_ACTION, BadActionCode.MATCH_INCONSISTENT, [apply({ type: 'popVlan' })]],
    ['a TTL of what is not IP', ErrorType.BAD_ACTION, BadActionCode.MATCH_INCONSISTENT, [apply({ type: 'decNwTtl' })]],
    [
      'a field that cannot be set',
      ErrorType.BAD_ACTION,
      BadActionCode.BAD_SET_TYPE,
      [apply({ type: 'setField', field: inPort(1) })],
    ],
    [
      'a field without its match',
      ErrorType.BAD_ACTION,
      BadActionCode.MATCH_INCONSISTENT,
      [apply({ type: 'setField', field: { field: 'ipv4_src', value: 1 } })],
    ],
  ])('instruction: %s', (_name, type, code, instructions) => {
    expect(badInstructions(...instructions)).toEqual([type, code]);
  });

  it.each<[string, number, number, Partial<FlowChange>]>([
    ['a buffer', ErrorType.BAD_REQUEST, BadRequestCode.BUFFER_UNKNOWN, { bufferId: 1 }],
    ['table 254, which is not theirs', ErrorType.BAD_REQUEST, BadRequestCode.EPERM, { tableId: 254 }],
    ['table 255', ErrorType.FLOW_MOD_FAILED, FlowModFailedCode.BAD_TABLE_ID, { tableId: 255 }],
    ['an add to all tables', ErrorType.FLOW_MOD_FAILED, FlowModFailedCode.BAD_TABLE_ID, { tableId: TableNo.ALL }],
    ['an unknown command', ErrorType.FLOW_MOD_FAILED, FlowModFailedCode.BAD_COMMAND, { command: 5 }],
    ['an unknown flag', ErrorType.FLOW_MOD_FAILED, FlowModFailedCode.BAD_FLAGS, { flags: 1 << 9 }],
  ])('%s', (_name, type, code, fields) => {
    expect(bad(fields)).toEqual([type, code]);
  });

  it('lets a tag be set after it was pushed', () => {
    const t = new Tables();
    const set: Instruction = apply(
      { type: 'pushVlan', ethertype: 0x8100 },
      { type: 'setField', field: { field: 'vlan_vid', value: 0x1005 } },
    );
    t.change({ instructions: [set] });
    t.change({ instructions: [{ ...set, type: 'writeActions' } as Instruction], tableId: 1 });
    expect(t.tables.size).toBe(2);
  });
});

describe('modify', () => {
  const setup = () => {
    const t = new Tables();
    t.change({ match: [inPort(1)], cookie: 1n, priority: 1, idleTimeout: 9 });
    t.change({ match: [inPort(1), eth(0x800)], cookie: 2n, priority: 2 });
    t.change({ match: [inPort(2)], cookie: 3n, priority: 1 });
    return t;
  };
  const changed = (t: Tables) => t.all({ outPort: 9 }).map(({ cookie }) => cookie);

  it('changes everything that is covered, and its instructions only', () => {
    const t = setup();
    t.change({ command: FlowModCommand.MODIFY, match: [inPort(1)], instructions: [apply(output(9))], cookie: 77n });
    expect(changed(t)).toEqual([1n, 2n]);
    expect(t.all()[0]).toMatchObject({ idleTimeout: 9, priority: 1 });
  });

  it('strict changes the one entry of that match and priority', () => {
    const t = setup();
    t.change({
      command: FlowModCommand.MODIFY_STRICT,
      priority: 1,
      match: [inPort(1)],
      instructions: [apply(output(9))],
    });
    expect(changed(t)).toEqual([1n]);
  });

  it('goes by cookie and mask, and adds nothing', () => {
    const t = setup();
    t.change({ command: FlowModCommand.MODIFY, cookie: 2n, cookieMask: 0xffn, instructions: [apply(output(9))] });
    t.change({ command: FlowModCommand.MODIFY, match: [inPort(5)], instructions: [apply(output(9))] });
    expect(changed(t)).toEqual([2n]);
    expect(t.tables.size).toBe(3);
  });
});

describe('delete', () => {
  const setup = () => {
    const t = new Tables();
    t.change({ match: [inPort(1)], cookie: 1n, instructions: [apply(output(5))] });
    t.change({
      match: [inPort(1), eth(0x800)],
      cookie: 2n,
      priority: 5,
      instructions: [{ type: 'writeActions', actions: [output(5)] }],
    });
    t.change({ match: [inPort(2)], cookie: 0x13n, tableId: 3 });
    return t;
  };
  const remaining = (fields: Partial<FlowChange>) => {
    const t = setup();
    t.change({ command: FlowModCommand.DELETE, tableId: TableNo.ALL, ...fields });
    expect(t.removed.every(({ reason }) => reason === FlowRemovedReason.DELETE)).toBe(true);
    expect(t.removed.length + t.tables.size).toBe(3);
    return t.cookies;
  };

  it('takes all that is covered, in one table or in all', () => {
    expect(remaining({})).toEqual([]);
    expect(remaining({ tableId: 0 })).toEqual([0x13n]);
    expect(remaining({ match: [inPort(1)] })).toEqual([0x13n]);
    expect(remaining({ match: [eth(0x800)] })).toEqual([0x13n, 1n].sort());
  });

  it('goes by cookie, output port and group', () => {
    expect(remaining({ cookie: 3n, cookieMask: 3n })).toEqual([1n, 2n]);
    expect(remaining({ outPort: 5 })).toEqual([0x13n]);
    expect(remaining({ outGroup: 5 })).toEqual([0x13n, 1n, 2n].sort());
    expect(remaining({ outPort: PortNo.ANY })).toEqual([]);
  });

  it('strict takes the one entry of that match and priority', () => {
    expect(remaining({ command: FlowModCommand.DELETE_STRICT, match: [inPort(1)] })).toEqual([0x13n, 2n]);
    expect(remaining({ command: FlowModCommand.DELETE_STRICT, match: [inPort(1)], priority: 3 })).toHaveLength(3);
  });
});

describe('expiry', () => {
  it('takes idle and hard timeouts in seconds, and use keeps an entry', () => {
    const t = new Tables();
    t.change({ match: [inPort(1)], idleTimeout: 2 }, 0);
    t.change({ match: [inPort(2)], hardTimeout: 3 }, 0);
    t.change({ match: [inPort(3)], idleTimeout: 1, hardTimeout: 9 }, 0);
    expect(t.tables.nextExpiry).toBe(1000);
    t.all().find(({ idleTimeout }) => idleTimeout === 1)!.usedAt = 1500;
    t.tables.expire(1999);
    expect(t.tables.size).toBe(3);
    t.tables.expire(2000);
    expect(t.removed).toMatchObject([{ reason: FlowRemovedReason.IDLE_TIMEOUT, entry: { idleTimeout: 2 } }]);
    t.tables.expire(3000);
    expect(t.removed.slice(1).map(({ reason }) => reason)).toEqual([
      FlowRemovedReason.IDLE_TIMEOUT,
      FlowRemovedReason.HARD_TIMEOUT,
    ]);
    expect(t.tables.nextExpiry).toBe(Infinity);
  });

  it('keeps nothing of entries that were deleted before their time', () => {
    const t = new Tables();
    for (let i = 0; i < 5000; i++) {
      t.change({ match: [inPort(1)], hardTimeout: 60_000 });
      t.change({ command: FlowModCommand.DELETE });
    }
    expect(t.tables.size).toBe(0);
    t.tables.expire(60_000_000);
    expect(t.removed).toHaveLength(5000);
  });
});

describe('a full table', () => {
  it('refuses what is new and still replaces', () => {
    const t = new Tables();
    t.tables.configure(0, { maxEntries: 2 });
    t.change({ match: [inPort(1)] });
    t.change({ match: [inPort(2)] });
    expect(refusalOf(() => t.change({ match: [inPort(3)] }))).toEqual([
      ErrorType.FLOW_MOD_FAILED,
      FlowModFailedCode.TABLE_FULL,
    ]);
    t.change({ match: [inPort(2)], cookie: 7n });
    t.change({ tableId: 1, match: [inPort(3)] });
    expect(t.tables.size).toBe(3);
  });

  it('that evicts lets the oldest of the least important go, but none more important than what comes', () => {
    const t = new Tables();
    const add = (port: number, importance: number) =>
      t.change({ match: [inPort(port)], cookie: BigInt(port), importance });
    add(1, 5);
    add(2, 3);
    t.tables.configure(0, { maxEntries: 3, evicts: true });
    add(3, 3);
    add(4, 4);
    expect(t.cookies).toEqual([1n, 3n, 4n]);
    expect(t.removed).toMatchObject([{ entry: { cookie: 2n }, reason: FlowRemovedReason.EVICTION }]);
    expect(refusalOf(() => add(5, 2))).toEqual([ErrorType.FLOW_MOD_FAILED, FlowModFailedCode.TABLE_FULL]);
    add(6, 3);
    add(7, 9);
    expect(t.cookies).toEqual([1n, 4n, 7n]);
    t.tables.configure(0, { evicts: false });
    expect(refusalOf(() => add(8, 9))).toEqual([ErrorType.FLOW_MOD_FAILED, FlowModFailedCode.TABLE_FULL]);
  });
});
