import type { NodeId } from '../../../topology/index.ts';

/** How a flood came to a node. */
export interface Arrival {
  readonly from: NodeId;
  /** Virtual ms since the flood began. */
  readonly afterMs: number;
  /** Links from the root. */
  readonly depth: number;
  /** Deliveries in all. */
  times: number;
}

/** One flood of a run: who was to get it, and who did. */
export class FloodLog {
  readonly number: number;
  readonly root: NodeId;
  readonly startedAt: number;
  /** All nodes that were there, dead ones among them. */
  readonly members: readonly NodeId[];
  /** Nodes that could be reached all the time; the root is not among them. */
  readonly expected: Set<NodeId>;
  readonly arrivals = new Map<NodeId, Arrival>();

  constructor(start: Pick<FloodLog, 'number' | 'root' | 'startedAt' | 'members'>, reachable: Iterable<NodeId>) {
    this.number = start.number;
    this.root = start.root;
    this.startedAt = start.startedAt;
    this.members = start.members;
    this.expected = new Set(reachable);
    this.expected.delete(start.root);
  }

  arrived(at: NodeId, from: NodeId, now: number): void {
    const before = this.arrivals.get(at);
    if (before !== undefined) before.times += 1;
    else {
      const depth = (this.arrivals.get(from)?.depth ?? 0) + 1;
      this.arrivals.set(at, { from, afterMs: now - this.startedAt, depth, times: 1 });
    }
  }

  get missed(): NodeId[] {
    return [...this.expected].filter((id) => !this.arrivals.has(id));
  }

  /** Nodes that got it more than once; the root must not get it at all. */
  get repeated(): NodeId[] {
    return [...this.arrivals].filter(([id, { times }]) => times > 1 || id === this.root).map(([id]) => id);
  }

  /** 0 to 1. */
  get coverage(): number {
    return this.expected.size === 0 ? 1 : 1 - this.missed.length / this.expected.size;
  }

  /** Until this share of the expected nodes that got it had it. */
  timeTo(share: number): number {
    const times = [...this.expected].flatMap((id) => this.arrivals.get(id)?.afterMs ?? []).sort((a, b) => a - b);
    return times[Math.ceil(times.length * share) - 1] ?? 0;
  }

  get depth(): number {
    return Math.max(0, ...[...this.arrivals.values()].map(({ depth }) => depth));
  }
}

/** The frame that is flooded: a broadcast of the local experimental EtherType 2, with the flood's number in it. */
export function numberedFrame(number: number, length: number): Uint8Array {
  const frame = new Uint8Array(length);
  frame.fill(0xff, 0, 6);
  frame.set([2, 0, 0, 0, 0, 1, 0x88, 0xb6], 6);
  new DataView(frame.buffer).setUint32(14, number);
  return frame;
}

export function numberOf(frame: Uint8Array): number {
  return new DataView(frame.buffer, frame.byteOffset, frame.byteLength).getUint32(14);
}
