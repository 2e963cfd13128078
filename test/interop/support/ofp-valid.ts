/** Values that a peer accepts: fields of the standard, no bit outside of a field, no field twice. */
import fc from 'fast-check';
import type { OfpMessage, OfpVersion } from '../../../ofp/index.ts';
import { OXM_FIELDS, type OxmInfo } from '../../../ofp/tables/oxm.ts';
import type { Options } from '../../property/ofp-codec-arbitraries.ts';

type Values = fc.Arbitrary<unknown>;
const FIELDS: { readonly [name: string]: OxmInfo } = OXM_FIELDS;

const record = (members: { readonly [name: string]: Values }): Values => fc.record(members, { noNullPrototype: true });

function fieldValue({ kind, bits }: OxmInfo): Values {
  if (kind === 'mac') return fc.uint8Array({ minLength: 6, maxLength: 6 });
  if (kind === 'ipv6') return fc.uint8Array({ minLength: 16, maxLength: 16 });
  if (kind === 'u64') return fc.bigInt({ min: 0n, max: 0xffffffffffffffffn });
  return fc.integer({ min: 0, max: 2 ** bits - 1 });
}

/** A value has no bit that its mask leaves out. */
export function maskedValue(value: unknown, mask: unknown): unknown {
  if (value instanceof Uint8Array) return value.map((o, i) => o & (mask as Uint8Array)[i]!);
  return typeof value === 'bigint' ? value & (mask as bigint) : ((value as number) & (mask as number)) >>> 0;
}

export const fieldNames = (version: OfpVersion): string[] =>
  Object.keys(FIELDS).filter((name) => FIELDS[name]!.since <= version && name !== 'packet_type');

function field(name: string, masks: boolean): Values {
  const info = FIELDS[name]!;
  const value = fieldValue(info);
  const exact = record({ field: fc.constant(name), value });
  if (!info.maskable || !masks) return exact;
  return fc.oneof(
    exact,
    fc.tuple(value, value).map(([v, mask]) => ({ field: name, value: maskedValue(v, mask), mask })),
  );
}

/** The fixed matches of 1.0 and 1.1 are left as they are. */
const match = (version: OfpVersion): Values | undefined =>
  version < 3
    ? undefined
    : fc
        .subarray(fieldNames(version), { maxLength: 5 })
        .chain((names) => fc.tuple(...names.map((n) => field(n, true))));

const oxm = (version: OfpVersion): Values => fc.constantFrom(...fieldNames(version)).chain((n) => field(n, false));

const oxmIds = (version: OfpVersion): Values =>
  fc.array(record({ field: fc.constantFrom(...fieldNames(version)), hasMask: fc.boolean() }), { maxLength: 4 });

const ascii = (max: number) => (): Values => fc.string({ unit: 'grapheme-ascii', maxLength: max });

/** Properties end where their data does only if that is a multiple of 4. */
const wholeWords = (): Values => fc.uint8Array({ maxLength: 16 }).map((d) => d.subarray(0, d.length & ~3));
const EXPERIMENTERS = [
  'portProperty',
  'portModProperty',
  'portStatsProperty',
  'queueDescProperty',
  'tableModProperty',
  'tableFeatureProperty',
  'asyncProperty',
  'bucketProperty',
  'bundleProperty',
  'bundleFeatureProperty',
  'controllerStatusProperty',
  'experimenterProperty',
];
const opaque = Object.fromEntries(
  EXPERIMENTERS.flatMap((family) =>
    ['experimenter', 'experimenterMiss', 'experimenterSlave', 'experimenterMaster'].map((type) => [
      `${family}.${type}.data`,
      wholeWords,
    ]),
  ),
);

/** A message inside another one carries the other's transaction id. */
export function sameXid(message: OfpMessage): OfpMessage {
  if (message.type !== 'bundleAddMessage') return message;
  return { ...message, message: { ...message.message, xid: message.xid } };
}

export const VALID: Pick<Options, 'overrides' | 'unknown'> = {
  unknown: false,
  overrides: {
    ...opaque,
    'band.experimenter.data': () => fc.constant(new Uint8Array(0)),
    'queueProperty.experimenter.data': () => fc.constant(new Uint8Array(0)),
    'packetIn.totalLen': () => fc.integer({ min: 80, max: 0xffff }),
    oxmId: (version) => record({ field: fc.constantFrom(...fieldNames(version)), hasMask: fc.constant(false) }),
    'packetOut.match': () => fc.integer({ min: 1, max: 1000 }).map((value) => [{ field: 'in_port', value }]),
    'packetOut.bufferId': () => fc.constant(0xffffffff),
    'error.errorType': () => fc.integer({ min: 0, max: 17 }),
    'helloElement.versionBitmap.bitmaps': () => fc.integer({ min: 1, max: 0xff }).map((w) => [w]),
    match,
    oxm,
    'oxm[]': () =>
      fc.array(record({ field: fc.constant('packet_type'), value: fc.integer({ min: 0, max: 0xffffffff }) }), {
        maxLength: 3,
      }),
    'oxmId[]': oxmIds,
    'u32?': () => fc.integer({ min: 0, max: 0xffffffff }),
    str16: ascii(15),
    str32: ascii(31),
    str256: ascii(255),
    text: ascii(30),
  },
};
