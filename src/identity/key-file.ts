import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { IdentityError } from './errors.ts';

/** A PEM Ed25519 key has about 120 bytes; a longer file is something else. */
const maxKeyFileBytes = 4096;
const readableByOthers = 0o077;

export function readKeyFile(path: string): string {
  const file = attempt('read', path, () => openSync(path, 'r'));
  try {
    const { mode } = fstatSync(file);
    if ((mode & readableByOthers) !== 0) {
      const octal = (mode & 0o777).toString(8);
      const text = `the key ${path} may be read by others (mode ${octal}): run chmod 600 ${path}`;
      throw new IdentityError('IDENTITY_KEY_EXPOSED', text);
    }
    const buffer = Buffer.alloc(maxKeyFileBytes);
    const length = attempt('read', path, () => readSync(file, buffer, 0, buffer.length, 0));
    return buffer.toString('latin1', 0, length);
  } finally {
    closeSync(file);
  }
}

/** Into a file of its own first, which then takes the name: nobody ever sees half a key, and no key is lost. */
export function writeKeyFile(path: string, pem: string): void {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  attempt('write', path, () => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const file = openSync(draft, 'wx', 0o600);
    try {
      writeSync(file, pem);
      fsyncSync(file);
      linkSync(draft, path);
    } finally {
      closeSync(file);
      unlinkSync(draft);
    }
  });
}

function attempt<T>(verb: 'read' | 'write', path: string, task: () => T): T {
  try {
    return task();
  } catch (cause) {
    const code = errnoOf(cause);
    if (code === 'EEXIST') throw new IdentityError('IDENTITY_KEY_EXISTS', `${path} is there already`, { cause });
    const text = `cannot ${verb} the key ${path} (${code}): check the path and its permissions`;
    throw new IdentityError('IDENTITY_KEY_UNREADABLE', text, { cause });
  }
}

function errnoOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
}
