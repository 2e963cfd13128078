import { createHash, createPublicKey, verify } from 'node:crypto';

/** Who signs, as couriers and envelopes need it. */
export interface Signer {
  /** Raw Ed25519 public key, 32 bytes, base64url. */
  readonly publicKey: string;
  /** 32 lower-case hex digits: the first 128 bits of SHA-256(public key). */
  readonly nodeId: string;
  sign(bytes: Uint8Array): Uint8Array;
}

/**
 * The one base64url text of 32 and of 64 bytes: the last character's unused bits are zero, so that no two texts stand
 * for the same bytes.
 */
export const publicKeyPattern = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;
export const signaturePattern = /^[A-Za-z0-9_-]{85}[AQgw]$/;
export const nodeIdPattern = /^[0-9a-f]{32}$/;

/** `publicKey` must match `publicKeyPattern`. */
export function nodeIdOf(publicKey: string): string {
  return createHash('sha256').update(Buffer.from(publicKey, 'base64url')).digest('hex').slice(0, 32);
}

/** False for a wrong signature and for 32 bytes that are no key. `publicKey` and `signature` are base64url. */
export function verifySignature(publicKey: string, bytes: Uint8Array, signature: string): boolean {
  if (!publicKeyPattern.test(publicKey) || !signaturePattern.test(signature)) return false;
  try {
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: publicKey }, format: 'jwk' });
    return verify(null, bytes, key, Buffer.from(signature, 'base64url'));
  } catch {
    return false;
  }
}

/** As `verifySignature`: its result depends on nothing but its arguments, so that who checks for many may remember it. */
export type VerifySignature = typeof verifySignature;

/**
 * Joins `parts` so that no other parts give the same bytes: the domain, a zero byte, then each part behind its length.
 *
 *      0                   1
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +---------------------------------------------------------------+
 *     |   domain, ASCII (variable)        ...         | 0x00          |
 *     +---------------------------------------------------------------+
 *     |   length of part 1, big-endian (32)                           |   repeated
 *     +---------------------------------------------------------------+   for each
 *     |   part 1 (variable)               ...                         |   part
 *     +---------------------------------------------------------------+
 *
 * The domain says what the signature is for, so that one made for something else never fits.
 */
export function signingInput(domain: string, parts: readonly (string | Uint8Array)[]): Uint8Array {
  const pieces: Uint8Array[] = [Buffer.from(`${domain}\0`, 'latin1')];
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part, 'utf8') : part;
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    pieces.push(length, bytes);
  }
  return Buffer.concat(pieces);
}
