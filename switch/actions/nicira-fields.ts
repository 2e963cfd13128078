import { BadActionCode, decodeOxmId, ExperimenterId } from '../../ofp/index.ts';
import { get16, get32 } from '../packet/index.ts';
import { actionRefusal } from './facts.ts';

/** Subtypes of Open vSwitch's actions (its `ofp-actions.c`), of those that name match fields or are carried out here. */
export const NxAction = {
  MOVE: 6,
  LOAD: 7,
  NOTE: 8,
  MULTIPATH: 10,
  BUNDLE_LOAD: 13,
  OUTPUT_REG: 15,
  LEARN: 16,
  CONTROLLER: 20,
  PUSH: 27,
  POP: 28,
  LOAD_FIELD: 33,
  CT: 35,
  CONTROLLER2: 37,
  CLONE: 42,
} as const;

/** A run of bits that an action names. */
export interface NamedBits {
  /** Of the field's header, in the action's data. */
  readonly at: number;
  readonly name: string;
  readonly offset: number;
  /** Undefined: the whole field. */
  readonly nBits: number | undefined;
}

/** Actions in actions in actions ... */
const maxDepth = 16;
const experimenterAction = 0xffff;
/** Type, length, experimenter. */
const actionHeader = 8;
/** In Open vSwitch's own class, the whole type of service octet, where OpenFlow has its upper six bits as a field. */
const tosHeader = 0x00000a01;

type Finder = (data: Uint8Array, depth: number) => NamedBits[];

/** `data`: of the experimenter action, from its subtype on. */
const finders = new Map<number, Finder>([
  [
    NxAction.MOVE,
    (data) => {
      const [nBits, from, to] = [get16(data, 2), get16(data, 4), get16(data, 6)];
      return [bitsAt(data, 8, from, nBits), bitsAt(data, 8 + headerLength(data, 8), to, nBits)];
    },
  ],
  [NxAction.LOAD, (data) => [packedBits(data, 4, get16(data, 2))]],
  [NxAction.LOAD_FIELD, (data) => [bitsAt(data, 2, 0, undefined)]],
  [NxAction.OUTPUT_REG, (data) => [packedBits(data, 4, get16(data, 2))]],
  [NxAction.PUSH, (data) => stackBits(data)],
  [NxAction.POP, (data) => stackBits(data)],
  [NxAction.MULTIPATH, (data) => [packedBits(data, 20, get16(data, 18))]],
  [NxAction.BUNDLE_LOAD, (data) => [packedBits(data, 16, get16(data, 14))]],
  [NxAction.LEARN, learnBits],
  [
    NxAction.CT,
    (data, depth) => [
      ...(get32(data, 4) === 0 ? [] : [packedBits(data, 4, get16(data, 8))]),
      ...nestedBits(data, 16, depth),
    ],
  ],
  [NxAction.CLONE, (data, depth) => nestedBits(data, 8, depth)],
]);

/** The fields that an action of Open vSwitch names, in its order. Throws `OpenFlowRefusal` for one that makes no sense. */
export function namedBits(data: Uint8Array, depth = 0): NamedBits[] {
  if (data.length < actionHeader || depth > maxDepth) throw badLength('an action of Open vSwitch');
  return finders.get(get16(data, 0))?.(data, depth) ?? [];
}

/** A header of a field, with the experimenter where it has one. */
export function headerLength(data: Uint8Array, at: number): number {
  return get16(data, at) === 0xffff ? 8 : 4;
}

function bitsAt(data: Uint8Array, at: number, offset: number, nBits: number | undefined): NamedBits {
  if (at + 4 > data.length || at + headerLength(data, at) > data.length) throw badLength('a field');
  const isTos = get32(data, at) === tosHeader;
  return { at, name: decodeOxmId(data.subarray(at)).field, offset: isTos ? offset - 2 : offset, nBits };
}

/** Six bits for the number of bits, less one, after ten for the first. */
function packedBits(data: Uint8Array, at: number, place: number): NamedBits {
  return bitsAt(data, at, place >> 6, (place & 0x3f) + 1);
}

function stackBits(data: Uint8Array): NamedBits[] {
  const at = 4 + headerLength(data, 4);
  if (at + 2 > data.length) throw badLength('a stack action');
  return [bitsAt(data, 4, get16(data, 2), get16(data, at))];
}

function nestedBits(data: Uint8Array, first: number, depth: number): NamedBits[] {
  const found: NamedBits[] = [];
  for (let at = first; at + actionHeader <= data.length; ) {
    const length = get16(data, at + 2);
    if (length < actionHeader || at + length > data.length) throw badLength('an action in an action');
    if (get16(data, at) === experimenterAction && get32(data, at + 4) === ExperimenterId.NICIRA) {
      const inner = namedBits(data.subarray(at + actionHeader, at + length), depth + 1);
      found.push(...inner.map((bits) => ({ ...bits, at: bits.at + at + actionHeader })));
    }
    at += length;
  }
  return found;
}

/**
 * Specs of a learn action: a header of 16 bits (source in bit 13, destination in bits 12 and 11, number of bits), then the
 * source, a field or as many bits as there are, and the destination, a field or nothing.
 */
function learnBits(data: Uint8Array): NamedBits[] {
  const found: NamedBits[] = [];
  let at = 24;
  const field = (nBits: number) => {
    const bits = bitsAt(data, at, 0, nBits);
    const end = at + headerLength(data, at);
    if (end + 2 > data.length) throw badLength('a learn action');
    at = end + 2;
    return { ...bits, offset: bits.offset + get16(data, end) };
  };
  while (at + 2 <= data.length) {
    const spec = get16(data, at);
    if (spec === 0) break;
    at += 2;
    const nBits = spec & 0x7ff;
    if ((spec & 0x2000) === 0) found.push(field(nBits));
    else at += 2 * Math.ceil(nBits / 16);
    if ((spec & 0x1800) < 0x1000) found.push(field(nBits));
  }
  return found;
}

function badLength(what: string) {
  return actionRefusal(BadActionCode.BAD_LEN, `${what} is too short`);
}
