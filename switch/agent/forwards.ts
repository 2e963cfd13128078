import {
  type Bucket,
  BucketNo,
  type BucketProperty,
  GroupNo,
  type Message,
  type OfpVersion,
  PortNo,
} from '../../ofp/index.ts';

/** 1.4 section 7.4.6. */
export const forwardReason = { groupMod: 0, meterMod: 1 } as const;

/** A request of one version in the words of another. */
export function forwarded<M extends Message<'groupMod'> | Message<'meterMod'>>(request: M, version: OfpVersion): M {
  if (request.type === 'meterMod') return { ...request, version };
  return {
    ...request,
    version,
    commandBucketId: request.commandBucketId ?? BucketNo.ALL,
    buckets: request.buckets.map(inBothForms),
    properties: request.properties ?? [],
  };
}

/** Weight and watches as members, and as the properties that 1.5 has instead. */
function inBothForms(bucket: Bucket, index: number): Bucket {
  const known = bucket.properties ?? [];
  let { weight, watchPort, watchGroup } = bucket;
  for (const property of known) {
    if (property.type === 'weight') weight = property.weight;
    if (property.type === 'watchPort') watchPort = property.watch;
    if (property.type === 'watchGroup') watchGroup = property.watch;
  }
  const properties: BucketProperty[] = [{ type: 'weight', weight }];
  if (watchPort !== PortNo.ANY) properties.push({ type: 'watchPort', watch: watchPort });
  if (watchGroup !== GroupNo.ANY) properties.push({ type: 'watchGroup', watch: watchGroup });
  return { ...bucket, bucketId: bucket.bucketId ?? index, weight, watchPort, watchGroup, properties };
}
