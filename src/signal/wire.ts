import { z } from 'zod';
import { nodeIdPattern, publicKeyPattern, type Signer, signaturePattern, signingInput } from '../lib/ed25519.ts';

/**
 * What a node and a rendezvous server tell each other: JSON, one object a WebSocket text message.
 *
 *     node                                        server
 *       |                    {type: challenge, v, nonce} |   on connect
 *       | {type: register, overlay, name, publicKey, sig}|   sig over nonce, overlay, name
 *       |                       {type: members, members} |   registered: who else is there
 *       |                                                |
 *       |                         {type: joined, member} |   whenever another comes
 *       |                           {type: left, nodeId} |   or goes
 *       | {type: relay, to, payload}                     |
 *       |                 {type: message, from, payload} |   to the one it is for
 *       |                                                |
 *       |                        {type: refused, reason} |   instead of members; the connection ends
 *
 * Neither side sends anything else, and node ids are not sent along with public keys: they follow from them.
 */

/** A whole message of a node; a payload is a signed envelope, with its quotes escaped. */
export const maxClientMessageBytes = 65_536;
/** A whole message of the server: `maxMembers` members fit. */
export const maxServerMessageBytes = 524_288;
/** Members of one overlay. */
export const maxMembers = 1024;
/** WebSocket close code (RFC 6455 section 7.4.2, private use): the same key registered on another connection. */
export const replacedCode = 4001;

const nodeId = z.string().regex(nodeIdPattern);
const publicKey = z.string().regex(publicKeyPattern);
const nonce = z.string().regex(publicKeyPattern);
export const overlaySchema = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/);
export const nameSchema = z.string().regex(/^[A-Za-z0-9.-]{1,63}$/);
const payload = z.string().max(maxClientMessageBytes);
const member = z.strictObject({ publicKey, name: nameSchema });

export const clientMessageSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('register'),
    overlay: overlaySchema,
    name: nameSchema,
    publicKey,
    sig: z.string().regex(signaturePattern),
  }),
  z.strictObject({ type: z.literal('relay'), to: nodeId, payload }),
]);

export const serverMessageSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('challenge'), v: z.literal(1), nonce }),
  z.strictObject({ type: z.literal('members'), members: z.array(member).max(maxMembers) }),
  z.strictObject({ type: z.literal('joined'), member }),
  z.strictObject({ type: z.literal('left'), nodeId }),
  z.strictObject({ type: z.literal('message'), from: nodeId, payload }),
  z.strictObject({ type: z.literal('refused'), reason: z.string().max(200) }),
]);

export type ClientMessage = z.infer<typeof clientMessageSchema>;
export type ServerMessage = z.infer<typeof serverMessageSchema>;
export type WireMember = z.infer<typeof member>;

/** Undefined for anything that is not a message of the schema. */
export function readMessage<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** What a registration signs: the server's nonce makes it good for one connection only. */
export function registrationInput(nonce: string, overlay: string, name: string): Uint8Array {
  return signingInput('ringlet-rendezvous-v1', [Buffer.from(nonce, 'base64url'), overlay, name]);
}

export function register(signer: Signer, nonce: string, overlay: string, name: string): ClientMessage {
  const sig = Buffer.from(signer.sign(registrationInput(nonce, overlay, name))).toString('base64url');
  return { type: 'register', overlay, name, publicKey: signer.publicKey, sig };
}
