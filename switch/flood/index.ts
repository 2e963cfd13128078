/** Bounded flooding: broadcast over a cyclic overlay, each switch once (design section 6). */
export {
  type Digest,
  type DigestEntry,
  type DigestHeader,
  type DigestPart,
  type DigestType,
  decodeDigest,
  digestTypes,
  encodeDigest,
  type FloodName,
  type Heard,
  packDigest,
} from './digest.ts';
export {
  type FloodCounters,
  type FloodDrop,
  FloodEngine,
  type FloodOptions,
  type FloodReceipt,
  type FloodTrace,
} from './engine.ts';
export {
  decodeFrb,
  encodeFrb,
  type FrameSource,
  type Frb,
  type FrbFault,
  floodEtherType,
  floodTypeOf,
  frbHeaderLength,
  initialHopLimit,
} from './frb.ts';
export type { FloodCopy } from './repair.ts';
export { ReversePaths } from './reverse-paths.ts';
export { rootIdleMs } from './root-log.ts';
export { FloodWindow, type WindowVerdict, windowSize } from './window.ts';
