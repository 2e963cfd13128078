import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** Six bytes, locally administered: the same for one subject on one machine in every run, and another one elsewhere. */
export function stableMac(...subject: readonly string[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of [machineName(), ...subject]) hash.update(part).update('\0');
  return Uint8Array.of(0x06, ...hash.digest().subarray(0, 5));
}

/** As Open vSwitch makes it: a MAC address behind two zero bytes. */
export function datapathIdOf(mac: Uint8Array): bigint {
  return mac.reduce((id, byte) => (id << 8n) | BigInt(byte), 0n);
}

export function formatDatapathId(id: bigint): string {
  return id.toString(16).padStart(16, '0');
}

/** 1 to 16 hex digits, with or without `0x`; anything else is undefined, as is 0, which many controllers refuse. */
export function parseDatapathId(text: string): bigint | undefined {
  if (!/^(0x)?[0-9a-fA-F]{1,16}$/.test(text)) return undefined;
  const id = BigInt(`0x${text.replace(/^0x/, '')}`);
  return id === 0n ? undefined : id;
}

function machineName(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim() || hostname();
  } catch {
    return hostname();
  }
}
