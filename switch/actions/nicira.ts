import { type Action, BadActionCode, decodeOxm, ExperimenterId, PacketInReason, PortNo } from '../../ofp/index.ts';
import { get16 } from '../packet/index.ts';
import { compileSetField } from './compile-set-field.ts';
import { checkedSubfield, readSubfield, type Subfield, subfieldWriter } from './copy-field.ts';
import type { CompiledAction, ToController } from './execution.ts';
import { type ActionContext, actionRefusal } from './facts.ts';
import { NxAction, namedBits } from './nicira-fields.ts';

type Ready = Pick<CompiledAction, 'run'> & Partial<CompiledAction>;
type Compile = (data: Uint8Array, fields: readonly Subfield[], context: ActionContext) => Ready;

/** Values that one packet may have on its stack. */
const maxStack = 64;

const compilers = new Map<number, Compile>([
  [NxAction.NOTE, () => ({ run() {} })],
  [
    NxAction.MOVE,
    (_data, [from, to]) => {
      const write = subfieldWriter(to!);
      return {
        kind: `copy to ${to!.field.name}`,
        run: ({ packet }) => {
          packet.refresh();
          write(packet, readSubfield(packet, from!));
        },
      };
    },
  ],
  [
    NxAction.LOAD,
    (data, [to]) => {
      const value = viewOf(data, 16).getBigUint64(8);
      const write = subfieldWriter(to!);
      if (value >> BigInt(to!.nBits) !== 0n) throw actionRefusal(BadActionCode.BAD_ARGUMENT, `${value} is too large`);
      return {
        kind: `load ${to!.field.name} ${to!.offset}`,
        run: ({ packet }) => {
          packet.refresh();
          write(packet, value);
        },
      };
    },
  ],
  [NxAction.LOAD_FIELD, (data, _fields, context) => compileSetField(decodeOxm(data.subarray(2)), context)],
  [
    NxAction.OUTPUT_REG,
    (data, [from]) => {
      const maxLen = viewOf(data, 10).getUint16(8);
      return {
        run: (execution) => {
          execution.packet.refresh();
          const no = portOf(readSubfield(execution.packet, from!));
          if (no !== PortNo.TABLE) execution.output(no, maxLen);
        },
      };
    },
  ],
  [
    NxAction.PUSH,
    (_data, [from]) => ({
      run: ({ packet, stack }) => {
        packet.refresh();
        if (stack.length < maxStack) stack.push(readSubfield(packet, from!));
      },
    }),
  ],
  [
    NxAction.POP,
    (_data, [to]) => {
      const write = subfieldWriter(to!);
      return {
        run: ({ packet, stack }) => {
          const value = stack.pop();
          if (value === undefined) return;
          packet.refresh();
          write(packet, value);
        },
      };
    },
  ],
  [
    NxAction.CONTROLLER,
    (data) => {
      const view = viewOf(data, 8);
      const reason = view.getUint8(6);
      return toController({ maxLen: view.getUint16(2), controllerId: view.getUint16(4), reason, userdata: undefined });
    },
  ],
  [NxAction.CONTROLLER2, (data) => toController(controller2(data))],
]);

/**
 * Actions of Open vSwitch: moving, loading and stacking fields, output to a port that a field names, and messages to some
 * of the controllers. Throws `OpenFlowRefusal` for others, after a look at the fields that they name, and `OfpDecodeError`.
 */
export function compileNicira({ data }: Extract<Action, { type: 'experimenter' }>, context: ActionContext): Ready {
  const fields = namedBits(data).map(({ name, offset, nBits }) => checkedSubfield(name, offset, nBits, context));
  const compile = compilers.get(get16(data, 0));
  if (!compile) throw actionRefusal(BadActionCode.BAD_EXP_TYPE, `no action ${get16(data, 0)} of Open vSwitch`);
  return { ...compile(data, fields, context), fields: fields.map(({ field }) => field.name) };
}

export const isNicira = (action: Action): action is Extract<Action, { type: 'experimenter' }> =>
  action.type === 'experimenter' && action.experimenter === ExperimenterId.NICIRA;

function toController(options: ToController): Ready {
  return { outPort: PortNo.CONTROLLER, run: (execution) => execution.toController(options) };
}

const Property = { MAX_LEN: 0, CONTROLLER_ID: 1, REASON: 2, USERDATA: 3 } as const;

/** Properties as of 1.4, behind the subtype and six bytes of padding. */
function controller2(data: Uint8Array): ToController {
  let { maxLen, controllerId, reason, userdata }: ToController = {
    maxLen: 0xffff,
    controllerId: 0,
    reason: PacketInReason.ACTION,
    userdata: undefined,
  };
  for (let at = 8; at + 4 <= data.length; ) {
    const type = get16(data, at);
    const length = get16(data, at + 2);
    const isLong = length >= (type === Property.USERDATA ? 4 : type === Property.REASON ? 5 : 6);
    if (!isLong || at + length > data.length)
      throw actionRefusal(BadActionCode.BAD_LEN, 'a property of a controller action');
    if (type === Property.MAX_LEN) maxLen = get16(data, at + 4);
    else if (type === Property.CONTROLLER_ID) controllerId = get16(data, at + 4);
    else if (type === Property.REASON) reason = data[at + 4]!;
    else if (type === Property.USERDATA) userdata = data.slice(at + 4, at + length);
    else throw actionRefusal(BadActionCode.BAD_ARGUMENT, `property ${type} of a controller action`);
    at += (length + 7) & ~7;
  }
  return { maxLen, controllerId, reason, userdata };
}

/** Ports are numbered as in 1.0 here; what has more than 16 bits is none. */
function portOf(value: bigint): number {
  if (value > 0xffffn) return 0;
  return value >= 0xff00n ? Number(value) + 0xffff_0000 : Number(value);
}

function viewOf(data: Uint8Array, length: number): DataView {
  if (data.length < length) throw actionRefusal(BadActionCode.BAD_LEN, `${data.length} bytes instead of ${length}`);
  return new DataView(data.buffer, data.byteOffset, data.length);
}
