import { IpProto, KeyWord, Layer, type Packet } from '../packet/index.ts';
import type { Bucket } from './group.ts';

/** Addresses of the link layer, VLAN and type, what is between, and addresses of IP or ARP. */
const words = [
  ...[KeyWord.ETH, KeyWord.ETH + 1, KeyWord.ETH + 2, KeyWord.TYPE_VLAN, KeyWord.MPLS_LABEL, KeyWord.PBB],
  ...Array.from({ length: 8 }, (_, i) => KeyWord.SRC + i),
];
const withPorts: ReadonlySet<number> = new Set([IpProto.TCP, IpProto.UDP, IpProto.SCTP]);

/** A number for the flow that a packet belongs to, of 32 bits. Ports do not enter it where fragments may lack them. */
export function flowHash(packet: Packet, salt: number): number {
  const { key, ipProto } = packet;
  let hash = salt;
  for (const word of words) hash = mix(hash, key[word]!);
  hash = mix(hash, ipProto);
  if (withPorts.has(ipProto) && !packet.has(Layer.FRAGMENT)) hash = mix(hash, key[KeyWord.TRANSPORT]!);
  return finish(hash);
}

/**
 * The bucket for a flow, by weighted rendezvous hashing: each bucket draws a number from the flow and its own id, scaled
 * by its weight, and the best one wins. A flow moves only when the bucket it had goes or another one of more weight comes.
 */
export function selectBucket(
  buckets: readonly Bucket[],
  hash: number,
  isLive: (bucket: Bucket) => boolean,
): Bucket | undefined {
  let best: Bucket | undefined;
  let bestScore = 0;
  for (const bucket of buckets) {
    if (bucket.weight === 0 || !isLive(bucket)) continue;
    const draw = (finish(mix(hash, bucket.id + 1)) + 0.5) / 0x1_0000_0000;
    const score = -bucket.weight / Math.log(draw);
    if (best && score <= bestScore) continue;
    best = bucket;
    bestScore = score;
  }
  return best;
}

/** The mixing steps of MurmurHash3 (Austin Appleby, public domain). */
function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const h = hash ^ k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
