import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Action,
  FlowModCommand,
  FlowModFlags,
  GroupModCommand,
  GroupNo,
  GroupType,
  type Instruction,
  type Bucket as OfpBucket,
  type OxmField,
  PortNo,
} from '../../ofp/index.ts';
import { type FlowChange, type FlowEntry, type GroupChange, OpenFlowRefusal } from '../../switch/index.ts';
import { BridgeLab, flowMod, frame, mac } from '../unit/support/switch-lab.ts';
import { BridgeModel, type Sent } from './switch-bridge-model.ts';

const port = fc.integer({ min: 1, max: 3 });
const groupId = fc.integer({ min: 1, max: 4 });
const letter = fc.nat(3);

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({
    type: fc.constant('output' as const),
    port: fc.oneof(port, fc.constant(PortNo.IN_PORT)),
    maxLen: fc.constant(0),
  }),
  fc.record({ type: fc.constant('group' as const), groupId }),
  fc
    .tuple(fc.constantFrom('eth_dst' as const, 'eth_src' as const), letter)
    .map(([field, last]): Action => ({ type: 'setField', field: { field, value: mac(last) } })),
);
const actions = fc.array(action, { maxLength: 4 });

const match: fc.Arbitrary<OxmField[]> = fc
  .record({ inPort: port, dst: fc.tuple(letter, fc.constantFrom(0xff, 1, 2)) }, { requiredKeys: [] })
  .map(({ inPort, dst }) => {
    const fields: OxmField[] = [];
    if (inPort !== undefined) fields.push({ field: 'in_port', value: inPort });
    if (!dst) return fields;
    const [last, bits] = dst;
    const mask = mac(bits).fill(0xff, 0, 5);
    const value = mac(last & bits);
    fields.push(bits === 0xff ? { field: 'eth_dst', value } : { field: 'eth_dst', value, mask });
    return fields;
  });

const flowChange: fc.Arbitrary<FlowChange> = fc
  .record({
    command: fc.constantFrom(0, 0, 0, 0, 0, FlowModCommand.MODIFY, FlowModCommand.DELETE),
    tableId: fc.constantFrom(0, 0, 1),
    priority: fc.nat(5),
    match,
    idleTimeout: fc.constantFrom(0, 0, 1, 2),
    hardTimeout: fc.constantFrom(0, 0, 0, 3),
    outPort: fc.oneof({ weight: 3, arbitrary: fc.constant(PortNo.ANY) }, { weight: 1, arbitrary: port }),
    outGroup: fc.oneof({ weight: 3, arbitrary: fc.constant(GroupNo.ANY) }, { weight: 1, arbitrary: groupId }),
    apply: fc.option(actions),
    write: fc.option(actions),
    clears: fc.boolean(),
    goes: fc.boolean(),
  })
  .map(({ apply, write, clears, goes, ...fields }) => {
    const instructions: Instruction[] = [];
    if (goes && fields.tableId === 0) instructions.push({ type: 'gotoTable', tableId: 1 });
    if (write) instructions.push({ type: 'writeActions', actions: write });
    if (clears) instructions.push({ type: 'clearActions' });
    if (apply) instructions.push({ type: 'applyActions', actions: apply });
    return flowMod({ ...fields, instructions, flags: FlowModFlags.CHECK_OVERLAP });
  });

const groupChange: fc.Arbitrary<GroupChange> = fc
  .record({
    command: fc.constantFrom(GroupModCommand.ADD, GroupModCommand.ADD, GroupModCommand.MODIFY, GroupModCommand.DELETE),
    groupType: fc.constantFrom(GroupType.ALL, GroupType.INDIRECT, GroupType.FF),
    groupId,
    buckets: fc.array(fc.tuple(port, actions), { maxLength: 3 }),
  })
  .map(({ buckets, ...change }) => ({
    ...change,
    buckets: buckets.map(
      ([watched, list]): OfpBucket => ({
        ...{ weight: 0, watchGroup: GroupNo.ANY, actions: list },
        watchPort: change.groupType === GroupType.FF ? watched : PortNo.ANY,
      }),
    ),
  }));

const kind = <K extends string>(name: K) => fc.constant(name);
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: kind('flow'), change: flowChange }) },
  { weight: 3, arbitrary: fc.record({ kind: kind('group'), change: groupChange }) },
  {
    weight: 8,
    arbitrary: fc.record({ kind: kind('frames'), port, dsts: fc.array(letter, { minLength: 1, maxLength: 4 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kind('link'), port, isUp: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('wait'), ms: fc.integer({ min: 1, max: 2000 }) }) },
);

function wasDone(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (error instanceof OpenFlowRefusal) return false;
    throw error;
  }
}

