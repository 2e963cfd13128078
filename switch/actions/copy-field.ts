import { type Action, BadActionCode, OXM_FIELDS, type OxmId } from '../../ofp/index.ts';
import { getKeyBytes, keyFields, type Packet } from '../packet/index.ts';
import { type ActionContext, actionRefusal, expectFact, meets } from './facts.ts';
import { fieldSetters } from './set-field.ts';

type CopyField = Extract<Action, { type: 'copyField' }>;
type Field = keyof typeof OXM_FIELDS;

/** Copies a run of bits from one field to another (OpenFlow 1.5 section 7.2.6.8). Throws `OpenFlowRefusal` (BAD_ACTION). */
export function compileCopyField(action: CopyField, context: ActionContext): (packet: Packet) => void {
  const { nBits, srcOffset, dstOffset } = action;
  const from = checkedField(action.src, nBits, srcOffset, context);
  const to = checkedField(action.dst, nBits, dstOffset, context);
  const set = fieldSetters[to];
  if (!set) throw actionRefusal(BadActionCode.BAD_SET_TYPE, `no copy to ${to}`);
  const bits = (1n << BigInt(nBits)) - 1n;
  return (packet) => {
    packet.refresh();
    const run = (numberOf(packet, from) >> BigInt(srcOffset)) & bits;
    const old = numberOf(packet, to) & ~(bits << BigInt(dstOffset));
    set(packet, bytesOf(old | (run << BigInt(dstOffset)), keyFields[to]!.bytes));
  };
}

function checkedField(id: OxmId, nBits: number, offset: number, context: ActionContext): Field {
  const name = id.field;
  if (!isKnown(name)) throw actionRefusal(BadActionCode.BAD_SET_TYPE, `no copy with ${name}`);
  const rule: { readonly bits: number; readonly needs?: readonly (readonly [string, readonly number[]])[] } =
    OXM_FIELDS[name];
  if (nBits === 0 || offset + nBits > rule.bits) {
    throw actionRefusal(BadActionCode.BAD_SET_LEN, `bits ${offset} to ${offset + nBits} of ${name}`);
  }
  for (const [needed, values] of rule.needs ?? []) {
    expectFact(context, (facts) => meets(facts, needed, values), `a copy with ${name} without its match`);
  }
  return name;
}

function isKnown(name: string): name is Field {
  return Object.hasOwn(keyFields, name);
}

function numberOf(packet: Packet, field: Field): bigint {
  const { at, bytes } = keyFields[field]!;
  return getKeyBytes(packet.key, at, bytes).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function bytesOf(value: bigint, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Number((value >> BigInt(8 * (length - 1 - i))) & 0xffn));
}
