import { BadMatchCode, ErrorType, OXM_FIELDS, type OxmField } from '../../ofp/index.ts';
import { OpenFlowRefusal } from '../errors.ts';
import { type FlowKey, keyFields, keyWords, putKeyBytes, vlanPresent } from '../packet/index.ts';

/** A match in the shape that lookups use. */
export interface FlowMatch {
  /** The fields as they were given, without those that a mask of zeroes makes meaningless. */
  readonly fields: OxmField[];
  /** Masked: a bit outside `mask` is zero. */
  readonly key: FlowKey;
  readonly mask: FlowKey;
  /** Equal for equal masks. */
  readonly maskId: string;
  /** What the match says about the packet, for checking actions against it. */
  readonly facts: MatchFacts;
}

/** Undefined: the match leaves it open. */
export interface MatchFacts {
  readonly ethType: number | undefined;
  readonly ipProto: number | undefined;
  readonly icmpv6Type: number | undefined;
  readonly tagged: boolean | undefined;
}

/**
 * Checks a match as OpenFlow 1.3 section 7.2.3 asks (known fields, no duplicates, values and masks in range, prerequisites
 * in front) and compiles it. Throws `OpenFlowRefusal`.
 */
export function compileMatch(fields: readonly OxmField[]): FlowMatch {
  const key = new Uint32Array(keyWords);
  const mask = new Uint32Array(keyWords);
  const kept: OxmField[] = [];
  const seen = new Map<string, Exact>();
  for (const field of fields) {
    if (!isKnown(field)) throw refusal(BadMatchCode.BAD_FIELD, `no match on ${field.field}`);
    const rule = ruleOf(field);
    const place = keyFields[field.field]!;
    if (seen.has(field.field)) throw refusal(BadMatchCode.DUP_FIELD, `${field.field} twice`);
    const value = fieldBytes(field.value, place.bytes);
    const bits = fieldMask(field, rule, place.bytes);
    checkValue(field.field, value, bits, rule);
    checkPrerequisites(field.field, rule, seen);
    seen.set(field.field, exactValue(value, bits));
    if (bits.every((byte) => byte === 0)) continue;
    kept.push(field);
    putKeyBytes(key, place.at, value);
    putKeyBytes(mask, place.at, bits);
    key[0]! |= place.layer;
    mask[0]! |= place.layer;
  }
  return { fields: kept, key, mask, maskId: mask.join(), facts: factsOf(seen) };
}

/** A field that the switch can look at, with its value. */
export type KnownField = Extract<OxmField, { field: keyof typeof OXM_FIELDS }>;

export function isKnown(field: OxmField): field is KnownField {
  return Object.hasOwn(keyFields, field.field);
}

/** The part of the codec's table of fields that checks go by. */
export interface FieldRule {
  readonly bits: number;
  readonly maskable: boolean;
  /** Fields that must come before, with their allowed values; none: any. */
  readonly needs?: readonly (readonly [field: string, values: readonly number[]])[];
}

/** Width, whether a mask may stand, prerequisites: what the specification says of the field. */
export function ruleOf(field: KnownField): FieldRule {
  return OXM_FIELDS[field.field];
}

