import { readFileSync } from 'node:fs';

/** From package.json, which lies at the top in the sources and above `dist` in a build. */
export const version: string = readVersion();

function readVersion(): string {
  for (const up of ['../../', '../../../']) {
    try {
      const text = readFileSync(new URL(`${up}package.json`, import.meta.url), 'utf8');
      return (JSON.parse(text) as { version: string }).version;
    } catch {
      // Not at this depth.
    }
  }
  return 'unknown';
}
