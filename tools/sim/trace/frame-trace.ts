import {
  type DigestType,
  decodeDigest,
  decodeFrb,
  digestTypes,
  type FloodName,
  type Frb,
  floodTypeOf,
} from '../../../switch/flood/index.ts';
import { formatNodeId, type NodeId } from '../../../topology/index.ts';

/** One frame of a flood on one link, and what became of it. Times are virtual ms. */
export interface TracedFrame {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly sentAt: number;
  /** When it arrived; when it was sent, if it was lost. */
  readonly at: number;
  /** `delivered`: it brought the flood, and leaf ports got it. `taken`: a switch got it, but no leaf port. */
  readonly fate: 'lost' | 'nobody there' | 'taken' | 'delivered';
  readonly frame: Uint8Array;
}

const digestKinds = Object.keys(digestTypes) as DigestType[];

/** A flood's frame read: a copy of the flood, or floods that are told of or asked for. */
export type FrameContent =
  | { readonly kind: 'data'; readonly frb: Frb }
  | { readonly kind: DigestType; readonly floods: readonly FloodName[] }
  | { readonly kind: 'malformed' };

export function readFrame(frame: Uint8Array): FrameContent {
  const type = floodTypeOf(frame);
  const kind = digestKinds.find((each) => digestTypes[each] === type);
  if (kind !== undefined) {
    const digest = decodeDigest(kind, frame);
    return typeof digest === 'string' ? { kind: 'malformed' } : { kind, floods: digest.floods };
  }
  const frb = typeof type === 'string' ? type : decodeFrb(frame);
  return typeof frb === 'string' ? { kind: 'malformed' } : { kind: 'data', frb };
}

/** Whether a frame carries this flood, tells of it or asks for it. */
export function isAbout(flood: FloodName, frame: Uint8Array): boolean {
  const content = readFrame(frame);
  if (content.kind === 'malformed') return false;
  return (content.kind === 'data' ? [content.frb] : content.floods).some(
    ({ root, epoch, sequence }) => root === flood.root && epoch === flood.epoch && sequence === flood.sequence,
  );
}

/** What a frame says in a few words. */
export function describeFrame(frame: Uint8Array, nameOf: (id: NodeId) => string): string {
  const content = readFrame(frame);
  if (content.kind === 'malformed') return 'malformed';
  if (content.kind !== 'data') {
    const names = content.floods.map(({ root, sequence }) => `${nameOf(root)}/${sequence}`);
    const shown = names.length === 0 ? 'of nothing new' : names.slice(0, 3).join(' ');
    return `${content.kind.toUpperCase()} ${shown}${names.length > 3 ? ` and ${names.length - 3} more` : ''}`;
  }
  const { root, sequence, arc, part, lastPart } = content.frb;
  const which = lastPart === 0 ? '' : `, part ${part + 1} of ${lastPart + 1}`;
  return `FLOOD ${nameOf(root)}/${sequence}${which}${arc.start === arc.end ? ', as asked' : ''}`;
}

const shortest = 6;
const digits = 32;

/** Short names that tell nodes apart: small ids in decimal, others by their first hexadecimal digits. */
export function nodeNames(ids: Iterable<NodeId>): (id: NodeId) => string {
  const all = [...new Set(ids)];
  if (all.every((id) => id < 1_000_000n)) return (id) => String(id);
  let length = shortest;
  const isUnique = () => new Set(all.map((id) => formatNodeId(id).slice(0, length))).size === all.length;
  while (length < digits && !isUnique()) length += 1;
  return (id) => formatNodeId(id).slice(0, length);
}
