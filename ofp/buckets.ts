import { GroupType } from './constants/choices.ts';
import { GroupNo, PortNo } from './constants/limits.ts';
import type { Bucket, BucketProperty } from './tables/values.ts';

/** Watches are `ANY` where nothing is watched. */
export interface BucketSettings {
  weight: number;
  watchPort: number;
  watchGroup: number;
}

/**
 * What a bucket has as members up to 1.4, and as properties in 1.5 and in the groups of Open vSwitch for 1.0. A property
 * of weight that is left out says 1 in a select group (1.5 section 7.3.4.3).
 */
export function bucketSettings(bucket: Bucket, groupType: number): BucketSettings {
  const { weight, watchPort, watchGroup, properties } = bucket;
  if (!properties) return { weight, watchPort, watchGroup };
  const settings: BucketSettings = { weight: weight || defaultWeight(groupType), watchPort, watchGroup };
  for (const property of properties) {
    if (property.type === 'weight') settings.weight = property.weight;
    else if (property.type === 'watchPort') settings.watchPort = property.watch;
    else if (property.type === 'watchGroup') settings.watchGroup = property.watch;
  }
  return settings;
}

/** The same as properties: those that differ from what holds without them, and the weight of a select group. */
export function bucketProperties(settings: BucketSettings, groupType: number): BucketProperty[] {
  const { weight, watchPort, watchGroup } = settings;
  const properties: BucketProperty[] = [];
  if (groupType === GroupType.SELECT || weight !== 0) properties.push({ type: 'weight', weight });
  if (watchPort !== PortNo.ANY) properties.push({ type: 'watchPort', watch: watchPort });
  if (watchGroup !== GroupNo.ANY) properties.push({ type: 'watchGroup', watch: watchGroup });
  return properties;
}

export const defaultWeight = (groupType: number): number => (groupType === GroupType.SELECT ? 1 : 0);
