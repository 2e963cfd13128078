import {
  type Bucket,
  BucketNo,
  bucketProperties,
  bucketSettings,
  type Message,
  type OfpVersion,
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
    buckets: request.buckets.map((bucket, i) => inBothForms(bucket, i, request.groupType)),
    properties: request.properties ?? [],
  };
}

/** Weight and watches as members, and as the properties that 1.5 has instead. */
function inBothForms(bucket: Bucket, index: number, groupType: number): Bucket {
  const settings = bucketSettings(bucket, groupType);
  const properties = bucketProperties(settings, groupType);
  return { ...bucket, bucketId: bucket.bucketId ?? index, ...settings, properties };
}
