import { encodePlace, type MemberRecord, memberStates, type NodeId, parseNodeId } from '../../topology/index.ts';
import type { Identity } from '../identity/index.ts';
import { nodeIdOf, signingInput, type VerifySignature, verifySignature } from '../lib/ed25519.ts';

/**
 * What shows that a record of a member is its own. The signature is over `signingInput('ringlet-member-v1', ...)` of overlay,
 * public key, sequence (64 bits, big-endian) with state (8 bits), place (48 bits) and name.
 *
 * +---------------------------------------------------------------+
 * |   raw Ed25519 public key (256)                                |
 * +---------------------------------------------------------------+
 * |   signature (512)                                             |
 * +---------------------------------------------------------------+
 * |   name, ASCII (up to 504)                                     |
 * +---------------------------------------------------------------+
 */
const keyBytes = 32;
const signatureBytes = 64;
const domain = 'ringlet-member-v1';
const namePattern = /^[A-Za-z0-9.-]{1,63}$/;

/** Makes and checks the proofs of one overlay's members. */
export class MemberProofs {
  readonly #identity: Identity;
  readonly #overlay: string;
  readonly #name: string;
  readonly #verify: VerifySignature;

  constructor(identity: Identity, overlay: string, name: string, verify: VerifySignature = verifySignature) {
    this.#identity = identity;
    this.#overlay = overlay;
    this.#name = name;
    this.#verify = verify;
  }

  sign(record: Omit<MemberRecord, 'proof'>): Uint8Array {
    const key = Buffer.from(this.#identity.publicKey, 'base64url');
    const signature = this.#identity.sign(this.#signed(key, record, this.#name));
    return Buffer.concat([key, signature, Buffer.from(this.#name, 'latin1')]);
  }

  /** The member's name; undefined when the record is not its own. */
  nameOf(record: MemberRecord): string | undefined {
    const { id, proof } = record;
    const key = Buffer.from(proof.subarray(0, keyBytes));
    const signature = Buffer.from(proof.subarray(keyBytes, keyBytes + signatureBytes)).toString('base64url');
    const name = Buffer.from(proof.subarray(keyBytes + signatureBytes)).toString('latin1');
    const text = key.toString('base64url');
    if (key.length !== keyBytes || !namePattern.test(name) || idOf(text) !== id) return undefined;
    return this.#verify(text, this.#signed(key, record, name), signature) ? name : undefined;
  }

  #signed(key: Uint8Array, { sequence, state, place }: Omit<MemberRecord, 'proof'>, name: string): Uint8Array {
    const number = Buffer.alloc(9);
    number.writeBigUInt64BE(BigInt(sequence));
    number[8] = memberStates.indexOf(state);
    return signingInput(domain, [this.#overlay, key, number, encodePlace(place), name]);
  }
}

function idOf(publicKey: string): NodeId | undefined {
  return parseNodeId(nodeIdOf(publicKey));
}
