import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Identity } from '../../src/identity/index.ts';
import { nodeIdOf, nodeIdPattern, publicKeyPattern, verifySignature } from '../../src/lib/ed25519.ts';
import { SignatureMemory } from '../../tools/sim/signature-memory.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ringlet-identity-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const code = (expected: string) => expect.objectContaining({ name: 'IdentityError', code: expected });

describe('a node id', () => {
  it('is the first 128 bits of the SHA-256 of the public key', () => {
    // RFC 8032 section 7.1, test 1; the digest as sha256sum gives it.
    const publicKey = Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex');
    expect(nodeIdOf(publicKey.toString('base64url'))).toBe('21fe31dfa154a261626bf854046fd227');
  });

  it('differs from key to key', () => {
    const [a, b] = [Identity.generate(), Identity.generate()];
    expect(a.nodeId).toMatch(nodeIdPattern);
    expect(a.publicKey).toMatch(publicKeyPattern);
    expect(a.nodeId).toBe(nodeIdOf(a.publicKey));
    expect(a.nodeId).not.toBe(b.nodeId);
  });
});

describe('signatures', () => {
  it('follow RFC 8032', () => {
    const publicKey = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';
    const signature =
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b';
    const text = (hex: string) => Buffer.from(hex, 'hex').toString('base64url');
    expect(verifySignature(text(publicKey), new Uint8Array(0), text(signature))).toBe(true);
    expect(verifySignature(text(publicKey), Uint8Array.of(0), text(signature))).toBe(false);
    expect(verifySignature('nonsense', new Uint8Array(0), text(signature))).toBe(false);
    expect(verifySignature(text('ff'.repeat(32)), new Uint8Array(0), text(signature))).toBe(false);
  });

  it('fit the key that made them', () => {
    const [a, b] = [Identity.generate(), Identity.generate()];
    const signature = Buffer.from(a.sign(Uint8Array.of(1, 2, 3))).toString('base64url');
    expect(verifySignature(a.publicKey, Uint8Array.of(1, 2, 3), signature)).toBe(true);
    expect(verifySignature(b.publicKey, Uint8Array.of(1, 2, 3), signature)).toBe(false);
  });

  it('that a simulation remembers are as good and as bad as ever', () => {
    const [a, b] = [Identity.generate(), Identity.generate()];
    const signature = Buffer.from(a.sign(Uint8Array.of(1, 2, 3))).toString('base64url');
    const { verify } = new SignatureMemory();
    for (let times = 0; times < 2; times++) {
      expect(verify(a.publicKey, Uint8Array.of(1, 2, 3), signature)).toBe(true);
      expect(verify(b.publicKey, Uint8Array.of(1, 2, 3), signature)).toBe(false);
      expect(verify(a.publicKey, Uint8Array.of(1, 2), signature)).toBe(false);
    }
  });
});

describe('key files', () => {
  it('keep the key, for its owner alone', () => {
    const path = join(folder, 'deep', 'node.pem');
    const identity = Identity.generate();
    identity.save(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'latin1')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(readdirSync(join(folder, 'deep'))).toEqual(['node.pem']);
    expect(Identity.load(path).nodeId).toBe(identity.nodeId);
  });

  it('are never overwritten', () => {
    const path = join(folder, 'node.pem');
    const identity = Identity.generate();
    identity.save(path);
    expect(() => Identity.generate().save(path)).toThrow(code('IDENTITY_KEY_EXISTS'));
    expect(Identity.load(path).nodeId).toBe(identity.nodeId);
    expect(readdirSync(folder)).toEqual(['node.pem']);
  });

  it('are made when they are missing, and used from then on', () => {
    const path = join(folder, 'node.pem');
    const first = Identity.loadOrCreate(path);
    expect(Identity.loadOrCreate(path).nodeId).toBe(first.nodeId);
  });

  it.each([0o644, 0o640, 0o604, 0o660])('with mode %o are refused in one clear line', (mode) => {
    const path = join(folder, 'node.pem');
    Identity.generate().save(path);
    chmodSync(path, mode);
    for (const open of [() => Identity.load(path), () => Identity.loadOrCreate(path)]) {
      expect(open).toThrow(code('IDENTITY_KEY_EXPOSED'));
      expect(open).toThrow(`the key ${path} may be read by others (mode ${mode.toString(8)}): run chmod 600 ${path}`);
    }
  });

  it('that are missing, empty, or hold something else are refused', () => {
    const path = join(folder, 'node.pem');
    expect(() => Identity.load(path)).toThrow(code('IDENTITY_KEY_UNREADABLE'));
    expect(() => Identity.load(folder)).toThrow(expect.objectContaining({ name: 'IdentityError' }));
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
    for (const text of ['', 'nonsense', rsa.export({ type: 'pkcs8', format: 'pem' }), 'x'.repeat(10_000)]) {
      writeFileSync(path, text, { mode: 0o600 });
      expect(() => Identity.load(path)).toThrow(code('IDENTITY_KEY_INVALID'));
    }
  });

  it('cannot be made where there is no folder to hold them', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => Identity.loadOrCreate(join(folder, 'file', 'node.pem'))).toThrow(
      expect.objectContaining({ name: 'IdentityError' }),
    );
  });
});