/** A field's value as the bytes it has in a key. Refuses values that do not fit in `bytes`. */
export function fieldBytes(value: KnownField['value'], bytes: number): Uint8Array {
  if (value instanceof Uint8Array) {
    if (value.length !== bytes) throw refusal(BadMatchCode.BAD_LEN, `${value.length} bytes instead of ${bytes}`);
    return value;
  }
  const out = new Uint8Array(bytes);
  let rest = BigInt(value);
  for (let i = bytes - 1; i >= 0; i--) {
    out[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  if (rest !== 0n) throw refusal(BadMatchCode.BAD_VALUE, `${value} in ${bytes} bytes`);
  return out;
}

/** Whether `narrow` matches only packets that `wide` matches too (loose modify and delete, section 6.4). */
export function isCoveredBy(narrow: FlowMatch, wide: FlowMatch): boolean {
  for (let i = 0; i < keyWords; i++) {
    const mask = wide.mask[i]!;
    if ((narrow.mask[i]! & mask) >>> 0 !== mask || ((narrow.key[i]! ^ wide.key[i]!) & mask) !== 0) return false;
  }
  return true;
}

/** Whether some packet could match both. */
export function overlaps(a: FlowMatch, b: FlowMatch): boolean {
  for (let i = 0; i < keyWords; i++) {
    if (((a.key[i]! ^ b.key[i]!) & a.mask[i]! & b.mask[i]!) !== 0) return false;
  }
  return true;
}

export function sameMatch(a: FlowMatch, b: FlowMatch): boolean {
  if (a.maskId !== b.maskId) return false;
  for (let i = 0; i < keyWords; i++) if (a.key[i] !== b.key[i]) return false;
  return true;
}

/** Value of a field where all of its bits are given; undefined for a masked one. */
type Exact = number | undefined;

function exactValue(value: Uint8Array, mask: Uint8Array): Exact {
  if (value.length > 4 || mask.some((byte, i) => byte !== 0xff && i > 0)) return undefined;
  return value.reduce((sum, byte) => sum * 256 + byte, 0);
}

/** All bits of the field's bytes where no mask is given: unused upper bits are zero in key and packet alike. */
function fieldMask(field: KnownField, rule: FieldRule, bytes: number): Uint8Array {
  if (field.mask === undefined) return new Uint8Array(bytes).fill(0xff);
  const mask = fieldBytes(field.mask, bytes);
  if (!rule.maskable && !isFull(mask, rule.bits)) throw refusal(BadMatchCode.BAD_MASK, `mask on ${field.field}`);
  return isFull(mask, rule.bits) ? new Uint8Array(bytes).fill(0xff) : mask;
}

function isFull(mask: Uint8Array, bits: number): boolean {
  const unused = mask.length * 8 - bits;
  const firstUsed = unused >> 3;
  return mask.every((byte, i) => {
    const wanted = i < firstUsed ? 0 : i === firstUsed ? 0xff >> (unused & 7) : 0xff;
    return (byte & wanted) === wanted;
  });
}

function checkValue(name: string, value: Uint8Array, mask: Uint8Array, rule: FieldRule): void {
  if (value.some((byte, i) => (byte & ~mask[i]! & 0xff) !== 0)) {
    throw refusal(BadMatchCode.BAD_WILDCARDS, `${name} has bits outside its mask`);
  }
  const unused = value.length * 8 - rule.bits;
  const tooWide =
    value.some((byte, i) => i < unused >> 3 && byte !== 0) || value[unused >> 3]! >> (8 - (unused & 7)) !== 0;
  if (tooWide) throw refusal(BadMatchCode.BAD_VALUE, `${name} has ${rule.bits} bits`);
  // OFPVID_NONE is 0; any other exact VLAN id has the PRESENT bit (section 7.2.3.7).
  const vid = name === 'vlan_vid' && mask.every((byte) => byte === 0xff) ? (value[0]! << 8) | value[1]! : 0;
  if (vid !== 0 && (vid & vlanPresent) === 0) throw refusal(BadMatchCode.BAD_VALUE, 'vlan_vid without OFPVID_PRESENT');
}

function checkPrerequisites(name: string, rule: FieldRule, seen: ReadonlyMap<string, Exact>): void {
  for (const [needed, values] of rule.needs ?? []) {
    const value = seen.get(needed);
    // A match on OFPVID_NONE is one on frames without a tag.
    const isThere = seen.has(needed) && (needed !== 'vlan_vid' || value !== 0);
    if (!isThere || (values.length > 0 && (value === undefined || !values.includes(value)))) {
      throw refusal(BadMatchCode.BAD_PREREQ, `${name} needs ${needed}`);
    }
  }
}

function factsOf(seen: ReadonlyMap<string, Exact>): MatchFacts {
  return {
    ethType: seen.get('eth_type'),
    ipProto: seen.get('ip_proto'),
    icmpv6Type: seen.get('icmpv6_type'),
    tagged: seen.has('vlan_vid') ? seen.get('vlan_vid') !== 0 : undefined,
  };
}

function refusal(code: number, reason: string): OpenFlowRefusal {
  return new OpenFlowRefusal(ErrorType.BAD_MATCH, code, reason);
}
