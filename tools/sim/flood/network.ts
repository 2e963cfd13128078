import { VirtualClock } from '../../../src/lib/virtual-clock.ts';
import type { FloodCopy, FloodReceipt } from '../../../switch/flood/index.ts';
import type { NodeId, Random } from '../../../topology/index.ts';
import type { Links } from './links.ts';

/** What floods on one switch: the engine that ships, or the published rule for comparison. */
export interface FloodRule {
  setPeers(ids: Iterable<NodeId>): void;
  originate(frame: Uint8Array, now: number): readonly FloodCopy[];
  receive(from: NodeId, frb: Uint8Array, now: number): FloodReceipt;
  tick(now: number): readonly FloodCopy[];
  nextTick(): number;
}

/** What links do to frames. Shares are 0 to 1, times in ms. */
export interface LinkFaults {
  readonly latencyMs: number;
  /** Added to the latency, uniformly up to this: frames overtake each other. */
  readonly jitterMs: number;
  readonly loss: number;
  readonly duplicate: number;
}

export interface FloodNetworkOptions<R extends FloodRule> {
  readonly links: Links;
  readonly rule: (self: NodeId) => R;
  readonly faults: LinkFaults;
  readonly random: Random;
  /** A flood reached a switch: its leaf ports got the frame. */
  readonly delivered: (at: NodeId, frame: Uint8Array, now: number) => void;
}

/** How often a switch looks whether something is due, as a node does. */
const tickMs = 25;

/** Flood rules alone, without bridges and controllers, on links with faults, in virtual time. */
export class FloodNetwork<R extends FloodRule> {
  readonly clock = new VirtualClock();
  readonly links: Links;
  readonly rules = new Map<NodeId, R>();
  /** Nodes that are gone without a word: their neighbours still send to them. */
  readonly dead = new Set<NodeId>();
  /** Frames of floods that switches got, by what they are: type in the header's second nibble. */
  readonly received = { data: 0, other: 0 };
  readonly #options: FloodNetworkOptions<R>;
  /** When each node ticks next. */
  readonly #ticks = new Map<NodeId, number>();

  constructor(options: FloodNetworkOptions<R>) {
    this.#options = options;
    this.links = options.links;
    for (const id of options.links.keys()) this.add(id);
  }

  get alive(): NodeId[] {
    return [...this.rules.keys()].filter((id) => !this.dead.has(id));
  }

  add(id: NodeId): void {
    this.rules.set(id, this.#options.rule(id));
    this.relink([id]);
  }

  remove(id: NodeId): void {
    this.rules.delete(id);
    this.dead.delete(id);
  }

  /** After a change of `links`: tells these nodes who their neighbours are now. */
  relink(ids: Iterable<NodeId>): void {
    for (const id of ids) this.rules.get(id)?.setPeers(this.links.get(id) ?? []);
  }

  flood(root: NodeId, frame: Uint8Array): void {
    this.#send(root, this.rules.get(root)!.originate(frame, this.clock.now()));
  }

  run(ms: number): void {
    this.clock.advance(ms);
  }

  /** Nodes that a flood of `root` can get to. */
  reachable(root: NodeId): Set<NodeId> {
    const seen = new Set([root]);
    for (const id of seen) {
      for (const peer of this.links.get(id) ?? []) if (!this.dead.has(peer) && this.rules.has(peer)) seen.add(peer);
    }
    return seen;
  }

  #arrive(from: NodeId, to: NodeId, frb: Uint8Array): void {
    const rule = this.rules.get(to);
    if (rule === undefined || this.dead.has(to)) return;
    this.received[(frb[14]! & 0xf) === 1 ? 'data' : 'other'] += 1;
    const { copies, inner } = rule.receive(from, frb, this.clock.now());
    this.#send(to, copies);
    if (inner !== undefined) this.#options.delivered(to, inner.frame, this.clock.now());
  }

  #send(from: NodeId, copies: readonly FloodCopy[]): void {
    const { faults, random } = this.#options;
    for (const { to, frb } of copies) {
      const times = (random() < faults.loss ? 0 : 1) + (random() < faults.duplicate ? 1 : 0);
      for (let i = 0; i < times; i++) {
        this.clock.after(faults.latencyMs + random() * faults.jitterMs, () => this.#arrive(from, to, frb));
      }
    }
    this.#tickLater(from);
  }

  /** Ticks go on for as long as the rule has something due. */
  #tickLater(id: NodeId): void {
    const rule = this.rules.get(id);
    if (rule === undefined) return;
    const now = this.clock.now();
    const at = Math.max(now + tickMs, rule.nextTick());
    if (at >= (this.#ticks.get(id) ?? Number.POSITIVE_INFINITY)) return;
    this.#ticks.set(id, at);
    this.clock.after(at - now, () => {
      // An earlier tick was set meanwhile, or the node is gone.
      if (this.#ticks.get(id) !== at) return;
      this.#ticks.delete(id);
      if (!this.dead.has(id) && this.rules.get(id) === rule) this.#send(id, rule.tick(this.clock.now()));
    });
  }
}
