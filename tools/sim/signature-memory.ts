import { type VerifySignature, verifySignature } from '../../src/lib/ed25519.ts';

const maxResults = 1 << 16;

/** Checks each signature once, for all nodes of a simulation: of a thousand nodes each hears the same records. */
export class SignatureMemory {
  readonly #results = new Map<string, boolean>();

  readonly verify: VerifySignature = (publicKey, bytes, signature) => {
    // Keys and signatures are no text with a space in it: no two questions look the same.
    const question = `${publicKey} ${signature} ${Buffer.from(bytes).toString('latin1')}`;
    const known = this.#results.get(question);
    if (known !== undefined) return known;
    const result = verifySignature(publicKey, bytes, signature);
    if (this.#results.size >= maxResults) this.#results.clear();
    this.#results.set(question, result);
    return result;
  };
}
