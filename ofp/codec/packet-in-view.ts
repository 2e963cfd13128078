/**
 * A packet-in as it lies in its bytes: the members are read where they are, and nothing is allocated. For those who
 * look at a few members of many messages.
 */
import type { OfpVersion } from '../errors.ts';
import { MESSAGES } from '../tables/messages.ts';
import { fixedOffsets } from './compile.ts';
import { FAULTS, fail, port16, u16, u32, u64 } from './io.ts';

const HEADER = 8;
const TYPE = 10;
const NAME = 'packetIn';
/** The header of an in_port field: basic class, field 0, no mask, 4 bytes. */
const IN_PORT = 0x80000004;
const UNKNOWN_COOKIE = 0xffffffffffffffffn;

interface Place {
  readonly bufferId: number;
  readonly totalLen: number;
  readonly reason: number;
  /** -1 where the version does not have it. */
  readonly tableId: number;
  readonly cookie: number;
  /** Where the match begins, or the port itself in 1.0 and 1.1. */
  readonly match: number;
}

/** In 1.0 and 1.1 the port stands in the place of the match, in the midst of fixed members. */
const EARLY: { readonly [version: number]: Place & { readonly data: number } } = {
  1: { bufferId: 8, totalLen: 12, match: 14, reason: 16, tableId: -1, cookie: -1, data: 18 },
  2: { bufferId: 8, match: 12, totalLen: 20, reason: 22, tableId: 23, cookie: -1, data: 24 },
};

function placeIn(version: OfpVersion): Place {
  const early = EARLY[version];
  if (early !== undefined) return early;
  const { at, end } = fixedOffsets(MESSAGES.packetIn, version);
  const of = (name: string): number => (name in at ? HEADER + at[name]! : -1);
  return {
    bufferId: of('bufferId'),
    totalLen: of('totalLen'),
    reason: of('reason'),
    tableId: of('tableId'),
    cookie: of('cookie'),
    match: HEADER + end,
  };
}

const PLACES: readonly Place[] = ([1, 1, 2, 3, 4, 5, 6] as const).map(placeIn);

export class PacketInView {
  #bytes: Uint8Array = new Uint8Array(0);
  #place: Place = PLACES[1]!;
  /** Offset of the packet's bytes in the message. Its end is the message's. */
  dataOffset = 0;

  /**
   * Points the view at another message.
   * @throws OfpDecodeError if it is not a packet-in, or one of its lengths is wrong.
   */
  wrap(bytes: Uint8Array): this {
    if (bytes.length < HEADER || u16(bytes, 2) !== bytes.length) fail('wrong length', 2, NAME, FAULTS.requestLength);
    const version = bytes[0]!;
    const place = PLACES[version];
    if (version === 0 || place === undefined) fail(`version ${version}`, 0, NAME, FAULTS.badVersion);
    if (bytes[1] !== TYPE) fail(`type ${bytes[1]}`, 1, NAME, FAULTS.badType);
    this.dataOffset = EARLY[version]?.data ?? afterMatch(bytes, place.match);
    if (this.dataOffset > bytes.length) fail('too short', bytes.length, NAME, FAULTS.requestLength);
    this.#bytes = bytes;
    this.#place = place;
    return this;
  }

  get version(): OfpVersion {
    return this.#bytes[0] as OfpVersion;
  }

  get xid(): number {
    return u32(this.#bytes, 4);
  }

  get bufferId(): number {
    return u32(this.#bytes, this.#place.bufferId);
  }

  /** Length of the whole packet, in bytes. */
  get totalLen(): number {
    return u16(this.#bytes, this.#place.totalLen);
  }

  /** `PacketInReason` */
  get reason(): number {
    return this.#bytes[this.#place.reason]!;
  }

  /** 0 in 1.0, which has one table. */
  get tableId(): number {
    return this.#place.tableId < 0 ? 0 : this.#bytes[this.#place.tableId]!;
  }

  /** All ones where it is unknown. A bigint is allocated for it. */
  get cookie(): bigint {
    return this.#place.cookie < 0 ? UNKNOWN_COOKIE : u64(this.#bytes, this.#place.cookie);
  }

  /** The port that the packet came in by, or 0 if the match does not say. */
  get inPort(): number {
    const b = this.#bytes;
    const { match } = this.#place;
    if (b[0] === 1) return port16(b, match);
    if (b[0] === 2) return u32(b, match);
    const end = match + u16(b, match + 2);
    for (let p = match + 4; p + 8 <= end; p += 4 + b[p + 3]!) {
      if (u32(b, p) === IN_PORT) return u32(b, p + 4);
    }
    return 0;
  }
}

/** Checks the bounds of the match; the packet follows its padding and two bytes more. */
function afterMatch(b: Uint8Array, at: number): number {
  if (at + 8 > b.length) fail('too short', b.length, NAME, FAULTS.requestLength);
  const length = u16(b, at + 2);
  if (u16(b, at) !== 1) fail(`type ${u16(b, at)}`, at, 'match.type', FAULTS.matchType);
  if (length < 4) fail(`length ${length}`, at + 2, 'match.length', FAULTS.matchLength);
  return at + ((length + 7) & ~7) + 2;
}
