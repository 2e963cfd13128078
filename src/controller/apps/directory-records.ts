/**
 * What the directory holds of hosts, by their addresses. The key is the first 128 bits of SHA-256 over a kind (1: a MAC address, 2: an
 * IP address) and the address. Version 1 is in the upper half of the first byte, the kind in the lower one.
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-------+-------+-----------------------------------------------+
 * |   1   |   1   |                                               |
 * +-------+-------+                                               +
 * |                 switch where it is (64 bits)                  |
 * +               +-----------------------------------------------+
 * |               |         mobility sequence (32 bits)           |
 * +               +-----------------------------------------------+
 * |               |
 * +---------------+
 *
 * +-------+-------+---------------+-------------------------------+
 * |   1   |   2   |     flags     |                               |
 * +-------+-------+---------------+                               +
 * |                     MAC address (48 bits)                     |
 * +---------------------------------------------------------------+
 * Flags: 1, it is a router.
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
  /** Six bytes. */
  readonly mac: Uint8Array;
  readonly isRouter: boolean;
}

const Kind = { host: 0x11, address: 0x12 } as const;
const hostLength = 13;
const addressLength = 8;
const router = 1;
const macLength = 6;

/** `address`: 6 bytes of a MAC, or 4 or 16 of an IP address. */
export function keyOf(address: Uint8Array): NodeId {
  const kind = address.length === macLength ? 1 : 2;
  const digest = createHash('sha256').update(Uint8Array.of(kind)).update(address).digest('hex');
  return BigInt(`0x${digest.slice(0, 32)}`);
}

export function encodeHost({ switchId, sequence }: HostRecord): Uint8Array {
  const value = new Uint8Array(hostLength);
  const [hi, lo] = split64(switchId);
  value[0] = Kind.host;
  put32(value, 1, hi);
  put32(value, 5, lo);
  put32(value, 9, sequence);
  return value;
}

/** Undefined for anything else. */
export function decodeHost(value: Uint8Array): HostRecord | undefined {
  if (value.length !== hostLength || value[0] !== Kind.host) return undefined;
  return { switchId: join64(get32(value, 1), get32(value, 5)), sequence: get32(value, 9) };
}

export function encodeAddress({ mac, isRouter }: AddressRecord): Uint8Array {
  return Uint8Array.of(Kind.address, isRouter ? router : 0, ...mac);
}

/** Undefined for anything else, and for a group. */
export function decodeAddress(value: Uint8Array): AddressRecord | undefined {
  const isOne = ((value[2] ?? 1) & 1) === 0;
  if (value.length !== addressLength || value[0] !== Kind.address || !isOne) return undefined;
  return { mac: value.slice(2), isRouter: (value[1]! & router) !== 0 };
}
