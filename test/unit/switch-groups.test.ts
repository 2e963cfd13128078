import { describe, expect, it } from 'vitest';
import {
  type Action,
  BadActionCode,
  BucketNo,
  ErrorType,
  FlowRemovedReason,
  GroupModCommand,
  GroupModFailedCode,
  GroupNo,
  GroupType,
  type Bucket as OfpBucket,
  PacketInReason,
  PortNo,
} from '../../ofp/index.ts';
import { type GroupChange, OpenFlowRefusal } from '../../switch/index.ts';
import { apply, BridgeLab, frame, hex, inPort, type LabPort, mac, output } from './support/switch-lab.ts';

function bucket(actions: Action[], fields: Partial<OfpBucket> = {}): OfpBucket {
  return { weight: 0, watchPort: PortNo.ANY, watchGroup: GroupNo.ANY, actions, ...fields };
}

function group(fields: Partial<GroupChange> = {}): GroupChange {
  return { command: GroupModCommand.ADD, groupType: GroupType.ALL, groupId: 1, buckets: [], ...fields };
}

const toGroup = (groupId: number): Action => ({ type: 'group', groupId });

function refusalOf(work: () => void): [number, number] {
  try {
    work();
  } catch (error) {
    if (error instanceof OpenFlowRefusal) return [error.errorType, error.errorCode];
    throw error;
  }
  throw new Error('was not refused');
}

/** A bridge of four ports whose port 1 sends to group 1. */
class GroupLab extends BridgeLab {
  readonly ports: LabPort[] = [this.leaf(), this.leaf(), this.leaf(), this.leaf()];

  group(fields: Partial<GroupChange>, now = 0): void {
    this.bridge.changeGroups(group(fields), now);
  }

  send(...frames: Uint8Array[]): void {
    this.bridge.receive(1, frames, 0);
  }

  /** Frames that left each port. */
  get sent(): number[] {
    return this.ports.map(({ sent }) => sent.length);
  }
}

const one = frame(mac(2), mac(1));

describe('an ALL group', () => {
  it('gives every bucket a copy of its own, but not the port that the frame came from', () => {
    const lab = new GroupLab();
    const retag: Action = { type: 'setField', field: { field: 'eth_src', value: mac(9) } };
    lab.group({ buckets: [bucket([retag, output(2)]), bucket([output(3)]), bucket([output(1)])] });
    lab.flow({ instructions: [apply(toGroup(1), output(4))] });
    lab.send(one);
    expect(lab.sent).toEqual([0, 1, 1, 1]);
    expect(lab.ports.slice(1).map(({ sent }) => sent[0]![11])).toEqual([9, 1, 1]);
  });

  it('runs each bucket as an action set: in order, one of a kind, a group instead of an output', () => {
    const lab = new GroupLab();
    lab.group({ groupId: 2, buckets: [bucket([output(3)])] });
    const actions: Action[] = [
      output(2),
      toGroup(2),
      { type: 'setField', field: { field: 'vlan_vid', value: 0x1005 } },
      { type: 'pushVlan', ethertype: 0x8100 },
    ];
    lab.group({ buckets: [bucket(actions)] });
    lab.flow({ instructions: [apply(toGroup(1))] });
    lab.send(one);
    expect(lab.sent).toEqual([0, 0, 1, 0]);
    expect([...lab.ports[2]!.sent[0]!.subarray(12, 16)]).toEqual([0x81, 0, 0, 5]);
  });

  it('takes watches that a controller leaves 0 for none, and describes them as they came', () => {
    const lab = new GroupLab();
    const buckets = [bucket([output(2)], { watchPort: 0, watchGroup: 0 })];
    lab.group({ groupId: 0, buckets });
    lab.group({ groupId: 3, groupType: GroupType.SELECT, buckets: [{ ...buckets[0]!, weight: 1 }] });
    lab.flow({ instructions: [apply(toGroup(0), toGroup(3))] });
    lab.send(one);
    expect(lab.sent).toEqual([0, 2, 0, 0]);
    expect(lab.bridge.groupDesc(0)).toMatchObject([{ buckets: [{ watchPort: 0, watchGroup: 0, properties: [] }] }]);
  });

  it('counts packets and bytes, references and time', () => {
    const lab = new GroupLab();
    lab.group({ groupId: 2, buckets: [bucket([output(3)])] }, 0);
    lab.group({ buckets: [bucket([output(2)]), bucket([toGroup(2)])] }, 500);
    lab.flow({ match: [inPort(1)], instructions: [apply(toGroup(1))] });
    lab.flow({ match: [inPort(2)], instructions: [{ type: 'writeActions', actions: [toGroup(1)] }] });
    lab.send(one, one);
    expect(lab.bridge.groupStats(GroupNo.ALL, 1750)).toEqual([
      {
        groupId: 1,
        refCount: 2,
        packetCount: 2n,
        byteCount: 120n,
        durationSec: 1,
        durationNsec: 250e6,
        bucketStats: [
          { packetCount: 2n, byteCount: 120n },
          { packetCount: 2n, byteCount: 120n },
        ],
      },
      expect.objectContaining({ groupId: 2, refCount: 1, packetCount: 2n, durationSec: 1, durationNsec: 750e6 }),
    ]);
    expect(lab.bridge.groupStats(7, 0)).toEqual([]);
  });
});

