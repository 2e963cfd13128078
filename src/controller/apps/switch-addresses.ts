/** Addresses of a switch that speaks for itself. */

/** Locally administered, individual, from the upper 40 bits of the switch id. */
export function switchMac(switchId: bigint): Uint8Array {
  return Uint8Array.from({ length: 6 }, (_, i) => (i === 0 ? 0x02 : Number((switchId >> BigInt(64 - 8 * i)) & 0xffn)));
}

/** The link-local IPv6 address that goes with it (RFC 4291 appendix A). */
export function switchLinkLocal(switchId: bigint): Uint8Array {
  const [first = 0, ...rest] = switchMac(switchId);
  return Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, first ^ 2, rest[0]!, rest[1]!, 0xff, 0xfe, ...rest.slice(2));
}
