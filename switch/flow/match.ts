import { BadMatchCode, ErrorType, type OxmField } from '../../ofp/index.ts';
import { OpenFlowRefusal } from '../errors.ts';
import { keyWords, putKeyBytes, vlanPresent } from '../packet/index.ts';
import { noResources, type Resources } from '../resources.ts';
import { type Field, type FieldRule, fieldBytes, fieldOf, isFull, type KnownField } from './fields.ts';

/** The bits of a key that matches look at; one object for all entries of a table that have the same. */
export interface MatchMask {
  /** Equal for equal masks. */
  readonly id: string;
  /** Words of the key, in order, and the bits that are looked at in each. */
  readonly words: Uint8Array;
  readonly bits: Int32Array;
}

/** A match in the shape that lookups use. */
export interface FlowMatch {
  /** The fields as they were given, without those that a mask of zeroes makes meaningless. */
  readonly fields: OxmField[];
  readonly mask: MatchMask;
  /** For each word of the mask the bits that it must have, as a signed number. */
  readonly values: readonly number[];
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
export function compileMatch(
  fields: readonly OxmField[],
  resources: Pick<Resources, 'option'> = noResources,
): FlowMatch {
  const key: number[] = new Array(keyWords).fill(0);
  const mask: number[] = new Array(keyWords).fill(0);
  const kept: OxmField[] = [];
  const seen = new Map<string, Exact>();
  for (const given of fields) {
    const field = fieldOf(given.field, resources);
    if (!field || given.field === 'unknown') throw refusal(BadMatchCode.BAD_FIELD, `no match on ${given.field}`);
    const { name, place, rule } = field;
    if (seen.has(name)) throw refusal(BadMatchCode.DUP_FIELD, `${name} twice`);
    const value = fieldBytes(given.value, field);
    const bits = maskOf(given, field);
    checkValue(name, value, bits, rule);
    checkPrerequisites(name, rule, seen);
    seen.set(name, exactValue(value, bits));
    if (bits.every((byte) => byte === 0)) continue;
    kept.push(asLongAs(given, value, bits));
    putKeyBytes(key, place.at, value);
    putKeyBytes(mask, place.at, bits);
    key[0]! |= place.layer;
    mask[0]! |= place.layer;
  }
  const words: number[] = [];
  for (let i = 0; i < keyWords; i++) if (mask[i] !== 0) words.push(i);
  const bits = words.map((i) => mask[i]!);
  const id = words.map((word, i) => `${word}:${bits[i]}`).join();
  return {
    fields: kept,
    mask: { id, words: Uint8Array.from(words), bits: Int32Array.from(bits) },
    values: words.map((i) => key[i]!),
    facts: factsOf(seen),
  };
}

/** A tunnel option as long as it is mapped, however long it was given. */
function asLongAs(given: KnownField, value: Uint8Array, mask: Uint8Array): OxmField {
  if (!(given.value instanceof Uint8Array) || given.value.length === value.length) return given;
  return { ...given, value, ...(given.mask === undefined ? {} : { mask }) } as OxmField;
}

/** Whether `narrow` matches only packets that `wide` matches too (loose modify and delete, section 6.4). */
export function isCoveredBy(narrow: FlowMatch, wide: FlowMatch): boolean {
  const { words, bits } = wide.mask;
  for (let i = 0; i < words.length; i++) {
    const at = narrow.mask.words.indexOf(words[i]!);
    if (at < 0 || (narrow.mask.bits[at]! & bits[i]!) !== bits[i]) return false;
    if (((narrow.values[at]! ^ wide.values[i]!) & bits[i]!) !== 0) return false;
  }
  return true;
}

/** Whether some packet could match both. */
export function overlaps(a: FlowMatch, b: FlowMatch): boolean {
  const { words, bits } = a.mask;
  for (let i = 0; i < words.length; i++) {
    const at = b.mask.words.indexOf(words[i]!);
    if (at >= 0 && ((a.values[i]! ^ b.values[at]!) & bits[i]! & b.mask.bits[at]!) !== 0) return false;
  }
  return true;
}

export function sameMatch(a: FlowMatch, b: FlowMatch): boolean {
  return a.mask.id === b.mask.id && a.values.every((value, i) => value === b.values[i]);
}

/** Value of a field where all of its bits are given; undefined for a masked one. */
type Exact = number | undefined;

function exactValue(value: Uint8Array, mask: Uint8Array): Exact {
  if (value.length > 4 || mask.some((byte, i) => byte !== 0xff && i > 0)) return undefined;
  return value.reduce((sum, byte) => sum * 256 + byte, 0);
}

const allBits: readonly Uint8Array[] = Array.from({ length: 4 * keyWords }, (_, bytes) =>
  new Uint8Array(bytes).fill(0xff),
);

/** All bits of the field's bytes where no mask is given: unused upper bits are zero in key and packet alike. */
function maskOf(given: KnownField, field: Field): Uint8Array {
  const { name, place, rule } = field;
  const all = allBits[place.bytes]!;
  if (given.mask === undefined) return all;
  const mask = fieldBytes(given.mask, field);
  if (!rule.maskable && !isFull(mask, rule.bits)) throw refusal(BadMatchCode.BAD_MASK, `mask on ${name}`);
  return isFull(mask, rule.bits) ? all : mask;
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

const noFacts: MatchFacts = { ethType: undefined, ipProto: undefined, icmpv6Type: undefined, tagged: undefined };

function factsOf(seen: ReadonlyMap<string, Exact>): MatchFacts {
  // Whatever else has a fact needs one of these.
  if (!seen.has('eth_type') && !seen.has('vlan_vid')) return noFacts;
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
