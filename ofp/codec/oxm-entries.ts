/** Headers of match fields, and how their values are read and written. */
import type { OfpVersion } from '../errors.ts';
import {
  NXM_ALIASES,
  ONF_ALIASES,
  OVS_FIELDS,
  OXM_FIELDS,
  type OxmAlias,
  type OxmAliasKind,
  type OxmInfo,
} from '../tables/oxm.ts';
import { bad, copyOf, out, port16, put16, put32, put64, putFixed, putPort16, u16, u32, u64 } from './io.ts';

interface Kind {
  /** In bytes; 0 if the header says. */
  readonly size: number;
  readonly read: (b: Uint8Array, at: number, size: number) => unknown;
  readonly write: (at: number, value: unknown, field: string) => void;
}

function checked(value: unknown, max: number, field: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > max) bad(field, value);
  return value;
}

const octets = (size: number): Kind => ({
  size,
  read: (b, at) => copyOf(b, at, size),
  write: (at, value, field) => putFixed(at, value, size, field),
});

const KINDS: { readonly [K in OxmAliasKind]: Kind } = {
  u8: {
    size: 1,
    read: (b, at) => b[at],
    write: (at, value, field) => {
      out[at] = checked(value, 0xff, field);
    },
  },
  u16: { size: 2, read: u16, write: (at, value, field) => put16(at, checked(value, 0xffff, field)) },
  u24: {
    size: 3,
    read: (b, at) => (b[at]! << 16) | u16(b, at + 1),
    write: (at, value, field) => {
      const n = checked(value, 0xffffff, field);
      out[at] = n >>> 16;
      put16(at + 1, n & 0xffff);
    },
  },
  u32: { size: 4, read: u32, write: (at, value, field) => put32(at, checked(value, 0xffffffff, field)) },
  u64: { size: 8, read: u64, write: put64 },
  mac: octets(6),
  ipv6: octets(16),
  u128: octets(16),
  bytes: {
    size: 0,
    read: copyOf,
    write: (at, value, field) => {
      if (!(value instanceof Uint8Array) || value.length > 0xff) bad(field, value);
      putFixed(at, value, value.length, field);
    },
  },
  port16: { size: 2, read: port16, write: putPort16 },
  tos: {
    size: 1,
    read: (b, at) => b[at]! >> 2,
    write: (at, value, field) => {
      out[at] = checked(value, 0x3f, field) << 2;
    },
  },
};

export interface OxmEntry extends Kind {
  readonly name: string;
  readonly class: number;
  readonly code: number;
  readonly experimenter: number | undefined;
  /** Bytes of the experimenter id, before the value and counted in the length. */
  readonly prefix: number;
}

export const EXPERIMENTER_CLASS = 0xffff;
const BASIC_CLASS = 0x8000;

function entryOf(name: string, { class: oxmClass, code, experimenter, kind }: OxmInfo | OxmAlias): OxmEntry {
  return { ...KINDS[kind], name, class: oxmClass, code, experimenter, prefix: experimenter === undefined ? 0 : 4 };
}

const entriesOf = (table: { readonly [name: string]: OxmInfo | OxmAlias }): [string, OxmEntry][] =>
  Object.entries(table).map(([name, info]) => [name, entryOf(name, info)]);

/** The entries to write with: of a Nicira match, of 1.3 and 1.4, and of all others. */
const STANDARD: ReadonlyMap<unknown, OxmEntry> = new Map([...entriesOf(OXM_FIELDS), ...entriesOf(OVS_FIELDS)]);
const EXTENDED: ReadonlyMap<unknown, OxmEntry> = new Map([...STANDARD, ...entriesOf(ONF_ALIASES)] as [
  string,
  OxmEntry,
][]);
export const NXM: ReadonlyMap<unknown, OxmEntry> = new Map([...STANDARD, ...entriesOf(NXM_ALIASES)] as [
  string,
  OxmEntry,
][]);

const FIRST_STANDARD = 6;
export const entriesFor = (version: OfpVersion): ReadonlyMap<unknown, OxmEntry> =>
  version >= FIRST_STANDARD ? STANDARD : EXTENDED;

/** The basic class by field number: nearly all fields that are ever seen. */
const basic: (OxmEntry | undefined)[] = new Array(128).fill(undefined);
const byHeader = new Map<number, OxmEntry[]>();

for (const table of [OXM_FIELDS, OVS_FIELDS, NXM_ALIASES, ONF_ALIASES]) {
  for (const [, entry] of entriesOf(table)) {
    if (entry.class === BASIC_CLASS) basic[entry.code] = entry;
    const key = entry.class * 128 + entry.code;
    byHeader.set(key, [...(byHeader.get(key) ?? []), entry]);
  }
}

/**
 * Finds the entry of the header at `at`. In the classes of Open vSwitch the length is a part of what names a field: two
 * of them share a number, and a header with another length names none.
 */
export function findOxm(b: Uint8Array, at: number, end: number): OxmEntry | undefined {
  const oxmClass = u16(b, at);
  const code = b[at + 2]! >> 1;
  if (oxmClass === BASIC_CLASS) return basic[code];
  const entries = byHeader.get(oxmClass * 128 + code);
  if (entries === undefined) return undefined;
  if (oxmClass === EXPERIMENTER_CLASS) {
    if (end - at < 8) return undefined;
    const experimenter = u32(b, at + 4);
    return entries.find((e) => e.experimenter === experimenter);
  }
  const length = b[at + 3]!;
  const size = (b[at + 2]! & 1) === 0 ? length : length / 2;
  return entries.find((e) => e.size === size || (e.size === 0 && Number.isInteger(size)));
}

/** The entry that a field is written with. */
export function oxmEntry(field: unknown, version: OfpVersion): OxmEntry | undefined {
  return entriesFor(version).get(field);
}
