/** Setting and moving fields: set_field and move, and what takes their place in versions that lack them. */
import type { OfpVersion } from '../errors.ts';
import { ACTIONS } from '../tables/actions.ts';
import type { OxmField, OxmId, OxmName } from '../tables/oxm-types.ts';
import type { Action } from '../tables/values.ts';
import { andValue, FIELD_INFO, type FieldValue, fullMask, isZero, sameValue, textOf } from './fields.ts';
import type { PortNames } from './names.ts';
import type { PacketFacts } from './packet-facts.ts';
import { fail, type Piece, splitAt } from './scan.ts';
import { FIELD_BY_SET_NAME, readSubfield } from './subfields.ts';
import { readValue } from './values-parse.ts';

/** From here on actions set fields by set_field. */
export const SET_FIELD_SINCE = 3;
/** From here on set_field has a mask; Open vSwitch makes an extension of one before. */
const MASK_SINCE = 6;

export interface ActionContext {
  readonly version: OfpVersion;
  readonly ports: PortNames | undefined;
  /** What the match says of the packet; without a match, as in a packet-out, nothing is held against an action. */
  readonly facts: PacketFacts | undefined;
}

/** An action of a version that lacks it is refused at its word. */
export function available(action: Action, { version }: ActionContext, key: Piece): Action {
  const layouts: readonly { versions: readonly [number, number] }[] =
    ACTIONS[action.type as keyof typeof ACTIONS].layouts;
  const exists = layouts.some(({ versions: [from, to] }) => from <= version && version <= to);
  return exists ? action : fail(key, `an action of OpenFlow 1.${version - 1}`);
}

export const setField = (field: OxmName, value: FieldValue, mask?: FieldValue): Action => ({
  type: 'setField',
  field: (mask === undefined ? { field, value } : { field, value, mask }) as OxmField,
});

export function setTunnel(value: Piece, bits: number, { version }: ActionContext, key: Piece): Action[] {
  const id = BigInt.asUintN(64, BigInt(readValue('tunnel_id', value).value as bigint));
  if (id >> BigInt(bits) !== 0n) return fail(value, `a tunnel id of ${bits} bits`);
  return version >= FIELD_INFO.tunnel_id.since
    ? [setField('tunnel_id', id)]
    : fail(key, `an action of OpenFlow 1.${version - 1}`);
}

export function readSetField(piece: Piece, context: ActionContext, key: Piece): Action[] {
  const [value, name] = splitAt(piece, '->');
  if (!name || name.text === '') return fail(piece, 'value->field');
  const field = FIELD_BY_SET_NAME.get(name.text) ?? fail(name, 'a field');
  const text = textOf(field);
  if (text.readOnly) return fail(name, 'a field that may be set');
  const read = readValue(field, value, context.ports);
  if (context.version >= SET_FIELD_SINCE && context.version < FIELD_INFO[field].since) {
    return fail(name, `a field of OpenFlow 1.${context.version - 1}`);
  }
  context.facts?.needFor(field, key);
  const isWhole = read.mask === undefined || sameValue(read.mask, fullMask(field, read.mask));
  if (context.version < SET_FIELD_SINCE) return [asLegacy(field, read.value, isWhole, context, key)];
  if (isWhole) return [setField(field, read.value)];
  if (context.version < MASK_SINCE) return fail(value, 'a value without a mask');
  if (isZero(read.mask!)) return [];
  return [setField(field, andValue(read.value, read.mask!), read.mask)];
}

/** What 1.0 and 1.1 have instead of set_field. */
function asLegacy(field: OxmName, value: FieldValue, isWhole: boolean, context: ActionContext, key: Piece): Action {
  const make = isWhole ? LEGACY[field] : undefined;
  return make ? available(make(value), context, key) : fail(key, `an action of OpenFlow 1.${context.version - 1}`);
}

const LEGACY: { readonly [K in OxmName]?: (value: FieldValue) => Action } = {
  eth_src: (value) => ({ type: 'setDlSrc', dlAddr: value as Uint8Array }),
  eth_dst: (value) => ({ type: 'setDlDst', dlAddr: value as Uint8Array }),
  ipv4_src: (value) => ({ type: 'setNwSrc', nwAddr: Number(value) }),
  ipv4_dst: (value) => ({ type: 'setNwDst', nwAddr: Number(value) }),
  ip_dscp: (value) => ({ type: 'setNwTos', nwTos: Number(value) << 2 }),
  ip_ecn: (value) => ({ type: 'setNwEcn', nwEcn: Number(value) }),
  vlan_vid: (value) => ({ type: 'setVlanVid', vlanVid: Number(value) & 0xfff }),
  vlan_pcp: (value) => ({ type: 'setVlanPcp', vlanPcp: Number(value) }),
  mpls_label: (value) => ({ type: 'setMplsLabel', mplsLabel: Number(value) }),
  mpls_tc: (value) => ({ type: 'setMplsTc', mplsTc: Number(value) }),
  tcp_src: (value) => ({ type: 'setTpSrc', tpPort: Number(value) }),
  tcp_dst: (value) => ({ type: 'setTpDst', tpPort: Number(value) }),
  udp_src: (value) => ({ type: 'setTpSrc', tpPort: Number(value) }),
  udp_dst: (value) => ({ type: 'setTpDst', tpPort: Number(value) }),
};

/** `move:src[0..7]->dst[8..15]` of 1.5, where it is copy-field. */
export function readMove(piece: Piece, context: ActionContext, key: Piece): Action[] {
  const [from, to] = splitAt(piece, '->');
  if (!to) return fail(piece, 'source->destination');
  const [src, dst] = [readSubfield(from), readSubfield(to)];
  if (src.bits !== dst.bits) fail(to, `a destination of ${src.bits} bits`);
  if (textOf(dst.field).readOnly) fail(to, 'a field that may be set');
  for (const { field } of [src, dst]) context.facts?.needFor(field, key);
  const id = (field: OxmName): OxmId => ({ field, hasMask: false });
  const action: Action = {
    type: 'copyField',
    nBits: src.bits,
    srcOffset: src.offset,
    dstOffset: dst.offset,
    src: id(src.field),
    dst: id(dst.field),
  };
  return [available(action, context, key)];
}
