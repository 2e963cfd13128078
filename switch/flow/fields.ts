import { BadMatchCode, ErrorType, OVS_FIELDS, OXM_FIELDS, type OxmField } from '../../ofp/index.ts';
import { NiciraErrorCode, niciraError, OpenFlowRefusal } from '../errors.ts';
import { type KeyField, keyFields } from '../packet/index.ts';
import type { Resources } from '../resources.ts';

/** A field that has a value here. */
export type KnownField = Exclude<OxmField, { field: 'unknown' }>;

/** What the specification says of a field: the part of the codec's table that checks go by. */
export interface FieldRule {
  readonly bits: number;
  readonly maskable: boolean;
  /** Fields that must come before, with their allowed values; none: any. */
  readonly needs?: readonly (readonly [field: string, values: readonly number[]])[];
}

/** A field that the switch can look at. */
export interface Field {
  readonly name: string;
  readonly place: KeyField;
  readonly rule: FieldRule;
}

const rules: { readonly [name: string]: FieldRule } = { ...OVS_FIELDS, ...OXM_FIELDS };
const fixed = new Map<string, Field>(
  Object.entries(keyFields).map(([name, place]) => [name, { name, place, rule: rules[name]! }]),
);

/** Fields that stand for tunnel options, as many as there are mappings for. */
const optionName = /^tun_metadata(\d+)$/;

/**
 * The field of a name; undefined: the switch does not know it. Throws `OpenFlowRefusal` for a tunnel option that nobody
 * said the length of.
 */
export function fieldOf(name: string, resources: Pick<Resources, 'option'>): Field | undefined {
  const known = fixed.get(name);
  if (known) return known;
  const index = optionName.exec(name)?.[1];
  if (index === undefined) return undefined;
  const place = resources.option(Number(index));
  if (!place) throw new OpenFlowRefusal(niciraError, NiciraErrorCode.INVALID_TLV_FIELD, `${name} is not mapped`);
  return { name, place, rule: { bits: place.bytes * 8, maskable: true } };
}

/** Which option a field stands for; undefined: none. */
export function optionIndex(name: string): number | undefined {
  const index = optionName.exec(name)?.[1];
  return index === undefined ? undefined : Number(index);
}

/** A field's value as the bytes it has in a key. Refuses values that do not fit in `bytes`. Options are as long as need be. */
export function fieldBytes(value: KnownField['value'], { name, place: { bytes } }: Field): Uint8Array {
  const out = new Uint8Array(bytes);
  if (value instanceof Uint8Array) {
    const isShort = value.length < bytes && optionName.test(name);
    if (value.length !== bytes && !isShort) throw refusal(BadMatchCode.BAD_LEN, `${value.length} bytes of ${name}`);
    out.set(value, bytes - value.length);
    return out;
  }
  let rest = BigInt(value);
  if (BigInt.asUintN(8 * bytes, rest) !== rest) {
    throw refusal(BadMatchCode.BAD_VALUE, `${value} in ${bytes} bytes`);
  }
  // Word by word: arithmetic with large numbers is slow.
  for (let end = bytes; end > 0; end -= 4) {
    let word = Number(BigInt.asUintN(32, rest));
    for (let i = end - 1; i >= Math.max(0, end - 4); i--) {
      out[i] = word;
      word >>>= 8;
    }
    rest >>= 32n;
  }
  return out;
}

/** Whether a mask has all the bits that a field has. */
export function isFull(mask: Uint8Array, bits: number): boolean {
  const unused = mask.length * 8 - bits;
  const firstUsed = unused >> 3;
  return mask.every((byte, i) => {
    const wanted = i < firstUsed ? 0 : i === firstUsed ? 0xff >> (unused & 7) : 0xff;
    return (byte & wanted) === wanted;
  });
}

function refusal(code: number, reason: string): OpenFlowRefusal {
  return new OpenFlowRefusal(ErrorType.BAD_MATCH, code, reason);
}
