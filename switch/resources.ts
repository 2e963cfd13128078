/** What flow entries and buckets may refer to; asked while they are checked. */
export interface Resources {
  hasGroup(id: number): boolean;
  hasMeter(id: number): boolean;
}

export const noResources: Resources = { hasGroup: () => false, hasMeter: () => false };
