/** Stretches of bits of a field, as `move` names them: `NXM_OF_ETH_SRC[0..15]`. */
import type { OxmId, OxmName } from '../tables/oxm-types.ts';
import { FIELD_INFO, setName, textOf } from './fields.ts';
import { fail, type Piece } from './scan.ts';

/** Names that Open vSwitch prints in a subfield: of the extension that had the field first, or of OXM. */
const HEADER_NAMES: { readonly [K in OxmName]?: string } = {
  tunnel_id: 'NXM_NX_TUN_ID',
  metadata: 'OXM_OF_METADATA',
  in_port: 'OXM_OF_IN_PORT',
  pkt_mark: 'NXM_NX_PKT_MARK',
  actset_output: 'ONFOXM_ET_ACTSET_OUTPUT',
  packet_type: 'OXM_OF_PACKET_TYPE',
  eth_src: 'NXM_OF_ETH_SRC',
  eth_dst: 'NXM_OF_ETH_DST',
  eth_type: 'NXM_OF_ETH_TYPE',
  vlan_vid: 'OXM_OF_VLAN_VID',
  vlan_pcp: 'OXM_OF_VLAN_PCP',
  mpls_label: 'OXM_OF_MPLS_LABEL',
  mpls_tc: 'OXM_OF_MPLS_TC',
  mpls_bos: 'OXM_OF_MPLS_BOS',
  ipv4_src: 'NXM_OF_IP_SRC',
  ipv4_dst: 'NXM_OF_IP_DST',
  ipv6_src: 'NXM_NX_IPV6_SRC',
  ipv6_dst: 'NXM_NX_IPV6_DST',
  ipv6_flabel: 'NXM_NX_IPV6_LABEL',
  ip_proto: 'NXM_OF_IP_PROTO',
  ip_dscp: 'OXM_OF_IP_DSCP',
  ip_ecn: 'NXM_NX_IP_ECN',
  arp_op: 'NXM_OF_ARP_OP',
  arp_spa: 'NXM_OF_ARP_SPA',
  arp_tpa: 'NXM_OF_ARP_TPA',
  arp_sha: 'NXM_NX_ARP_SHA',
  arp_tha: 'NXM_NX_ARP_THA',
  tcp_src: 'NXM_OF_TCP_SRC',
  tcp_dst: 'NXM_OF_TCP_DST',
  tcp_flags: 'NXM_NX_TCP_FLAGS',
  udp_src: 'NXM_OF_UDP_SRC',
  udp_dst: 'NXM_OF_UDP_DST',
  sctp_src: 'OXM_OF_SCTP_SRC',
  sctp_dst: 'OXM_OF_SCTP_DST',
  icmpv4_type: 'NXM_OF_ICMP_TYPE',
  icmpv4_code: 'NXM_OF_ICMP_CODE',
  icmpv6_type: 'NXM_NX_ICMPV6_TYPE',
  icmpv6_code: 'NXM_NX_ICMPV6_CODE',
  ipv6_nd_target: 'NXM_NX_ND_TARGET',
  ipv6_nd_sll: 'NXM_NX_ND_SLL',
  ipv6_nd_tll: 'NXM_NX_ND_TLL',
};

/** `reg0` is `NXM_NX_REG0`; a field without any such name goes by that of set_field. */
const headerName = (field: OxmName) =>
  HEADER_NAMES[field] ?? (/^reg\d+$/.test(field) ? `NXM_NX_${field.toUpperCase()}` : setName(field));

const FIELDS = Object.keys(FIELD_INFO) as OxmName[];
/** Names as set_field and subfields know them: `tcp_src` is one field, although a match calls it `tp_src` like others. */
export const FIELD_BY_SET_NAME: ReadonlyMap<string, OxmName> = new Map(
  [...FIELDS]
    .reverse()
    .flatMap((field) =>
      [textOf(field).match, setName(field), headerName(field), ...(textOf(field).aliases ?? [])].map(
        (name) => [name, field] as const,
      ),
    ),
);

export interface Subfield {
  readonly field: OxmName;
  /** First bit, from the least significant one, and how many. */
  readonly offset: number;
  readonly bits: number;
}

export function formatSubfield(id: OxmId, offset: number, bits: number): string {
  const isUnknown = id.field === 'unknown';
  const name = isUnknown ? `oxm_0x${id.oxmClass.toString(16)}_${id.oxmField}` : headerName(id.field);
  if (!isUnknown && offset === 0 && bits === FIELD_INFO[id.field].bits) return `${name}[]`;
  return bits === 1 ? `${name}[${offset}]` : `${name}[${offset}..${offset + bits - 1}]`;
}

/** Reads `field`, `field[]`, `field[bit]` or `field[first..last]`. @throws {OfpTextError} */
export function readSubfield(piece: Piece): Subfield {
  const match = /^([^[]+)(?:\[(?:(\d+)(?:\.\.(\d+))?)?\])?$/.exec(piece.text);
  const field = match ? FIELD_BY_SET_NAME.get(match[1]!) : undefined;
  if (!match || !field) return fail(piece, 'field[from..to]');
  const { bits } = FIELD_INFO[field];
  const offset = Number(match[2] ?? 0);
  const last = Number(match[3] ?? match[2] ?? bits - 1);
  if (offset > last || last >= bits) return fail(piece, `bits 0 to ${bits - 1}`);
  return { field, offset, bits: last - offset + 1 };
}
