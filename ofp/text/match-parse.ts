import type { OxmField, OxmName } from '../tables/oxm-types.ts';
import { andValue, FIELD_INFO, type FieldValue, fullMask, isZero, sameValue, textOf } from './fields.ts';
import { type PortNames, PROTOCOLS } from './names.ts';
import { fail, type Pair, type Piece, pairs, parseNumber, splitAt, whole } from './scan.ts';
import { readValue } from './values-parse.ts';

/**
 * Names that stand for one of several fields, whichever the rest of the match allows: a `tp_src` is the port of TCP, of
 * UDP or of SCTP, or the type of an ICMP message.
 */
const SHARED: { readonly [slot: string]: readonly OxmName[] } = {
  nw_src: ['ipv4_src', 'arp_spa'],
  nw_dst: ['ipv4_dst', 'arp_tpa'],
  nw_proto: ['ip_proto', 'arp_op'],
  tp_src: ['tcp_src', 'udp_src', 'sctp_src', 'icmpv4_type', 'icmpv6_type'],
  tp_dst: ['tcp_dst', 'udp_dst', 'sctp_dst', 'icmpv4_code', 'icmpv6_code'],
};
const SLOT_OF: ReadonlyMap<OxmName, string> = new Map(
  Object.entries(SHARED).flatMap(([slot, fields]) => fields.map((field) => [field, slot] as const)),
);

const ALL_FIELDS = Object.keys(FIELD_INFO) as OxmName[];
/** In the order of their numbers, prerequisites come first. */
const RANKS: ReadonlyMap<OxmName, number> = new Map(ALL_FIELDS.map((field, rank) => [field, rank]));

/** Each name that is read, with the field that says how its value is written. */
export const FIELD_BY_NAME: ReadonlyMap<string, OxmName> = new Map(
  // The first of several fields of one name wins, so they are put in from the last to the first.
  [...ALL_FIELDS].reverse().flatMap((field) => {
    const { match, set, aliases } = textOf(field);
    return [match, set ?? match, ...(aliases ?? [])].map((name) => [name, field] as const);
  }),
);

interface Slot {
  readonly value: FieldValue;
  readonly mask?: FieldValue;
  /** Where the text names it. */
  readonly key: Piece;
}

/** Presence of a tag, and its parts, in the tag control information. */
const TAG = 0x1000;
const VID = 0x0fff;
const PCP = 0xe000;
/** `dl_vlan` of a packet without a tag. */
const NO_VLAN = 0xffff;

/** The fields of a match as they are named one after the other; a later one of a name replaces the earlier. */
export class MatchBuilder {
  readonly #ports: PortNames | undefined;
  readonly #slots = new Map<string, Slot>();
  #tci: Tci = { value: 0, mask: 0 };
  #vlanKey: Piece = whole('');

  constructor(ports?: PortNames) {
    this.#ports = ports;
  }

  /** Takes the pair if it is a field or a protocol's keyword. @throws {OfpTextError} when its value is wrong. */
  take({ key, value }: Pair): boolean {
    if (this.#takeProtocol(key)) return true;
    const vlan = VLAN_WORDS.get(key.text);
    if (vlan) {
      this.#vlanKey = key;
      if (value.text === '*') this.#tci = { value: this.#tci.value, mask: this.#tci.mask & ~vlan.bits };
      else this.#tci = vlan.read(value, this.#tci);
      return true;
    }
    const field = key.text === 'nw_tos' ? 'ip_dscp' : FIELD_BY_NAME.get(key.text);
    if (!field) return false;
    const slot = SLOT_OF.get(field) ?? field;
    if (value.text === '') fail(key, `${key.text}=value`);
    if (value.text === '*') this.#slots.delete(slot);
    else
      this.#put(
        slot,
        field,
        key,
        key.text === 'nw_tos' ? { value: readTos(value) } : readValue(field, value, this.#ports),
      );
    return true;
  }

  /** The fields in an order in which prerequisites come first. @throws {OfpTextError} when one lacks its prerequisite. */
  finish(): OxmField[] {
    const found = new Map<OxmName, Slot>(this.#vlanFields());
    for (const [slot, content] of this.#slots) if (!(slot in SHARED)) found.set(slot as OxmName, content);
    // A protocol says which field a shared name stands for, so the shared names come in the order of the layers.
    for (const [slot, fields] of SHARED_BY_LAYER) {
      const content = this.#slots.get(slot);
      if (content)
        found.set(fields.find((field) => missing(field, found) === undefined) ?? lacking(content, found), content);
    }
    for (const [field, content] of found) if (missing(field, found)) lacking(content, found, field);
    return [...found].sort(([a], [b]) => RANKS.get(a)! - RANKS.get(b)!).map(([field, content]) => oxm(field, content));
  }

  #put(slot: string, field: OxmName, key: Piece, { value, mask }: { value: FieldValue; mask?: FieldValue }): void {
    if (mask === undefined || sameValue(mask, fullMask(field, mask))) this.#slots.set(slot, { value, key });
    else if (isZero(mask)) this.#slots.delete(slot);
    else this.#slots.set(slot, { value: andValue(value, mask), mask, key });
  }

  #takeProtocol(key: Piece): boolean {
    const protocol: { ethType: number; ipProto?: number } | undefined = PROTOCOLS.find(({ name }) => name === key.text);
    if (!protocol) return false;
    this.#slots.set('eth_type', { value: protocol.ethType, key });
    if (protocol.ipProto !== undefined) this.#slots.set('nw_proto', { value: protocol.ipProto, key });
    return true;
  }

  #vlanFields(): [OxmName, Slot][] {
    const { value, mask } = this.#tci;
    const key = this.#vlanKey;
    const fields: [OxmName, Slot][] = [];
    const vidMask = mask & (TAG | VID);
    if (vidMask === (TAG | VID)) fields.push(['vlan_vid', { value: value & vidMask, key }]);
    else if (vidMask !== 0) fields.push(['vlan_vid', { value: value & vidMask, mask: vidMask, key }]);
    const pcpMask = mask & PCP;
    const isUntagged = (value & 0xffff) === 0 && (mask & TAG) !== 0;
    if (pcpMask !== 0 && !isUntagged) {
      // There is a field for the whole priority of a packet that has a tag, and none for less.
      if (pcpMask !== PCP || (value & TAG) === 0) fail(key, 'a whole VLAN priority, of a packet with a tag');
      fields.push(['vlan_pcp', { value: value >> 13, key }]);
    }
    return fields;
  }
}

