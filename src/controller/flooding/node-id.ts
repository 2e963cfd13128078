import type { NodeId } from '../../../topology/index.ts';

const mask64 = (1n << 64n) - 1n;

/**
 * The place of a switch on the ring: its datapath id, spread evenly (the finalizer of SplitMix64, which loses nothing) so that ids that
 * follow each other do not crowd; below it the datapath id itself.
 */
export function nodeIdOf(datapathId: bigint): NodeId {
  let x = datapathId & mask64;
  x = ((x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n) & mask64;
  x = ((x ^ (x >> 27n)) * 0x94d049bb133111ebn) & mask64;
  return ((x ^ (x >> 31n)) << 64n) | (datapathId & mask64);
}
