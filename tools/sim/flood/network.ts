import { VirtualClock } from '../../../src/lib/virtual-clock.ts';
import type { FloodCopy, FloodReceipt } from '../../../switch/flood/index.ts';
import type { NodeId, Random } from '../../../topology/index.ts';
import type { TracedFrame } from '../trace/frame-trace.ts';
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
  /** Frames that come up to `reorderMs` later than the others. */
  readonly reorder: number;
}

export const reorderMs = 200;
export const faultless: LinkFaults = { latencyMs: 20, jitterMs: 0, loss: 0, duplicate: 0, reorder: 0 };

/** A flood reached a switch: its leaf ports got the frame. */
export interface Delivery {
  readonly at: NodeId;
  /** The neighbour whose copy it was. */
  readonly from: NodeId;
  readonly frame: Uint8Array;
  readonly now: number;
}

export interface FloodNetworkOptions<R extends FloodRule> {
  readonly links: Links;
  /** `epoch`: the wall time at which it starts, as that node has it. */
  readonly rule: (self: NodeId, epoch: number) => R;
  readonly faults: LinkFaults;
  readonly random: Random;
  readonly delivered: (delivery: Delivery) => void;
  /** Hears of every frame, once it is known what became of it. */
  readonly trace?: (frame: TracedFrame) => void;
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
  /** Nodes on one side of a partition: no frame crosses to or from the others. */
  cutOff: ReadonlySet<NodeId> = new Set();
  /** Frames of floods that switches got, by what they are: type in the header's second nibble. */
  readonly received = { data: 0, other: 0 };
  readonly #options: FloodNetworkOptions<R>;
  /** When each node ticks first, of all the ticks that it is to have. */
  readonly #phases = new Map<NodeId, number>();
  /** When each node ticks next. */
  readonly #ticks = new Map<NodeId, number>();
  /** Nodes that stand still, with what waits for them. */
  readonly #paused = new Map<NodeId, (() => void)[]>();

  constructor(options: FloodNetworkOptions<R>) {
    this.#options = options;
    this.links = options.links;
    for (const id of options.links.keys()) this.add(id);
  }

  get alive(): NodeId[] {
    return [...this.rules.keys()].filter((id) => !this.dead.has(id));
  }

  /** Nodes that are alive and do not stand still. */
  get awake(): NodeId[] {
    return this.alive.filter((id) => !this.#paused.has(id));
  }

  /** A node starts, or starts anew: its neighbours see their links go and come. `clockErrorMs`: how far its wall clock is off. */
  add(id: NodeId, clockErrorMs = 0): void {
    const neighbours = this.rules.has(id) ? [...(this.links.get(id) ?? [])] : [];
    for (const peer of neighbours)
      this.rules.get(peer)?.setPeers([...this.links.get(peer)!].filter((each) => each !== id));
    this.rules.set(id, this.#options.rule(id, Math.floor(this.clock.wallTime() + clockErrorMs)));
    this.#ticks.delete(id);
    this.#phases.set(id, this.#options.random() * tickMs);
    this.relink([...neighbours, id]);
  }

  remove(id: NodeId): void {
    this.rules.delete(id);
    this.dead.delete(id);
  }

  /** A node stands still for a while, as a process that is stopped: what comes in waits. */
  pause(id: NodeId, ms: number): void {
    if (this.#paused.has(id)) return;
    this.#paused.set(id, []);
    this.clock.after(ms, () => {
      const waiting = this.#paused.get(id)!;
      this.#paused.delete(id);
      for (const task of waiting) task();
    });
  }

  /** After a change of `links`: tells these nodes who their neighbours are now. */
  relink(ids: Iterable<NodeId>): void {
    for (const id of ids) {
      this.rules.get(id)?.setPeers(this.links.get(id) ?? []);
      this.#tickLater(id);
    }
  }

  /** Returns the copies that the root sends. */
  flood(root: NodeId, frame: Uint8Array): readonly FloodCopy[] {
    const copies = this.rules.get(root)!.originate(frame, this.clock.now());
    this.#send(root, copies);
    return copies;
  }

  run(ms: number): void {
    this.clock.advance(ms);
  }

  /** Nodes that a flood of `root` can get to now. */
  reachable(root: NodeId): Set<NodeId> {
    const seen = new Set([root]);
    for (const id of seen) {
      for (const peer of this.links.get(id) ?? []) {
        if (!this.dead.has(peer) && this.rules.has(peer) && !this.#isCut(id, peer)) seen.add(peer);
      }
    }
    return seen;
  }

  #isCut(a: NodeId, b: NodeId): boolean {
    return this.cutOff.has(a) !== this.cutOff.has(b);
  }

  #arrive(from: NodeId, to: NodeId, frb: Uint8Array, sentAt: number): void {
    const now = this.clock.now();
    const rule = this.rules.get(to);
    if (rule === undefined || this.dead.has(to)) {
      this.#trace({ from, to, sentAt, at: now, fate: 'nobody there', frame: frb });
      return;
    }
    this.received[(frb[14]! & 0xf) === 1 ? 'data' : 'other'] += 1;
    const { copies, inner } = rule.receive(from, frb, now);
    this.#trace({ from, to, sentAt, at: now, fate: inner === undefined ? 'taken' : 'delivered', frame: frb });
    this.#send(to, copies);
    if (inner !== undefined) this.#options.delivered({ at: to, from, frame: inner.frame, now });
  }

  #send(from: NodeId, copies: readonly FloodCopy[]): void {
    const { faults, random } = this.#options;
    const now = this.clock.now();
    for (const { to, frb } of copies) {
      const isLost = random() < faults.loss || this.#isCut(from, to);
      if (isLost) this.#trace({ from, to, sentAt: now, at: now, fate: 'lost', frame: frb });
      const times = (isLost ? 0 : 1) + (random() < faults.duplicate && !this.#isCut(from, to) ? 1 : 0);
      for (let i = 0; i < times; i++) {
        const late = faults.reorder > 0 && random() < faults.reorder ? random() * reorderMs : 0;
        const ms = faults.latencyMs + random() * faults.jitterMs + late;
        this.clock.after(ms, () => this.#atNode(to, () => this.#arrive(from, to, frb, now)));
      }
    }
    this.#tickLater(from);
  }

  /** Ticks go on for as long as the rule has something due. */
  #tickLater(id: NodeId): void {
    const rule = this.rules.get(id);
    if (rule === undefined) return;
    const now = this.clock.now();
    const phase = this.#phases.get(id)!;
    const at = phase + tickMs * Math.ceil((Math.max(now + 1, rule.nextTick()) - phase) / tickMs);
    if (at >= (this.#ticks.get(id) ?? Number.POSITIVE_INFINITY)) return;
    this.#ticks.set(id, at);
    this.clock.after(at - now, () => {
      // An earlier tick was set meanwhile, or the node is gone.
      if (this.#ticks.get(id) !== at) return;
      this.#ticks.delete(id);
      this.#atNode(id, () => {
        if (!this.dead.has(id) && this.rules.get(id) === rule) this.#send(id, rule.tick(this.clock.now()));
      });
    });
  }

  /** Now, or when the node goes on. */
  #atNode(id: NodeId, task: () => void): void {
    const waiting = this.#paused.get(id);
    if (waiting === undefined) task();
    else waiting.push(task);
  }

  #trace(frame: TracedFrame): void {
    this.#options.trace?.(frame);
  }
}