/** A bridge and its model, which are given the same. */
class Twins {
  readonly lab = new BridgeLab();
  readonly model = new BridgeModel();
  readonly ports = [this.lab.leaf(), this.lab.leaf(), this.lab.leaf()];
  now = 0;
  #cookie = 0n;

  flow(change: FlowChange): void {
    this.#cookie += 1n;
    const mod = { ...change, cookie: this.#cookie };
    expect(wasDone(() => this.lab.bridge.changeFlows(mod, this.now))).toBe(this.model.changeFlows(mod, this.now));
  }

  group(change: GroupChange): void {
    expect(wasDone(() => this.lab.bridge.changeGroups(change, this.now))).toBe(this.model.changeGroups(change));
  }

  frames(inPort: number, dsts: readonly number[]): void {
    const frames = dsts.map((dst) => frame(mac(dst), mac(9)));
    this.lab.bridge.receive(inPort, frames, this.now);
    for (const dst of dsts) this.model.receive(inPort, { dst, src: 9 }, this.now);
    const sent = this.ports.flatMap(({ no, sent: out }) =>
      out.splice(0).map((bytes): Sent => ({ port: no, dst: bytes[5]!, src: bytes[11]! })),
    );
    const expected = this.model.sent.splice(0).sort((a, b) => a.port - b.port);
    expect(sent).toEqual(expected);
  }

  link(no: number, isUp: boolean): void {
    this.lab.bridge.setLink(no, isUp);
    if (isUp) this.model.down.delete(no);
    else this.model.down.add(no);
  }

  wait(ms: number): void {
    this.now += ms;
    this.lab.bridge.tick(this.now);
    this.model.expire(this.now);
  }

  check(): void {
    const { bridge } = this.lab;
    const shown = [...bridge.flows.entries()].map(({ cookie, packets }) => `${cookie}: ${packets}`);
    expect(shown.sort()).toEqual(this.model.flows.map(({ cookie, packets }) => `${cookie}: ${packets}`).sort());
    const removed = this.lab
      .eventsNamed('flowRemoved')
      .map(([entry, reason]) => `${(entry as FlowEntry).cookie} ${reason}`);
    expect(removed.sort()).toEqual(this.model.removed.toSorted());
    const groups = bridge.groupStats(GroupNo.ALL, this.now).map((stats) => ({
      id: stats.groupId,
      packets: Number(stats.packetCount),
      buckets: stats.bucketStats.map(({ packetCount }) => Number(packetCount)),
    }));
    const expected = [...this.model.groups].map(([id, group]) => ({
      ...{ id, packets: group.packets, buckets: group.bucketPackets },
    }));
    expect(groups).toEqual(expected.sort((a, b) => a.id - b.id));
  }
}

describe('a bridge', () => {
  it('does with flows, groups, ports and frames what a plain model does', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
        const twins = new Twins();
        for (const each of steps) {
          if (each.kind === 'flow') twins.flow(each.change);
          else if (each.kind === 'group') twins.group(each.change);
          else if (each.kind === 'frames') twins.frames(each.port, each.dsts);
          else if (each.kind === 'link') twins.link(each.port, each.isUp);
          else twins.wait(each.ms);
        }
        twins.check();
      }),
      { numRuns: 300 },
    );
  });

  it('is as it was after a change among many that is refused', () => {
    const change = fc.oneof(flowChange, groupChange);
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), fc.array(change, { maxLength: 20 }), (before, among) => {
        const { bridge } = new BridgeLab();
        const make = (each: FlowChange | GroupChange) => {
          if ('groupType' in each) bridge.changeGroups(each, 0);
          else bridge.changeFlows(each, 0);
        };
        for (const each of before) wasDone(() => make(each));
        const shown = () => ({
          flows: bridge
            .flowStats(0)
            .map((flow) => JSON.stringify(flow, plain))
            .sort(),
          groups: bridge.groupDesc(GroupNo.ALL),
          stats: bridge.groupStats(GroupNo.ALL, 0),
        });
        const kept = shown();
        const isDone = wasDone(() =>
          bridge.atomically(() => {
            for (const each of among) make(each);
            throw new OpenFlowRefusal(0, 0, 'the last change');
          }),
        );
        expect(isDone).toBe(false);
        expect(shown()).toEqual(kept);
      }),
      { numRuns: 200 },
    );
  });
});

function plain(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}` : value;
}
