import type { OxmField, OxmName, UnknownOxm } from '../tables/oxm-types.ts';
import { type FieldValue, formatMatchValue, fullMask, isZero, MATCH_ORDER, textOf } from './fields.ts';
import { type PortNames, PROTOCOLS, type TextOptions } from './names.ts';

interface Compared {
  value: FieldValue;
  mask: FieldValue;
}
type Fields = Map<OxmName, Compared>;

/** Priority that a flow has when none is given (Open vSwitch's default, not part of the specification). */
export const DEFAULT_PRIORITY = 0x8000;

/** VLAN present, and the VLAN id with it (spec 1.3 7.2.3.7). */
const VID_PRESENT = 0x1000;
const VID_BITS = 0x0fff;

/**
 * A match as ovs-ofctl prints it, e.g. `tcp,in_port=1,nw_dst=10.0.0.0/8,tp_dst=80`; empty for one that matches all.
 * The order of the fields does not matter. A field that the table lacks prints as `oxm_CLASS_FIELD=BYTES`.
 */
export function formatMatch(match: readonly OxmField[], options: TextOptions = {}): string {
  return matchParts(match, options).join(',');
}

/** As `formatMatch`, led by `priority=N` unless that is the default. */
export function formatMatchWithPriority(
  match: readonly OxmField[],
  priority: number,
  options: TextOptions = {},
): string {
  const parts = matchParts(match, options);
  if (priority !== DEFAULT_PRIORITY) parts.unshift(`priority=${priority}`);
  return parts.join(',');
}

function matchParts(match: readonly OxmField[], { version = 4, ports }: TextOptions): string[] {
  const fields: Fields = new Map();
  const unknown: UnknownOxm[] = [];
  for (const oxm of match) {
    if (oxm.field === 'unknown') unknown.push(oxm);
    else if (oxm.mask === undefined) fields.set(oxm.field, { value: oxm.value, mask: fullMask(oxm.field, oxm.value) });
    else if (!isZero(oxm.mask)) fields.set(oxm.field, { value: oxm.value, mask: oxm.mask });
  }
  // The packet type that every Ethernet packet has goes without saying.
  if (isZero(fields.get('packet_type')?.value ?? 0)) fields.delete('packet_type');
  const placed: [rank: number, text: string][] = [];
  const protocol = takeProtocol(fields);
  if (protocol) placed.push([PROTOCOL_RANK, protocol]);
  for (const text of vlanParts(fields, version)) placed.push([rankOf('vlan_vid'), text]);
  for (const [name, field] of fields) {
    if (name !== 'vlan_vid' && name !== 'vlan_pcp') placed.push([rankOf(name), onePart(name, field, ports)]);
  }
  const parts = placed.sort(([a], [b]) => a - b).map(([, text]) => text);
  for (const { oxmClass, oxmField, data } of unknown) {
    parts.push(`oxm_0x${oxmClass.toString(16)}_${oxmField}=0x${Array.from(data, hexByte).join('')}`);
  }
  return parts;
}

const RANKS: ReadonlyMap<OxmName, number> = new Map(MATCH_ORDER.map((name, rank) => [name, rank]));
const rankOf = (name: OxmName) => RANKS.get(name)!;
/** The keyword of a protocol stands before the registers. */
const PROTOCOL_RANK = rankOf('reg0') - 0.5;

const hexByte = (byte: number) => byte.toString(16).padStart(2, '0');

function onePart(name: OxmName, { value, mask }: Compared, ports: PortNames | undefined): string {
  // A 1.0 switch and its users know the DSCP as the type-of-service octet that holds it.
  if (name === 'ip_dscp') return `nw_tos=${Number(value) << 2}`;
  return `${textOf(name).match}=${formatMatchValue(name, value, mask, ports)}`;
}

/** Takes the fields that a keyword stands for out of `fields`, and returns the keyword. */
function takeProtocol(fields: Fields): string | undefined {
  const ethType = fields.get('eth_type')?.value;
  const ipProto = fields.get('ip_proto')?.value;
  const known: readonly { name: string; ethType: number; ipProto?: number }[] = PROTOCOLS;
  const protocol =
    known.find((entry) => entry.ethType === ethType && entry.ipProto !== undefined && entry.ipProto === ipProto) ??
    known.find((entry) => entry.ethType === ethType && entry.ipProto === undefined);
  if (!protocol) return undefined;
  fields.delete('eth_type');
  if (protocol.ipProto !== undefined) fields.delete('ip_proto');
  return protocol.name;
}

/** The tag control information of 1.0: priority in the upper 3 bits, then presence, then the id. */
function vlanParts(fields: Fields, version: number): string[] {
  const vid = fields.get('vlan_vid');
  const pcp = fields.get('vlan_pcp');
  const vidMask = Number(vid?.mask ?? 0);
  const mask = vidMask | (pcp ? 0xe000 | VID_PRESENT : 0);
  if (mask === 0) return [];
  const tci =
    ((Number(vid?.value ?? VID_PRESENT) & vidMask) | (pcp ? (Number(pcp.value) << 13) | VID_PRESENT : 0)) & mask;
  // Up to 1.1 a packet without a tag has no priority either.
  if (version < 3 && tci === 0 && mask === (VID_PRESENT | VID_BITS)) return ['vlan_tci=0x0000'];
  const idMask = mask & VID_BITS;
  const tagged = (mask & tci & VID_PRESENT) !== 0;
  if (tagged && (idMask === 0 || idMask === VID_BITS) && (idMask !== 0 || pcp)) {
    return [...(idMask !== 0 ? [`dl_vlan=${tci & VID_BITS}`] : []), ...(pcp ? [`dl_vlan_pcp=${tci >> 13}`] : [])];
  }
  const hex4 = (value: number) => `0x${value.toString(16).padStart(4, '0')}`;
  return [mask === 0xffff ? `vlan_tci=${hex4(tci)}` : `vlan_tci=${hex4(tci)}/${hex4(mask)}`];
}
