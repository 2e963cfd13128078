/**
 * What the directory holds of hosts, by their addresses. The key is the first 128 bits of SHA-256 over a kind (8 bits; 1: a MAC
 * address, 2: an IP address), the VLAN (16) and the address. Version 1 is in the upper half of the first byte, the kind in the lower one.
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-------+-------+---------------+-------------------------------+
 * |   1   |   1   |       0       |                               |
 * +-------+-------+---------------+                               +
 * |        switch that says so, where it is (64 bits)             |
 * +                               +-------------------------------+
 * |                               |  mobility sequence (32 bits)  |
 * +-------------------------------+                               +
 * |                               |
 * +-------------------------------+
 *
 * +-------+-------+---------------+-------------------------------+
 * |   1   |   2   |     flags     |                               |
 * +-------+-------+---------------+                               +
 * |        switch that says so (64 bits)                          |
 * +                               +-------------------------------+
 * |                               |                               |
 * +-------------------------------+                               +
 * |                     MAC address (48 bits)                     |
 * +---------------------------------------------------------------+
 * Flags: 1, it is a router. A seal of that switch follows (768 bits), over what `sealedPart` returns.
 */
import { createHash } from 'node:crypto';
import { get32, join64, put32, split64 } from '../../../switch/packet/index.ts';
import type { NodeId } from '../../../topology/index.ts';

/** Where a MAC address is. */
export interface HostRecord {
  readonly switchId: bigint;
  readonly sequence: number;
}

/** Who has an IP address. */
export interface AddressRecord {
  /** That says so. */
  readonly switchId: bigint;
  /** Six bytes. */
  readonly mac: Uint8Array;
  readonly isRouter: boolean;
}

const Kind = { host: 0x11, address: 0x12 } as const;
const switchAt = 2;
const restAt = 10;
const hostLength = 14;
const addressLength = 16;
const router = 1;
const macLength = 6;
const sealedTag = Buffer.from('ringlet directory');

/** `address`: 6 bytes of a MAC, or 4 or 16 of an IP address; `vlan`: 0 without one. */
export function keyOf(address: Uint8Array, vlan = 0): NodeId {
  const kind = address.length === macLength ? 1 : 2;
  const digest = createHash('sha256')
    .update(Uint8Array.of(kind, vlan >> 8, vlan))
    .update(address)
    .digest('hex');
  return BigInt(`0x${digest.slice(0, 32)}`);
}

export function encodeHost({ switchId, sequence }: HostRecord): Uint8Array {
  const record = begin(Kind.host, hostLength, switchId);
  put32(record, restAt, sequence);
  return record;
}

/** Undefined for anything else. */
export function decodeHost(record: Uint8Array): HostRecord | undefined {
  if (record.length !== hostLength || record[0] !== Kind.host) return undefined;
  return { switchId: switchOf(record), sequence: get32(record, restAt) };
}

export function encodeAddress({ switchId, mac, isRouter }: AddressRecord): Uint8Array {
  const record = begin(Kind.address, addressLength, switchId);
  record[1] = isRouter ? router : 0;
  record.set(mac, restAt);
  return record;
}

/** Undefined for anything else, and for a group. */
export function decodeAddress(record: Uint8Array): AddressRecord | undefined {
  const isOne = ((record[restAt] ?? 1) & 1) === 0;
  if (record.length !== addressLength || record[0] !== Kind.address || !isOne) return undefined;
  return { switchId: switchOf(record), mac: record.slice(restAt), isRouter: (record[1]! & router) !== 0 };
}

/** What the switch of a record vouches for: the record, and for which key and version it is one. */
export function sealedPart(key: NodeId, version: number, record: Uint8Array): Uint8Array {
  const place = Buffer.from(`${key.toString(16).padStart(32, '0')}${version.toString(16).padStart(16, '0')}`, 'hex');
  return Buffer.concat([sealedTag, place, record]);
}

function begin(kind: number, length: number, switchId: bigint): Uint8Array {
  const record = new Uint8Array(length);
  const [hi, lo] = split64(switchId);
  record[0] = kind;
  put32(record, switchAt, hi);
  put32(record, switchAt + 4, lo);
  return record;
}

function switchOf(record: Uint8Array): bigint {
  return join64(get32(record, switchAt), get32(record, switchAt + 4));
}
