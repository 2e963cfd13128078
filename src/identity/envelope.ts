import { z } from 'zod';
import {
  nodeIdOf,
  nodeIdPattern,
  publicKeyPattern,
  type Signer,
  signaturePattern,
  signingInput,
  verifySignature,
} from '../lib/ed25519.ts';
import { IdentityError } from './errors.ts';

/**
 * A signed envelope: what one node tells another through a courier that neither trusts. It is JSON, in this one form (members
 * in this order, no white space):
 *
 *     {"v":1,"from":PUBLIC KEY,"to":NODE ID,"link":TEXT,"seq":NUMBER,"body":TEXT,"sig":SIGNATURE}
 *
 * The signature is over `signingInput('ringlet-envelope-v1', ...)` of these parts:
 *
 *     +------------------------------+
 *     | from: raw public key     32  |   bytes
 *     | to: node id              16  |
 *     | link: UTF-8         variable |
 *     | seq: big-endian           8  |
 *     | body: UTF-8         variable |
 *     +------------------------------+
 *
 * It proves who wrote it, to whom, and for which link; it hides nothing. `link` and `seq` let the receiver refuse what a
 * courier plays again.
 */
export interface Envelope {
  /** The writer's node id. */
  readonly from: string;
  readonly publicKey: string;
  readonly link: string;
  readonly seq: number;
  readonly body: string;
}

export interface EnvelopeContent {
  /** Node id of the reader. */
  readonly to: string;
  /** Which attempt at a link this belongs to: 1 to 128 printable ASCII characters. */
  readonly link: string;
  /** A whole number that the writer raises with each envelope. */
  readonly seq: number;
  readonly body: string;
}

/** UTF-8 bytes of a whole envelope. */
export const maxEnvelopeBytes = 65_536;

const domain = 'ringlet-envelope-v1';

const content = {
  to: z.string().regex(nodeIdPattern),
  link: z.string().regex(/^[!-~]{1,128}$/),
  seq: z.int().min(0),
  body: z.string().max(maxEnvelopeBytes).refine(isWellFormed, 'not well-formed Unicode'),
};
const contentSchema = z.strictObject(content);
const envelopeSchema = z.strictObject({
  v: z.literal(1),
  from: z.string().regex(publicKeyPattern),
  ...content,
  sig: z.string().regex(signaturePattern),
});
type Fields = z.infer<typeof envelopeSchema>;

/** Throws an IdentityError when the content breaks the bounds above. */
export function sealEnvelope(signer: Signer, envelope: EnvelopeContent): string {
  const checked = contentSchema.safeParse(envelope);
  if (!checked.success) throw malformed(z.prettifyError(checked.error));
  const unsigned = { v: 1 as const, from: signer.publicKey, ...checked.data };
  const sig = Buffer.from(signer.sign(signedBytes(unsigned))).toString('base64url');
  const text = serialize({ ...unsigned, sig });
  checkSize(text);
  return text;
}

/** Throws an IdentityError for anything but an envelope that was sealed for `self` and is unchanged. */
export function openEnvelope(text: string, { self }: { readonly self: string }): Envelope {
  checkSize(text);
  const fields = parse(text);
  if (fields.to !== self) {
    throw new IdentityError('IDENTITY_ENVELOPE_WRONG_RECIPIENT', `the envelope is for ${fields.to}`);
  }
  if (!verifySignature(fields.from, signedBytes(fields), fields.sig)) {
    throw new IdentityError('IDENTITY_ENVELOPE_BAD_SIGNATURE', 'the envelope is not signed by the key in it');
  }
  const { from, link, seq, body } = fields;
  return { from: nodeIdOf(from), publicKey: from, link, seq, body };
}

function parse(text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed('not JSON');
  }
  const checked = envelopeSchema.safeParse(value);
  if (!checked.success) throw malformed('not the members that an envelope has');
  // Else a stranger could make many texts of one envelope: other escapes, members twice, white space.
  if (serialize(checked.data) !== text) throw malformed('not in the one form there is');
  return checked.data;
}

function serialize({ v, from, to, link, seq, body, sig }: Fields): string {
  return JSON.stringify({ v, from, to, link, seq, body, sig });
}

function signedBytes({ from, to, link, seq, body }: Omit<Fields, 'sig'>): Uint8Array {
  const sequence = Buffer.alloc(8);
  sequence.writeBigUInt64BE(BigInt(seq));
  return signingInput(domain, [Buffer.from(from, 'base64url'), Buffer.from(to, 'hex'), link, sequence, body]);
}

/** A lone surrogate has no UTF-8: two texts would give the same bytes to sign. */
function isWellFormed(text: string): boolean {
  return Buffer.from(text, 'utf8').toString('utf8') === text;
}

function checkSize(text: string): void {
  if (text.length > maxEnvelopeBytes || Buffer.byteLength(text) > maxEnvelopeBytes) {
    const message = `the envelope is longer than ${maxEnvelopeBytes} bytes`;
    throw new IdentityError('IDENTITY_ENVELOPE_TOO_LARGE', message);
  }
}

function malformed(what: string): IdentityError {
  return new IdentityError('IDENTITY_ENVELOPE_MALFORMED', `malformed envelope: ${what}`);
}
