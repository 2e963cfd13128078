import { parseNodeId, switchIdOf } from '../../topology/index.ts';
import type { AnnouncementSeal } from '../controller/index.ts';
import type { Identity } from '../identity/index.ts';
import { nodeIdOf, signingInput, type VerifySignature, verifySignature } from '../lib/ed25519.ts';

const domain = 'ringlet-announcement-v1';
const keyBytes = 32;

/** Seals announcements, and records of the directory, of one overlay with the node's key: raw public key, then signature. */
export function announcementSeal(
  identity: Identity,
  overlay: string,
  verify: VerifySignature = verifySignature,
): AnnouncementSeal {
  const key = Buffer.from(identity.publicKey, 'base64url');
  const signed = (body: Uint8Array) => signingInput(domain, [overlay, body]);
  return {
    sign: (body) => Buffer.concat([key, identity.sign(signed(body))]),
    verify: (switchId, body, seal) => {
      const publicKey = Buffer.from(seal.subarray(0, keyBytes)).toString('base64url');
      const id = parseNodeId(nodeIdOf(publicKey));
      const signature = Buffer.from(seal.subarray(keyBytes)).toString('base64url');
      return id !== undefined && switchIdOf(id) === switchId && verify(publicKey, signed(body), signature);
    },
  };
}
