import type { KeyField } from './packet/index.ts';

/** What flow entries and buckets may refer to; asked while they are checked. */
export interface Resources {
  hasGroup(id: number): boolean;
  hasMeter(id: number): boolean;
  /** Where the tunnel option behind the match field `tun_metadata<index>` is in a key; undefined: nothing is. */
  option(index: number): KeyField | undefined;
}

export const noResources: Resources = { hasGroup: () => false, hasMeter: () => false, option: () => undefined };