it('tells controllers that a group sent them a packet', () => {
  const lab = new GroupLab();
  lab.group({ groupType: GroupType.INDIRECT, buckets: [bucket([output(PortNo.CONTROLLER)])] });
  lab.flow({ instructions: [apply(toGroup(1), output(PortNo.CONTROLLER))] });
  lab.send(one);
  expect(lab.eventsNamed('packetIn')).toMatchObject([
    [{ reason: PacketInReason.ACTION, cause: PacketInReason.GROUP }],
    [{ reason: PacketInReason.ACTION, cause: PacketInReason.ACTION }],
  ]);
});

describe('a SELECT group', () => {
  const tcp = (flow: number, ttl = 64): Uint8Array => {
    const ip = hex('4500 0028 0001 0000 40 06 0000 0a000000 0a000002 0000 0050 00000001 00000002 5010 0000 0000 0000');
    ip[8] = ttl;
    ip.set([10, flow >> 16, flow >> 8, flow], 12);
    ip.set([flow >> 8, flow], 20);
    return Uint8Array.of(...mac(2), ...mac(1), 8, 0, ...ip);
  };

  it.each([[[1, 1]], [[1, 3]], [[5, 2, 3]]])(
    'keeps weights %j within 10 %% over flows, and a flow in its bucket',
    (weights) => {
      const lab = new GroupLab();
      lab.group({
        groupType: GroupType.SELECT,
        buckets: weights.map((weight, i) => bucket([output(i + 2)], { weight })),
      });
      lab.flow({ instructions: [apply(toGroup(1))] });
      const flows = 10_000;
      for (let flow = 0; flow < flows; flow++) lab.send(tcp(flow));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const first = lab.sent;
      weights.forEach((weight, i) => {
        const wanted = (flows * weight) / total;
        expect(Math.abs(first[i + 1]! - wanted)).toBeLessThan(wanted / 10);
      });
      for (let flow = 0; flow < flows; flow++) lab.send(tcp(flow, 63));
      expect(lab.sent).toEqual(first.map((count) => 2 * count));
    },
  );

  it('spreads flows that differ by their addresses of the link layer only', () => {
    const lab = new GroupLab();
    lab.group({ groupType: GroupType.SELECT, buckets: [2, 3].map((to) => bucket([output(to)], { weight: 1 })) });
    lab.flow({ instructions: [apply(toGroup(1))] });
    for (let host = 0; host < 2000; host++) {
      const same = tcp(1);
      same.set([host >> 8, host], 10);
      lab.send(same);
    }
    expect(Math.abs(lab.sent[1]! - 1000)).toBeLessThan(100);
  });

  it('passes over buckets of weight 0 and of a port or group that is down, and moves only their flows', () => {
    const lab = new GroupLab();
    lab.group({
      groupId: 2,
      groupType: GroupType.FF,
      buckets: [bucket([], { watchPort: 4 })],
    });
    lab.group({
      groupType: GroupType.SELECT,
      buckets: [
        bucket([output(2)], { weight: 1, watchPort: 2 }),
        bucket([output(3)], { weight: 1, watchGroup: 2 }),
        bucket([output(4)], { weight: 1, watchPort: 4 }),
        bucket([output(1)], { weight: 0 }),
      ],
    });
    lab.flow({ instructions: [apply(toGroup(1))] });
    const where = () =>
      Array.from({ length: 300 }, (_, flow) => {
        const before = lab.sent;
        lab.send(tcp(flow));
        return lab.sent.findIndex((count, i) => count > before[i]!) + 1;
      });
    const all = where();
    expect(new Set(all)).toEqual(new Set([2, 3, 4]));
    lab.bridge.setLink(2, false);
    const without = where();
    expect(new Set(without)).toEqual(new Set([3, 4]));
    expect(without.filter((port, flow) => all[flow] !== 2 && port !== all[flow])).toEqual([]);
    lab.bridge.setLink(4, false);
    expect(new Set(where())).toEqual(new Set([0]));
    lab.bridge.setLink(2, true);
    lab.bridge.setLink(4, true);
    expect(where()).toEqual(all);
  });
});

