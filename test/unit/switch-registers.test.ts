import { describe, expect, it } from 'vitest';
import {
  type Action,
  BadActionCode,
  ErrorType,
  ExperimenterId,
  FlowModCommand,
  GroupModCommand,
  GroupNo,
  GroupType,
  type Instruction,
  type OxmField,
  PortNo,
} from '../../ofp/index.ts';
import { NiciraErrorCode, niciraError } from '../../switch/errors.ts';
import type { OpenFlowRefusal, PacketIn } from '../../switch/index.ts';
import { optionRoom } from '../../switch/packet/index.ts';
import { apply, BridgeLab, flowMod, frame, hex, inPort, mac, output } from './support/switch-lab.ts';

const nicira = (data: string): Action => ({
  type: 'experimenter',
  experimenter: ExperimenterId.NICIRA,
  data: hex(data),
});
const reg0 = '00010004';
const option0 = '0001507c';
/** Bits 8 to 15 of reg0 become 0x2a. */
const load = nicira(`0007 0207 ${reg0} 000000000000002a`);
const set = (field: OxmField): Action => ({ type: 'setField', field });
const option = (index: number, ...bytes: number[]) =>
  ({ field: `tun_metadata${index}`, value: Uint8Array.from(bytes) }) as OxmField;
const goto = (tableId: number): Instruction => ({ type: 'gotoTable', tableId });
const mapped = (index: number, optionLen = 4, optionType = index) => ({
  optionClass: 0xffff,
  optionType,
  optionLen,
  index,
});

function refusalOf(work: () => void): [number, number] {
  try {
    work();
  } catch (error) {
    return [(error as OpenFlowRefusal).errorType, (error as OpenFlowRefusal).errorCode];
  }
  throw new Error('was not refused');
}

function setup() {
  const lab = new BridgeLab();
  const [a, b, c] = [lab.leaf(), lab.leaf(), lab.leaf()];
  const send = () => lab.bridge.receive(a.no, [frame(mac(2), mac(1))], 0);
  const packetIns = () => lab.eventsNamed('packetIn').map(([event]) => event as PacketIn);
  return { lab, a, b, c, send, packetIns };
}

describe('registers', () => {
  it('pass on what an action wrote to later tables, and begin anew with each frame', () => {
    const { lab, b, c, send } = setup();
    lab.flow({ priority: 2, idleTimeout: 0, match: [inPort(1)], instructions: [apply(load), goto(1)] });
    lab.flow({ tableId: 1, match: [{ field: 'reg0', value: 0x2a00 }], instructions: [apply(output(b.no))] });
    lab.flow({ tableId: 1, priority: 1, instructions: [apply(output(c.no))] });
    send();
    expect([b.sent.length, c.sent.length]).toEqual([1, 0]);
    lab.flow({ priority: 2, match: [inPort(1)], instructions: [goto(1)] });
    send();
    expect([b.sent.length, c.sent.length]).toEqual([1, 1]);
  });

  it('are each bucket’s own', () => {
    const { lab, b, c, send } = setup();
    const bucket = (bucketId: number, ...actions: Action[]) => ({
      ...{ weight: 0, watchPort: PortNo.ANY, watchGroup: GroupNo.ANY, bucketId },
      actions,
    });
    const buckets = [bucket(0, load), bucket(1, output(c.no))];
    lab.bridge.changeGroups({ command: GroupModCommand.ADD, groupType: GroupType.ALL, groupId: 1, buckets }, 0);
    lab.flow({
      instructions: [
        apply(set({ field: 'reg0', value: 5 }), { type: 'group', groupId: 1 }, set({ field: 'reg1', value: 6 })),
        goto(1),
      ],
    });
    const match: OxmField[] = [
      { field: 'reg0', value: 5 },
      { field: 'reg1', value: 6 },
    ];
    lab.flow({ tableId: 1, match, instructions: [apply(output(b.no))] });
    send();
    expect([b.sent.length, c.sent.length]).toEqual([1, 1]);
  });

  it('are moved, stacked, and name ports; a port that is none gets nothing', () => {
    const { lab, b, send, packetIns } = setup();
    const move = nicira(`0006 0010 0000 0010 ${reg0} 00010204`);
    const [push, pop] = [nicira(`001b 0000 ${reg0} 0010 000000000000`), nicira(`001c 0000 00010404 0010 000000000000`)];
    const toReg = (header: string) => nicira(`000f 001f ${header} 0040 000000000000`);
    const port = (value: number) => set({ field: 'reg0', value });
    lab.flow({
      instructions: [
        apply(port(b.no), push, move, port(0xfffd), toReg(reg0), port(0xfff9), toReg(reg0), port(0x10001), toReg(reg0)),
        goto(1),
      ],
    });
    const reg1: OxmField = { field: 'reg1', value: b.no * 0x10000 };
    lab.flow({ tableId: 1, match: [reg1], instructions: [apply(pop, pop, toReg('00010404'))] });
    send();
    expect(b.sent).toHaveLength(1);
    expect(packetIns()).toMatchObject([{ maxLen: 0x40 }]);
    expect(packetIns()[0]!.registers?.slice(0, 2)).toEqual(Uint32Array.of(0xfffd, b.no * 0x10000));
  });

  it('come with a frame for controllers; the action says which, and gives them something', () => {
    const { lab, send, packetIns } = setup();
    const mark = set({ field: 'pkt_mark', value: 0xaa });
    const some = nicira('0014 0005 0007 02 00');
    const all = nicira('0025 000000000000 0000 0006 0009 0000 0001 0006 0008 0000 0003 0007 010203 00');
    lab.flow({ instructions: [apply(mark, some, all, output(PortNo.CONTROLLER, 20))] });
    send();
    expect(packetIns()).toMatchObject([
      { maxLen: 5, controllerId: 7, reason: 2, userdata: undefined },
      { maxLen: 9, controllerId: 8, reason: 1, userdata: Uint8Array.of(1, 2, 3) },
      { maxLen: 20, controllerId: 0, reason: 1, userdata: undefined },
    ]);
    for (const { registers } of packetIns()) expect(registers?.[16]).toBe(0xaa);
  });

  it.each<[string, number, Action]>([
    ['more bits than there are', BadActionCode.BAD_SET_LEN, nicira(`0006 0020 0001 0000 ${reg0} 00010204`)],
    ['a value that does not fit', BadActionCode.BAD_ARGUMENT, nicira(`0007 0000 ${reg0} 0000000000000002`)],
    ['what cannot be written', BadActionCode.BAD_SET_TYPE, nicira('0007 000f 80000004 0000000000000002')],
    ['a field that is cut off', BadActionCode.BAD_LEN, nicira('0006 0020 0000 0000 0001')],
    ['a property that is cut off', BadActionCode.BAD_LEN, nicira('0025 000000000000 0003 0009 01020304')],
    ['actions within too short for one', BadActionCode.BAD_LEN, nicira('002a 000000000000 ffff 0004 00002320')],
    ['an action that is not carried out', BadActionCode.BAD_EXP_TYPE, nicira('002a 000000000000')],
  ])('are refused %s', (_name, code, action) => {
    const { lab } = setup();
    expect(refusalOf(() => lab.flow({ instructions: [apply(action)] }))).toEqual([ErrorType.BAD_ACTION, code]);
  });
});

