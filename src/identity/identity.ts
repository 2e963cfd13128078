import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { nodeIdOf, type Signer } from '../lib/ed25519.ts';
import { IdentityError } from './errors.ts';
import { readKeyFile, writeKeyFile } from './key-file.ts';

/** DER of an Ed25519 private key up to its 32 bytes (RFC 8410, section 7). */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');

/** A node's Ed25519 key pair, and the id that follows from it. */
export class Identity implements Signer {
  readonly publicKey: string;
  readonly nodeId: string;
  readonly #privateKey: KeyObject;

  private constructor(privateKey: KeyObject) {
    this.#privateKey = privateKey;
    const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
    if (x === undefined) throw new Error('an Ed25519 key without a public half');
    this.publicKey = x;
    this.nodeId = nodeIdOf(x);
  }

  static generate(): Identity {
    return new Identity(generateKeyPairSync('ed25519').privateKey);
  }

  /** The key that 32 bytes of seed give (RFC 8032, 5.1.5): the same nodes in every run of a simulation. */
  static fromSeed(seed: Uint8Array): Identity {
    const key = Buffer.concat([pkcs8Prefix, seed]);
    return new Identity(createPrivateKey({ key, format: 'der', type: 'pkcs8' }));
  }

  /** Reads a PEM PKCS#8 file that nobody but its owner may read. Throws an IdentityError. */
  static load(path: string): Identity {
    const pem = readKeyFile(path);
    let key: KeyObject | undefined;
    try {
      key = createPrivateKey({ key: pem, format: 'pem' });
    } catch (cause) {
      throw invalidKey(path, cause);
    }
    if (key.asymmetricKeyType !== 'ed25519') throw invalidKey(path, undefined);
    return new Identity(key);
  }

  /** The key of the file, or a new one that is written there when there is no such file. Throws an IdentityError. */
  static loadOrCreate(path: string): Identity {
    const fresh = Identity.generate();
    try {
      fresh.save(path);
      return fresh;
    } catch (error) {
      if (error instanceof IdentityError && error.code === 'IDENTITY_KEY_EXISTS') return Identity.load(path);
      throw error;
    }
  }

  /** Writes the whole key or nothing, and never over a file that is there. Throws an IdentityError. */
  save(path: string): void {
    writeKeyFile(path, this.#privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  }

  sign(bytes: Uint8Array): Uint8Array {
    return sign(null, bytes, this.#privateKey);
  }
}

function invalidKey(path: string, cause: unknown): IdentityError {
  const text = `${path} holds no Ed25519 private key in PEM: move it away, and a new key is made`;
  return new IdentityError('IDENTITY_KEY_INVALID', text, { cause });
}
