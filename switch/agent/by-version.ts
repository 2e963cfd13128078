import type { OfpVersion } from '../../ofp/index.ts';

/** Something that changes between versions of OpenFlow: each entry holds from its version on, up to the next. */
export type ByVersion<T> = { readonly [V in OfpVersion]?: T };

/** What holds in `version`. The table must have an entry for it or for an earlier version. */
export function inVersion<T>(table: ByVersion<T>, version: OfpVersion): T {
  for (let at: number = version; at > 0; at--) {
    const found = table[at as OfpVersion];
    if (found !== undefined) return found;
  }
  throw new RangeError(`nothing holds in wire version ${version}`);
}

/** The versions that a switch speaks unless its owner says otherwise: 1.0, 1.3, 1.4 and 1.5. */
export const usualVersions: readonly OfpVersion[] = [1, 4, 5, 6];
