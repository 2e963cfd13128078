import { OXM_FIELDS, type OxmField, type StandardOxmName } from '../../../ofp/index.ts';
import { getKeyBytes, keyFields, type Packet } from '../../../switch/packet/index.ts';

/** What tells frames apart for people: not what is derived from other fields, nor what a frame does not carry. */
const leftOut: ReadonlySet<string> = new Set(['in_phy_port', 'metadata', 'tunnel_id', 'ipv6_exthdr', 'tcp_flags']);
const names = Object.keys(OXM_FIELDS).filter(
  (name): name is StandardOxmName => Object.hasOwn(keyFields, name) && !leftOut.has(name),
);

/** The match fields of a loaded packet, as a match on this very packet would have them. */
export function fieldsOf(packet: Packet): OxmField[] {
  const fields = new Map<string, number | bigint | Uint8Array>();
  for (const name of names) {
    const place = keyFields[name]!;
    if (place.layer !== 0 && !packet.has(place.layer)) continue;
    if (!isPossible(name, fields)) continue;
    const value = readField(name, getKeyBytes(packet.key, place.at, place.bytes));
    // That there is no tag goes without saying.
    if (name !== 'vlan_vid' || value !== 0) fields.set(name, value);
  }
  return Array.from(fields, ([field, value]) => ({ field, value }) as OxmField);
}

function isPossible(name: StandardOxmName, fields: ReadonlyMap<string, unknown>): boolean {
  if (name === 'vlan_pcp') return fields.has('vlan_vid');
  const { needs = [] } = OXM_FIELDS[name] as { needs?: readonly (readonly [string, readonly number[]])[] };
  return needs.every(
    ([needed, values]) => fields.has(needed) && (values.length === 0 || values.includes(fields.get(needed) as number)),
  );
}

function readField(name: StandardOxmName, bytes: Uint8Array): number | bigint | Uint8Array {
  const { kind } = OXM_FIELDS[name];
  if (kind === 'mac' || kind === 'ipv6') return bytes;
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}
