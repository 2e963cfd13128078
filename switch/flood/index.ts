/** Bounded flooding: broadcast over a cyclic overlay, each switch once (design section 6). */
export { type Digest, type DigestType, decodeDigest, digestTypes, encodeDigests, type FloodName } from './digest.ts';
export {
  type FloodCopy,
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
  type Frb,
  type FrbFault,
  floodEtherType,
  floodTypeOf,
  frbHeaderLength,
  initialHopLimit,
} from './frb.ts';
export { FloodWindow, type WindowVerdict, windowSize } from './window.ts';
