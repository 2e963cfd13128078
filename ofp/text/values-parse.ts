import type { OxmName } from '../tables/oxm-types.ts';
import { parseIpv4, parseIpv6, parseMac, prefixMask } from './addresses.ts';
import {
  CT_STATE_NAMES,
  FIELD_INFO,
  type FieldValue,
  type Form,
  FRAGMENTS,
  fullMask,
  TCP_FLAG_NAMES,
  textOf,
} from './fields.ts';
import { type PortNames, portNumber } from './names.ts';
import { cut, fail, type Piece, parseBig, parseNumber, splitAt } from './scan.ts';

/** What was read for a field. A mask of all ones is left out. */
export interface ReadValue {
  readonly value: FieldValue;
  readonly mask?: FieldValue;
}

interface Context {
  readonly field: OxmName;
  readonly ports: PortNames | undefined;
}
type Reader = (piece: Piece, context: Context) => ReadValue;

/** `value` or `value/mask`, each read by `one`; `prefix` reads a mask that is a number of bits. */
function masked(
  one: (piece: Piece, context: Context) => FieldValue,
  prefix?: (length: number, piece: Piece) => FieldValue,
): Reader {
  return (piece, context) => {
    const [value, mask] = splitAt(piece, '/');
    if (!mask) return { value: one(value, context) };
    const isPrefix = prefix && /^\d+$/.test(mask.text);
    return { value: one(value, context), mask: isPrefix ? prefix(Number(mask.text), mask) : one(mask, context) };
  };
}

function integer(piece: Piece, { field }: Context): FieldValue {
  const { kind, bits } = FIELD_INFO[field];
  // As wide as the bytes that hold it; whether the value fits the field is for the whole of it to say.
  const value = parseBig(piece, Math.ceil(bits / 8) * 8);
  return kind === 'u64' ? value : Number(value);
}

const numeric = masked(integer);

/** Flags by name, `a|b` for exactly these or `+a-b` for those that matter; or a number. */
function flags(names: readonly string[], isStrict: boolean): Reader {
  return (piece, context) => {
    if (/^[0-9]/.test(piece.text)) return numeric(piece, context);
    const bitOf = (name: Piece) => {
      const bit = names.indexOf(name.text);
      return bit >= 0 ? 1 << bit : fail(name, `one of ${names.join(', ')}`);
    };
    if (!/^[+-]/.test(piece.text)) {
      if (isStrict) return fail(piece, 'flags, each with + or -');
      let value = 0;
      let at = 0;
      for (const name of piece.text.split('|')) {
        value |= bitOf(cut(piece, at, at + name.length));
        at += name.length + 1;
      }
      return { value };
    }
    let value = 0;
    let mask = 0;
    for (const part of piece.text.matchAll(/([+-])([^+-]*)/g)) {
      const bit = bitOf(cut(piece, part.index + 1, part.index + part[0].length));
      if ((mask & bit) !== 0) return fail(cut(piece, part.index), 'each flag once');
      mask |= bit;
      if (part[1] === '+') value |= bit;
    }
    return { value, mask };
  };
}

const READERS: { readonly [F in Form]: Reader } = {
  decimal: numeric,
  hex: numeric,
  hex0: numeric,
  mac: masked((piece) => parseMac(piece.text) ?? fail(piece, 'an Ethernet address')),
  ipv4: masked(
    (piece) => parseIpv4(piece.text) ?? fail(piece, 'an IPv4 address'),
    (length, piece) => {
      if (length > 32) return fail(piece, 'a prefix length of 0 to 32');
      return length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0;
    },
  ),
  ipv6: masked(
    (piece) => parseIpv6(piece.text) ?? fail(piece, 'an IPv6 address'),
    (length, piece) => (length > 128 ? fail(piece, 'a prefix length of 0 to 128') : prefixMask(length, 16)),
  ),
  port: (piece, { ports }) => ({ value: portNumber(piece.text, ports) ?? fail(piece, 'a port number or name') }),
  tcpFlags: flags(TCP_FLAG_NAMES, false),
  ctState: flags(CT_STATE_NAMES, false),
  fragment: (piece) => {
    const name = piece.text.toLowerCase();
    return FRAGMENTS.find((fragment) => fragment.name === name) ?? fail(piece, FRAGMENTS.map((f) => f.name).join(', '));
  },
  bytes: masked((piece, { field }) => {
    const length = FIELD_INFO[field].bits / 8;
    const value = parseBig(piece, length * 8);
    return Uint8Array.from({ length }, (_, i) => Number((value >> BigInt(8 * (length - 1 - i))) & 0xffn));
  }),
  packetType: (piece) => {
    const match = /^\(([^,]*),([^)]*)\)$/.exec(piece.text);
    if (!match) return fail(piece, '(namespace,type)');
    const namespace = parseNumber({ text: match[1]!, at: piece.at + 1 }, 16);
    const type = parseNumber({ text: match[2]!, at: piece.at + 2 + match[1]!.length }, 16);
    return { value: namespace * 0x10000 + type };
  },
};

/** Fields that Open vSwitch masks although the specification has no mask for them. */
const ALSO_MASKABLE: ReadonlySet<OxmName> = new Set<OxmName>([
  'tcp_src',
  'tcp_dst',
  'udp_src',
  'udp_dst',
  'sctp_src',
  'sctp_dst',
  'ipv6_nd_target',
  'ipv6_nd_sll',
  'ipv6_nd_tll',
]);

/** A field's value, and mask if it has one. Bits that do not exist in the field are refused. */
export function readValue(field: OxmName, piece: Piece, ports?: PortNames, form: Form = textOf(field).form): ReadValue {
  const { value, mask } = READERS[form](piece, { field, ports });
  checkWidth(field, value, piece);
  if (mask === undefined) return { value };
  checkWidth(field, mask, piece);
  if (!FIELD_INFO[field].maskable && !ALSO_MASKABLE.has(field))
    return fail(piece, `no mask: ${textOf(field).match} is compared whole`);
  return { value, mask };
}

function checkWidth(field: OxmName, value: FieldValue, piece: Piece): void {
  const { bits } = FIELD_INFO[field];
  const max = fullMask(field, value);
  if (!(value instanceof Uint8Array) && value > (max as number | bigint))
    fail(piece, `a value of at most ${bits} bits`);
}