describe('tunnel options', () => {
  it('are matched, set and shown as long as they are mapped', () => {
    const { lab, b, send, packetIns } = setup();
    lab.bridge.changeOptions(0, [mapped(0, 8), mapped(1)]);
    lab.flow({ instructions: [apply(set(option(1, 7)), output(PortNo.CONTROLLER)), goto(1)] });
    lab.flow({ tableId: 1, match: [option(1, 7)], instructions: [apply(output(b.no))] });
    send();
    expect(b.sent).toHaveLength(1);
    const [, entry] = lab.bridge.flows.entries();
    expect(entry!.match.fields).toEqual([option(1, 0, 0, 0, 7)]);
    expect(packetIns()).toHaveLength(1);
    lab.flow({ tableId: 2, instructions: [apply(nicira(`0006 0020 0000 0000 ${option0} ${reg0}`))] });
    const [, , moved] = lab.bridge.flows.entries();
    expect(moved!.instructions).toEqual([apply(nicira(`0006 0020 0000 0000 00015008 ${reg0}`))]);
  });

  it.each<[string, number, () => ReturnType<typeof mapped>[]]>([
    ['a length that options do not have', NiciraErrorCode.TLV_BAD_OPT_LEN, () => [mapped(1, 6)]],
    ['a field that is not there', NiciraErrorCode.TLV_BAD_FIELD_IDX, () => [mapped(64)]],
    ['a field again', NiciraErrorCode.TLV_ALREADY_MAPPED, () => [mapped(1), mapped(0, 4, 9)]],
    ['an option again', NiciraErrorCode.TLV_DUP_ENTRY, () => [mapped(1, 4, 0)]],
    ['more than there is room for', NiciraErrorCode.TLV_TABLE_FULL, () => [mapped(1, optionRoom.bytes)]],
  ])('are not mapped with %s', (_name, code, mappings) => {
    const { lab } = setup();
    lab.bridge.changeOptions(0, [mapped(0)]);
    expect(refusalOf(() => lab.bridge.changeOptions(0, mappings()))).toEqual([niciraError, code]);
    expect(lab.bridge.optionMappings.map(({ index }) => index)).toEqual([0]);
  });

  it('give their room back, unless a rule needs it', () => {
    const { lab } = setup();
    const { bridge } = lab;
    bridge.changeOptions(0, [mapped(0, 20), mapped(1, 20), mapped(2, 12)]);
    const inUse = [niciraError, NiciraErrorCode.INVALID_TLV_DEL];
    const flow = (fields: object) => lab.flow(fields);
    for (const use of [
      { match: [option(1, 1)] },
      { instructions: [apply(set(option(1, 1)))] },
      { instructions: [apply(nicira(`0006 0020 0000 0000 0001527c ${reg0}`))] },
    ]) {
      flow(use);
      expect(refusalOf(() => bridge.changeOptions(1, [mapped(1)]))).toEqual(inUse);
      expect(refusalOf(() => bridge.changeOptions(2, []))).toEqual(inUse);
      bridge.changeFlows(flowMod({ command: FlowModCommand.DELETE }), 0);
    }
    bridge.changeOptions(1, [mapped(1)]);
    bridge.changeOptions(0, [mapped(5, 16)]);
    expect(bridge.optionMappings.map(({ index, place }) => [index, place.at - optionRoom.at])).toEqual([
      [0, 0],
      [2, 40],
      [5, 20],
    ]);
    bridge.changeOptions(2, []);
    expect(bridge.optionMappings).toEqual([]);
    expect(refusalOf(() => flow({ match: [option(0, 1)] }))).toEqual([niciraError, NiciraErrorCode.INVALID_TLV_FIELD]);
    expect(refusalOf(() => bridge.changeOptions(9, []))).toEqual([niciraError, NiciraErrorCode.TLV_BAD_COMMAND]);
  });
});
