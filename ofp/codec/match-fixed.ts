/** What the fixed matches of 1.0 and 1.1 have in common. */
import type { OxmField } from '../tables/oxm-types.ts';
import { bad } from './io.ts';

export const ARP = 0x0806;
export const IPV4 = 0x0800;
/** Value of the VLAN id for packets without a tag. */
export const VLAN_NONE = 0xffff;
export const VLAN_PRESENT = 0x1000;

export type FieldName = OxmField['field'];

/** The OXM names of the two transport ports (ICMP: type and code), by IP protocol. */
export const TRANSPORT: { readonly [proto: number]: readonly [FieldName, FieldName] } = {
  1: ['icmpv4_type', 'icmpv4_code'],
  6: ['tcp_src', 'tcp_dst'],
  17: ['udp_src', 'udp_dst'],
  132: ['sctp_src', 'sctp_dst'],
};

export interface Field {
  readonly value: unknown;
  readonly mask?: unknown;
}

/** Writes one field into the match at `o`, and gives the wildcard bits that it clears. */
export type Put = (o: number, field: Field, name: string) => number;

export function number(value: unknown, max: number, name: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > max) bad(name, value);
  return value;
}
