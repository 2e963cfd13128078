import { type Action, BadActionCode } from '../../ofp/index.ts';
import { type Field, fieldOf } from '../flow/fields.ts';
import { getKeyBytes, type KeyField, type Packet } from '../packet/index.ts';
import { type ActionContext, actionRefusal, expectFact, meets } from './facts.ts';
import { setterOf } from './set-field.ts';

type CopyField = Extract<Action, { type: 'copyField' }>;

/** A run of bits of a field. */
export interface Subfield {
  readonly field: Field;
  /** The lowest of them. */
  readonly offset: number;
  readonly nBits: number;
}

/** Copies a run of bits from one field to another (OpenFlow 1.5 section 7.2.6.8). Throws `OpenFlowRefusal` (BAD_ACTION). */
export function compileCopyField(action: CopyField, context: ActionContext): (packet: Packet) => void {
  const { nBits, srcOffset, dstOffset, src, dst } = action;
  const from = checkedSubfield(src.field, srcOffset, nBits, context);
  const to = checkedSubfield(dst.field, dstOffset, nBits, context);
  const write = subfieldWriter(to);
  return (packet) => {
    packet.refresh();
    write(packet, readSubfield(packet, from));
  };
}

/** `given`: the number of bits, or all. Throws `OpenFlowRefusal` (BAD_ACTION) where a field is unknown, has no such bits, or may not be there. */
export function checkedSubfield(
  name: string,
  offset: number,
  given: number | undefined,
  context: ActionContext,
): Subfield {
  const field = fieldOf(name, context.resources);
  if (!field) throw actionRefusal(BadActionCode.BAD_SET_TYPE, `no copy with ${name}`);
  const { bits, needs = [] } = field.rule;
  const nBits = given ?? bits;
  if (nBits === 0 || offset < 0 || offset + nBits > bits) {
    throw actionRefusal(BadActionCode.BAD_SET_LEN, `bits ${offset} to ${offset + nBits} of ${name}`);
  }
  for (const [needed, values] of needs) {
    expectFact(context, (facts) => meets(facts, needed, values), `a copy with ${name} without its match`);
  }
  return { field, offset, nBits };
}

/** The packet's key must be fresh. */
export function readSubfield(packet: Packet, { field, offset, nBits }: Subfield): bigint {
  return BigInt.asUintN(nBits, numberOf(packet, field.place) >> BigInt(offset));
}

/** What writes a number into a run of bits; the packet's key must be fresh. Throws `OpenFlowRefusal` (BAD_ACTION). */
export function subfieldWriter({ field, offset, nBits }: Subfield): (packet: Packet, value: bigint) => void {
  const set = setterOf(field);
  if (!set) throw actionRefusal(BadActionCode.BAD_SET_TYPE, `no copy to ${field.name}`);
  const hole = ((1n << BigInt(nBits)) - 1n) << BigInt(offset);
  return (packet, value) => {
    const rest = numberOf(packet, field.place) & ~hole;
    set(packet, bytesOf(rest | ((value << BigInt(offset)) & hole), field.place.bytes));
  };
}

function numberOf(packet: Packet, { at, bytes }: KeyField): bigint {
  return getKeyBytes(packet.key, at, bytes).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function bytesOf(value: bigint, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Number((value >> BigInt(8 * (length - 1 - i))) & 0xffn));
}