it('a FAST FAILOVER group takes the first bucket that is live, at once', () => {
  const lab = new GroupLab();
  lab.group({
    groupType: GroupType.FF,
    buckets: [2, 3, 4].map((port) => bucket([output(port)], { watchPort: port })),
  });
  lab.flow({ instructions: [apply(toGroup(1))] });
  lab.send(one);
  lab.bridge.setLink(2, false);
  lab.send(one);
  lab.bridge.removePort(3);
  lab.send(one);
  lab.bridge.setLink(2, true);
  lab.send(one);
  lab.bridge.changePort({ portNo: 2, hwAddr: mac(0xf2), config: 1, mask: 1 });
  lab.send(one);
  expect(lab.sent).toEqual([0, 2, 1, 2]);
});

it('passes a port by whose link is late while another bucket will do, and not when none does', () => {
  const lab = new GroupLab();
  for (const [groupId, groupType, weight] of [
    [1, GroupType.FF, 0],
    [2, GroupType.SELECT, 1],
  ] as const) {
    lab.group({ groupId, groupType, buckets: [2, 3].map((no) => bucket([output(no)], { weight, watchPort: no })) });
  }
  lab.flow({ instructions: [apply(toGroup(1), toGroup(2))] });
  const sent = () => {
    const before = lab.sent;
    lab.send(one);
    return lab.sent.map((count, i) => count - before[i]!);
  };
  lab.bridge.setLate(2, true);
  expect(sent()).toEqual([0, 0, 2, 0]);
  lab.bridge.setLate(3, true);
  const [, second, third] = sent();
  expect(second).toBeGreaterThan(0);
  expect(second! + third!).toBe(2);
  lab.bridge.setLate(2, false);
  expect(sent()).toEqual([0, 2, 0, 0]);
  lab.bridge.setLink(2, false);
  expect(sent()).toEqual([0, 0, 2, 0]);
});

it('takes a bucket without a watch that was inserted as the last resort', () => {
  const lab = new GroupLab();
  lab.group({ groupType: GroupType.FF, buckets: [bucket([output(2)], { watchPort: 2 })] });
  lab.group({
    command: GroupModCommand.INSERT_BUCKET,
    commandBucketId: BucketNo.LAST,
    buckets: [bucket([output(3)], { bucketId: 7 })],
  });
  lab.flow({ instructions: [apply(toGroup(1))] });
  lab.send(one);
  lab.bridge.setLink(2, false);
  lab.send(one);
  expect(lab.sent).toEqual([0, 1, 1, 0]);
});