const SHARED_BY_LAYER = Object.entries(SHARED).sort(
  ([a], [b]) => Number(a.startsWith('tp')) - Number(b.startsWith('tp')),
);

function oxm(field: OxmName, { value, mask }: Slot): OxmField {
  return (mask === undefined ? { field, value } : { field, value, mask }) as OxmField;
}

/** What `field` needs and does not find among `fields`. */
export function missing(field: OxmName, fields: ReadonlyMap<OxmName, { value: FieldValue }>): string | undefined {
  for (const [name, values] of FIELD_INFO[field].needs ?? []) {
    const needed = fields.get(name as OxmName);
    const fits = needed !== undefined && (values.length === 0 || values.includes(Number(needed.value)));
    if (!fits)
      return values.length === 0 ? name : `${name}=${values.map((value) => `0x${value.toString(16)}`).join(' or ')}`;
  }
  return undefined;
}

/** Refuses a field for its lack of a prerequisite; of a shared name, that of the field which it means first. */
function lacking({ key }: Slot, fields: ReadonlyMap<OxmName, Slot>, field = FIELD_BY_NAME.get(key.text)!): never {
  return fail(key, `${missing(field, fields)} with ${key.text}`);
}

function readTos(piece: Piece): number {
  const tos = parseNumber(piece, 8);
  return (tos & 3) === 0 ? tos >> 2 : fail(piece, 'a type of service with the last two bits zero');
}

type Tci = { value: number; mask: number };

const exact = (tci: Tci, bits: number, value: number): Tci => masked(tci, bits, value, bits);
const masked = (tci: Tci, bits: number, value: number, mask: number): Tci => ({
  value: (tci.value & ~bits) | (value & mask & bits),
  mask: (tci.mask & ~bits) | (mask & bits),
});

function readVlanMask(piece: Piece): Tci {
  const [value, mask] = splitAt(piece, '/');
  return { value: parseNumber(value, 16), mask: mask ? parseNumber(mask, 16) : 0xffff };
}

/** Names of parts of the tag: what of it they stand for, and how they are read. */
const VLAN_WORDS = new Map<string, { readonly bits: number; read(piece: Piece, tci: Tci): Tci }>(
  Object.entries({
    dl_vlan: {
      bits: TAG | VID,
      read: (piece, tci) => {
        const vid = parseNumber(piece, 16);
        if (vid === NO_VLAN) return exact(tci, TAG | VID, 0);
        return vid <= VID ? exact(tci, TAG | VID, vid | TAG) : fail(piece, 'a VLAN id of 12 bits, or 0xffff');
      },
    },
    vlan_vid: {
      bits: TAG | VID,
      read: (piece, tci) => {
        const { value, mask } = readVlanMask(piece);
        return (value & PCP) === 0 ? masked(tci, TAG | VID, value, mask) : fail(piece, 'a value of at most 13 bits');
      },
    },
    dl_vlan_pcp: { bits: PCP, read: readPcp },
    vlan_pcp: { bits: PCP, read: readPcp },
    vlan_tci: {
      bits: 0xffff,
      read: (piece) => {
        const { value, mask } = readVlanMask(piece);
        return { value: value & mask, mask };
      },
    },
  }),
);

function readPcp(piece: Piece, tci: Tci): Tci {
  const pcp = parseNumber(piece, 8);
  return pcp < 8 ? exact(tci, PCP | TAG, (pcp << 13) | TAG) : fail(piece, 'a VLAN priority of 0 to 7');
}

/**
 * Reads a match such as `tcp,in_port=1,nw_dst=10.0.0.0/8,tp_dst=80`.
 *
 * @throws {OfpTextError} for anything that is not a field, a value that is wrong, or a missing prerequisite.
 */
export function parseMatch(text: string, ports?: PortNames): OxmField[] {
  const builder = new MatchBuilder(ports);
  for (const pair of pairs(whole(text))) if (!builder.take(pair)) fail(pair.key, 'a match field');
  return builder.finish();
}
