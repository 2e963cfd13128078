/**
 * The language that the protocol tables are written in, and the types that follow from them.
 *
 * A structure lists one layout for each range of versions. A layout maps field names to wire types, in wire order. A
 * name that starts with `_` is on the wire only (padding, lengths) and does not show in the value.
 */
import type { OfpVersion } from '../errors.ts';
import type { ValueOf } from './values.ts';

/** Padding, computed lengths and reserved words: present on the wire, absent from the value. */
export type HiddenWire =
  /** That many zero bytes; their content is not checked. */
  | `pad${number}`
  /** The byte length of the named later field. */
  | `len16:${string}`
  /** The byte length of this structure, counted from its first byte. */
  | 'self16'
  /** The length that the named match has in its own header, repeated here and not relied on. */
  | `size16:${string}`
  /** Zero bytes after the named field, up to the next multiple of 8 from its start. */
  | `align:${string}`
  /** Fewer than 8 bytes of padding up to the end of the enclosing TLV. */
  | 'tail';

export type Wire = HiddenWire | keyof ValueOf;

export interface Layout {
  /** First and last version that use this layout. */
  readonly versions: readonly [OfpVersion, OfpVersion];
  /** The type number on the wire, where the structure has one. */
  readonly code?: number;
  /** Sent inside an experimenter message: experimenter id and type. */
  readonly exp?: readonly [number, number];
  readonly fields: { readonly [name: string]: Wire };
}

export interface Struct {
  /** Where the structure is defined: version and section of the OpenFlow specification, or another source. */
  readonly spec: string;
  /**
   * Values for fields that the writer may leave out. A reader gets them too where the message's version lacks a field
   * that 1.3 has, so that code written for 1.3 meets the same shape in every version. Fields that 1.3 lacks are present
   * only in the versions that carry them.
   */
  readonly defaults?: { readonly [name: string]: unknown };
  readonly layouts: readonly Layout[];
}

/** Structures that are told apart by a type number, under their names. */
export interface Family {
  readonly [name: string]: Struct;
}

type FieldsOf<S extends Struct> = S['layouts'][number]['fields'];
type KeysOfAny<F> = F extends unknown ? keyof F : never;
type Shown<K> = Exclude<K & string, `_${string}`>;
type WireOf<F, K> = F extends unknown ? (K extends keyof F ? F[K] : never) : never;
type ValueAt<F, K> = WireOf<F, K> extends infer W ? (W extends keyof ValueOf ? ValueOf[W] : never) : never;
type DefaultKeys<S extends Struct> = S extends { readonly defaults: infer D } ? keyof D : never;
type Always<S extends Struct> = Shown<keyof FieldsOf<S>>;
type Any<S extends Struct> = Shown<KeysOfAny<FieldsOf<S>>>;
type Defaulted<S extends Struct> = Extract<Any<S>, DefaultKeys<S>>;
/** The layout of the reference version, 1.3. */
type Reference<S extends Struct> = Extract<
  S['layouts'][number],
  { readonly versions: readonly [1 | 2 | 3 | 4, 4 | 5 | 6] }
>;
type Filled<S extends Struct> = Extract<Defaulted<S>, keyof Reference<S>['fields']>;

type Build<S extends Struct, Required extends string> = {
  [K in Required]: ValueAt<FieldsOf<S>, K>;
} & {
  [K in Exclude<Any<S>, Required>]?: ValueAt<FieldsOf<S>, K>;
};

type Flat<T> = { [K in keyof T]: T[K] };

/** The value that a decoder makes of a structure. */
export type StructValue<S extends Struct> = Flat<Build<S, Always<S> | Filled<S>>>;

/** The value that an encoder takes: fields with a default may be left out. */
export type StructInput<S extends Struct> = Flat<Build<S, Exclude<Always<S>, Defaulted<S>>>>;

/** Union of the structures of a family, told apart by `type`. */
export type Tagged<F extends Family> = { [K in keyof F & string]: Flat<{ type: K } & StructValue<F[K]>> }[keyof F &
  string];

/** A TLV whose type number has no entry: kept as it is. */
export interface UnknownTlv {
  type: 'unknown';
  /** Type number on the wire. */
  code: number;
  /** Everything after the 4-byte header. */
  data: Uint8Array;
}