describe('a group-mod', () => {
  const failed = (code: number) => [ErrorType.GROUP_MOD_FAILED, code];
  const bad = (change: Partial<GroupChange>, ...before: Partial<GroupChange>[]) => {
    const lab = new GroupLab();
    for (const each of before) lab.group(each);
    const kept = lab.bridge.groupDesc(GroupNo.ALL);
    const refusal = refusalOf(() => lab.group(change));
    expect(lab.bridge.groupDesc(GroupNo.ALL)).toEqual(kept);
    return refusal;
  };
  const { SELECT, INDIRECT, FF, ALL } = GroupType;
  const code = GroupModFailedCode;
  const out = [bucket([output(2)])];
  const unfilled = bucket([output(2)], { watchPort: 0, watchGroup: 0 });
  const ids = (...wanted: number[]) => wanted.map((bucketId) => bucket([output(2)], { bucketId }));
  const insert = { command: GroupModCommand.INSERT_BUCKET };
  const remove = { command: GroupModCommand.REMOVE_BUCKET };

  it.each<[string, number, Partial<GroupChange>, Partial<GroupChange>[]]>([
    ['that adds a group again', code.GROUP_EXISTS, {}, [{}]],
    ['of a reserved number', code.INVALID_GROUP, { groupId: GroupNo.ALL }, []],
    ['of an indirect group of two', code.INVALID_GROUP, { groupType: INDIRECT, buckets: [...out, ...out] }, []],
    ['of an indirect group of none', code.INVALID_GROUP, { groupType: INDIRECT }, []],
    ['with a weight where none counts', code.INVALID_GROUP, { buckets: [bucket([], { weight: 1 })] }, []],
    ['of buckets that all weigh nothing', code.INVALID_GROUP, { groupType: SELECT, buckets: [...out, ...out] }, []],
    ['of a failover bucket whose watches are left 0', code.INVALID_GROUP, { groupType: FF, buckets: [unfilled] }, []],
    ['of a failover bucket without a watch', code.INVALID_GROUP, { groupType: FF, buckets: out }, []],
    ['with a watch where all get it', code.WATCH_UNSUPPORTED, { buckets: [bucket([], { watchPort: 1 })] }, []],
    ['that watches no port', code.BAD_WATCH, { groupType: FF, buckets: [bucket([], { watchPort: PortNo.ALL })] }, []],
    [
      'that watches no group',
      code.BAD_WATCH,
      { groupType: FF, buckets: [bucket([], { watchGroup: GroupNo.ALL })] },
      [],
    ],
    ['of an unknown type', code.BAD_TYPE, { groupType: 9 }, []],
    ['of an unknown command', code.BAD_COMMAND, { command: 77 }, []],
    ['that changes no group', code.UNKNOWN_GROUP, { command: GroupModCommand.MODIFY }, []],
    ['that inserts into no group', code.UNKNOWN_GROUP, { ...insert, buckets: out }, []],
    ['that removes from no group', code.UNKNOWN_GROUP, { ...remove, commandBucketId: BucketNo.ALL }, []],
    ['with a bucket twice', code.BUCKET_EXISTS, { buckets: ids(3, 3) }, []],
    [
      'with a bucket that is there',
      code.BUCKET_EXISTS,
      { ...insert, commandBucketId: 0xfffffffe, buckets: ids(3) },
      [{ buckets: ids(3) }],
    ],
    [
      'behind a bucket that is not there',
      code.UNKNOWN_BUCKET,
      { ...insert, commandBucketId: 9, buckets: ids(4) },
      [{ buckets: ids(3) }],
    ],
    [
      'that inserts at no place',
      code.BAD_BUCKET,
      { ...insert, commandBucketId: BucketNo.ALL, buckets: ids(4) },
      [{ buckets: ids(3) }],
    ],
    [
      'that removes a bucket that is not there',
      code.UNKNOWN_BUCKET,
      { ...remove, commandBucketId: 9 },
      [{ buckets: ids(3) }],
    ],
    ['with a bucket id out of range', code.BAD_BUCKET, { buckets: ids(BucketNo.ALL) }, []],
    [
      'that sends a group to itself',
      code.LOOP,
      { command: GroupModCommand.MODIFY, buckets: [bucket([toGroup(1)])] },
      [{}],
    ],
    [
      'that closes a loop',
      code.LOOP,
      { command: GroupModCommand.MODIFY, buckets: [bucket([toGroup(3)])] },
      [{}, { groupId: 2, buckets: [bucket([toGroup(1)])] }, { groupId: 3, buckets: [bucket([toGroup(2)])] }],
    ],
    [
      'that makes groups watch each other',
      code.LOOP,
      { command: GroupModCommand.MODIFY, groupType: FF, buckets: [bucket([], { watchGroup: 2 })] },
      [{ groupType: ALL }, { groupId: 2, groupType: FF, buckets: [bucket([], { watchGroup: 1 })] }],
    ],
    [
      'that deletes a group which another sends to',
      code.CHAINED_GROUP,
      { command: GroupModCommand.DELETE },
      [{ groupType: SELECT }, { groupId: 2, buckets: [bucket([toGroup(1)])] }],
    ],
  ])('%s is refused and changes nothing', (_name, expected, change, before) => {
    expect(bad(change, ...before)).toEqual(failed(expected));
  });

  it('with actions that make no sense is refused as they are', () => {
    expect(bad({ buckets: [bucket([toGroup(9)])] })).toEqual([ErrorType.BAD_ACTION, BadActionCode.BAD_OUT_GROUP]);
    expect(bad({ buckets: [bucket([output(0xff00)])] })).toEqual([ErrorType.BAD_ACTION, BadActionCode.BAD_OUT_PORT]);
  });

  it('refuses more groups and more buckets than there is room for', () => {
    const lab = new GroupLab();
    const many = (length: number) => Array.from({ length }, () => bucket([]));
    for (let id = 0; id < 16; id++) lab.group({ groupId: id, buckets: many(4096) });
    expect(refusalOf(() => lab.group({ groupId: 99, buckets: many(1) }))).toEqual(failed(code.OUT_OF_BUCKETS));
    for (let id = 16; id < 16_384; id++) lab.group({ groupId: id });
    expect(refusalOf(() => lab.group({ groupId: 99_999 }))).toEqual(failed(code.OUT_OF_GROUPS));
  });

  it('ends chains that are too long', () => {
    const lab = new GroupLab();
    lab.group({ groupId: 0, buckets: out });
    expect(
      refusalOf(() => {
        for (let id = 1; id < 99; id++) lab.group({ groupId: id, buckets: [bucket([toGroup(id - 1)])] });
      }),
    ).toEqual(failed(code.CHAINING_UNSUPPORTED));
  });

  it('modifies at once, keeps the counts of the group and starts those of the buckets anew', () => {
    const lab = new GroupLab();
    lab.group({ buckets: out }, 0);
    lab.flow({ instructions: [apply(toGroup(1))] });
    lab.send(one);
    lab.group({ command: GroupModCommand.MODIFY, groupType: INDIRECT, buckets: [bucket([output(3)])] }, 9000);
    lab.group({ command: GroupModCommand.ADD_OR_MOD, groupId: 7 });
    lab.send(one);
    expect(lab.sent).toEqual([0, 1, 1, 0]);
    expect(lab.bridge.groupStats(1, 10_000)).toMatchObject([
      { packetCount: 2n, durationSec: 10, bucketStats: [{ packetCount: 1n }] },
    ]);
    expect(lab.bridge.groupDesc(GroupNo.ALL)).toMatchObject([{ groupId: 1, groupType: INDIRECT }, { groupId: 7 }]);
  });

  it('inserts and removes buckets by place and id; the counts of the others stay', () => {
    const lab = new GroupLab();
    lab.group({ buckets: ids(5) });
    lab.flow({ instructions: [apply(toGroup(1))] });
    lab.send(one);
    const order = () => lab.bridge.groupDesc(1)[0]!.buckets.map(({ bucketId }) => bucketId);
    lab.group({ ...insert, commandBucketId: BucketNo.FIRST, buckets: ids(1, 2) });
    lab.group({ ...insert, commandBucketId: BucketNo.LAST, buckets: ids(9) });
    lab.group({ ...insert, commandBucketId: 2, buckets: ids(3, 4) });
    expect(order()).toEqual([1, 2, 3, 4, 5, 9]);
    lab.group({ ...remove, commandBucketId: 3 });
    lab.group({ ...remove, commandBucketId: BucketNo.LAST });
    lab.group({ ...remove, commandBucketId: BucketNo.FIRST });
    expect(order()).toEqual([2, 4, 5]);
    expect(lab.bridge.groupStats(1, 0)[0]!.bucketStats.map(({ packetCount }) => packetCount)).toEqual([0n, 0n, 1n]);
    lab.group({ ...remove, commandBucketId: BucketNo.ALL });
    expect(order()).toEqual([]);
  });

  it('takes weights and watches from properties, as 1.5 has them', () => {
    const lab = new GroupLab();
    lab.group({
      groupType: SELECT,
      buckets: [
        bucket([], {
          bucketId: 4,
          properties: [
            { type: 'weight', weight: 7 },
            { type: 'watchPort', watch: 3 },
          ],
        }),
        bucket([], { bucketId: 5, properties: [] }),
        bucket([], { bucketId: 6, properties: [{ type: 'weight', weight: 0 }] }),
      ],
    });
    expect(lab.bridge.groupDesc(1)[0]!.buckets).toMatchObject([
      {
        bucketId: 4,
        weight: 7,
        watchPort: 3,
        properties: [
          { type: 'weight', weight: 7 },
          { type: 'watchPort', watch: 3 },
        ],
      },
      { bucketId: 5, weight: 1, properties: [{ type: 'weight', weight: 1 }] },
      // Without the property, the reader would take it for 1.
      { bucketId: 6, weight: 0, properties: [{ type: 'weight', weight: 0 }] },
    ]);
  });

  it('that deletes a group takes its flows along; one of all groups takes chains too', () => {
    const lab = new GroupLab();
    lab.group({ groupId: 1 });
    lab.group({ groupId: 2, buckets: [bucket([toGroup(1)])] });
    lab.flow({ match: [inPort(1)], cookie: 1n, instructions: [apply(toGroup(1))] });
    lab.flow({ match: [inPort(2)], cookie: 2n, instructions: [apply(output(3), toGroup(2))] });
    lab.flow({ match: [inPort(3)], cookie: 3n, instructions: [apply(output(3))] });
    lab.group({ command: GroupModCommand.DELETE, groupId: 99 });
    lab.group({ command: GroupModCommand.DELETE, groupId: 2 });
    const gone = () =>
      lab.eventsNamed('flowRemoved').map(([entry, reason]) => [(entry as { cookie: bigint }).cookie, reason]);
    expect(gone()).toEqual([[2n, FlowRemovedReason.GROUP_DELETE]]);
    lab.group({ command: GroupModCommand.DELETE, groupId: GroupNo.ALL });
    expect(gone()[1]).toEqual([1n, FlowRemovedReason.GROUP_DELETE]);
    expect(lab.bridge.flows.size).toBe(1);
    expect(refusalOf(() => lab.flow({ instructions: [apply(toGroup(1))] }))).toEqual([
      ErrorType.BAD_ACTION,
      BadActionCode.BAD_OUT_GROUP,
    ]);
  });

  it('among others is undone with them', () => {
    const lab = new GroupLab();
    lab.group({ buckets: out });
    lab.flow({ match: [inPort(1)], instructions: [apply(toGroup(1))] });
    const before = lab.bridge.groupDesc(GroupNo.ALL);
    expect(() =>
      lab.bridge.atomically(() => {
        lab.group({ groupId: 5 });
        lab.group({ command: GroupModCommand.MODIFY, buckets: [] });
        lab.group({ command: GroupModCommand.DELETE, groupId: GroupNo.ALL });
        lab.group({ command: GroupModCommand.MODIFY });
      }),
    ).toThrow(OpenFlowRefusal);
    expect(lab.bridge.groupDesc(GroupNo.ALL)).toEqual(before);
    expect(lab.bridge.groupStats(1, 0)).toMatchObject([{ refCount: 1 }]);
    lab.send(one);
    expect(lab.sent).toEqual([0, 1, 0, 0]);
  });
});

it('fans out to a bounded number of buckets, and counts what it drops', () => {
  const lab = new GroupLab();
  lab.group({ groupId: 0, buckets: [bucket([output(2)])] });
  for (let id = 1; id <= 20; id++) {
    lab.group({ groupId: id, buckets: [bucket([toGroup(id - 1)]), bucket([toGroup(id - 1)])] });
  }
  lab.flow({ instructions: [apply(toGroup(20))] });
  lab.send(one);
  expect(lab.sent[1]).toBeLessThan(1024);
  expect(lab.bridge.counters.groupDrops).toBeGreaterThan(0);
});
