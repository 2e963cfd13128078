import { existsSync, readFileSync } from 'node:fs';

/** The version in package.json, which lies above this file both in the source tree and in the compiled one. */
export function version(): string {
  let folder = new URL('..', import.meta.url);
  while (!existsSync(new URL('package.json', folder)) && folder.pathname !== '/') folder = new URL('..', folder);
  const manifest: { version: string } = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'));
  return manifest.version;
}
