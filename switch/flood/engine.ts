import { type Arc, arcContains, type NodeId, ringWithout, splitArc } from '../../topology/ring.ts';
import { decodeFrb, encodeFrb, type Frb, type FrbFault, initialHopLimit } from './frb.ts';
import { FloodWindow, type WindowVerdict } from './window.ts';

/** A copy to hand to the link of peer `to`. */
export interface FloodCopy {
  readonly to: NodeId;
  readonly frb: Uint8Array;
}

export interface FloodReceipt {
  readonly copies: readonly FloodCopy[];
  /** Set when this switch sees the flood for the first time: to be delivered to its leaf ports, once. */
  readonly inner?: { readonly root: NodeId; readonly frame: Uint8Array };
}

export type FloodDrop = FrbFault | WindowVerdict | 'own' | 'outside-arc' | 'hop-limit' | 'not-a-peer';

/** What this switch did with one flood; the traces of all switches together are the flood's tree. */
export interface FloodTrace {
  readonly root: NodeId;
  readonly epoch: number;
  readonly sequence: number;
  /** Undefined at the root. */
  readonly from: NodeId | undefined;
  readonly hops: number;
  readonly to: readonly NodeId[];
}

export interface FloodCounters {
  originated: number;
  accepted: number;
  copiesSent: number;
  /** Roots forgotten because the table of roots was full. */
  rootsEvicted: number;
  readonly dropped: Partial<Record<FloodDrop, number>>;
}

export interface FloodOptions {
  readonly self: NodeId;
  /** Must be higher than that of any earlier start of this node: milliseconds since 1970. */
  readonly epoch: number;
}

/** Roots whose windows are kept; the one heard longest ago makes room. */
const maxRoots = 8192;
const maxTraces = 64;

/**
 * Bounded flooding on one switch (design section 6). Pure: frames come in, copies go out.
 * Each flood is accepted once, and each copy tells its receiver which arc of the ring it has to cover.
 */
export class FloodEngine {
  readonly counters: FloodCounters = { originated: 0, accepted: 0, copiesSent: 0, rootsEvicted: 0, dropped: {} };
  readonly #self: NodeId;
  readonly #epoch: number;
  readonly #mac: Uint8Array;
  readonly #windows = new Map<NodeId, FloodWindow>();
  readonly #traces: FloodTrace[] = [];
  #peers: ReadonlySet<NodeId> = new Set();
  #sequence = 0;

  constructor(options: FloodOptions) {
    this.#self = options.self;
    this.#epoch = options.epoch;
    this.#mac = sourceMacOf(options.self);
  }

  /** Ids of the peers whose links are up now. */
  setPeers(ids: Iterable<NodeId>): void {
    this.#peers = new Set(ids);
  }

  /** Newest last. */
  get traces(): readonly FloodTrace[] {
    return this.#traces;
  }

  /** Starts a flood of a frame that came from a leaf port. */
  originate(frame: Uint8Array): FloodCopy[] {
    this.#sequence += 1;
    this.counters.originated += 1;
    const frb: Frb = {
      hopLimit: initialHopLimit,
      root: this.#self,
      epoch: this.#epoch,
      sequence: this.#sequence,
      arc: ringWithout(this.#self),
      inner: frame,
    };
    return this.#spread(frb, frb.hopLimit, undefined);
  }

  /** `from`: the peer whose link brought it. What is wrong with the frame is counted and nothing else. */
  receive(from: NodeId, frame: Uint8Array): FloodReceipt {
    const frb = decodeFrb(frame);
    if (typeof frb === 'string') return this.#drop(frb);
    if (!this.#peers.has(from)) return this.#drop('not-a-peer');
    if (frb.root === this.#self) return this.#drop('own');
    if (frb.hopLimit === 0) return this.#drop('hop-limit');
    if (!arcContains(frb.arc, this.#self)) return this.#drop('outside-arc');
    const verdict = this.#accept(frb);
    if (verdict !== 'new') return this.#drop(verdict);
    this.counters.accepted += 1;
    return {
      copies: this.#spread(frb, frb.hopLimit - 1, from),
      inner: { root: frb.root, frame: frb.inner },
    };
  }

  #spread(frb: Frb, hopLimit: number, from: NodeId | undefined): FloodCopy[] {
    const shares = hopLimit === 0 ? [] : splitArc(this.#self, frb.arc, this.#targets(from)).shares;
    const copies = shares.map(({ peer, arc }) => ({ to: peer, frb: this.#copy(frb, hopLimit, arc) }));
    this.counters.copiesSent += copies.length;
    this.#traces.push({
      root: frb.root,
      epoch: frb.epoch,
      sequence: frb.sequence,
      from,
      hops: initialHopLimit - hopLimit,
      to: copies.map(({ to }) => to),
    });
    if (this.#traces.length > maxTraces) this.#traces.shift();
    return copies;
  }

  #targets(from: NodeId | undefined): NodeId[] {
    return [...this.#peers].filter((peer) => peer !== from);
  }

  #copy(frb: Frb, hopLimit: number, arc: Arc): Uint8Array {
    return encodeFrb({ ...frb, hopLimit, arc }, this.#mac);
  }

  #accept(frb: Frb): WindowVerdict {
    const known = this.#windows.get(frb.root);
    // Taken out and put back at the end: a Map keeps its order, so that its first key is the one heard longest ago.
    this.#windows.delete(frb.root);
    this.#windows.set(frb.root, known ?? new FloodWindow(frb.epoch, frb.sequence));
    if (known) return known.accept(frb.epoch, frb.sequence);
    if (this.#windows.size > maxRoots) {
      this.#windows.delete(this.#windows.keys().next().value!);
      this.counters.rootsEvicted += 1;
    }
    return 'new';
  }

  #drop(reason: FloodDrop): FloodReceipt {
    this.counters.dropped[reason] = (this.counters.dropped[reason] ?? 0) + 1;
    return { copies: [] };
  }
}

/** Locally administered, individual, from the upper 40 bits of the node id. */
function sourceMacOf(id: NodeId): Uint8Array {
  const mac = new Uint8Array(6);
  mac[0] = 0x02;
  for (let i = 1; i < 6; i++) mac[i] = Number((id >> BigInt(128 - 8 * i)) & 0xffn);
  return mac;
}
