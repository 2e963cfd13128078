/** Values of match fields. */
import type { OVS_FIELDS, OXM_FIELDS } from './oxm.ts';

type Fields = typeof OXM_FIELDS & typeof OVS_FIELDS;

interface OxmValueOf {
  u8: number;
  u16: number;
  u24: number;
  u32: number;
  u64: bigint;
  mac: Uint8Array;
  ipv6: Uint8Array;
  u128: Uint8Array;
  bytes: Uint8Array;
}

/** Every match field, of the standard and of Open vSwitch. */
export type OxmName = keyof Fields;
/** The match fields of the standard. */
export type StandardOxmName = keyof typeof OXM_FIELDS;

/** Number, bigint or bytes, as the field's kind says. */
export type OxmValue<K extends OxmName> = OxmValueOf[Fields[K]['kind']];

/** One field of the table, with its value and, if it has one, its mask (a 1 bit is compared). */
export interface KnownOxm<K extends OxmName> {
  field: K;
  value: OxmValue<K>;
  mask?: OxmValue<K>;
}

/** A field that the table does not have, kept as it is. */
export interface UnknownOxm {
  field: 'unknown';
  oxmClass: number;
  oxmField: number;
  hasMask: boolean;
  /** Everything after the 4-byte header. */
  data: Uint8Array;
}

export type OxmField = { [K in OxmName]: KnownOxm<K> }[OxmName] | UnknownOxm;

/** A field named without a value, as table features and copy-field do. */
export type OxmId =
  /** `length`: of a field that may have any, in bytes, with the mask. */
  | { field: OxmName; hasMask: boolean; length?: number }
  | { field: 'unknown'; oxmClass: number; oxmField: number; hasMask: boolean; length: number; experimenter?: number };
