import { Budget } from './budget.ts';
import type { LinkMessage } from './messages.ts';
import type { NodeId } from './ring.ts';
import type { Route, RouteMode } from './route.ts';

const maxHops = 64;
/** Bytes that are relayed for one neighbour: a link takes some 5 KB to be set up. What it needs itself is not to wait behind more. */
const bytesAtOnce = 512 * 1024;
const bytesPerSecond = 256 * 1024;

export interface RelaysOptions {
  readonly self: NodeId;
  /** Where a message that comes in a mode goes on to. */
  readonly route: (target: NodeId, mode: RouteMode) => Route;
  readonly send: (peer: NodeId, message: LinkMessage) => void;
  readonly relayed: (body: Uint8Array) => void;
}

/** Control messages from node to node over the overlay. */
export class Relays {
  /** Messages for other nodes that had no way on, or were too many of one neighbour. */
  dropped = 0;
  readonly #options: RelaysOptions;
  readonly #budget = new Budget(bytesAtOnce, bytesPerSecond);

  constructor(options: RelaysOptions) {
    this.#options = options;
  }

  /** False when there is no way to it. One that gets stuck goes on from the other side: the ring may have a gap. */
  send(to: NodeId, body: Uint8Array): boolean {
    return this.#pass(to, body, maxHops, 'nearer');
  }

  receive(from: NodeId, { to, hopLimit, mode, body }: Extract<LinkMessage, { type: 'relay' }>, now: number): void {
    const isTooMuch = !this.#budget.spend(from, body.length, now);
    if (isTooMuch) this.dropped += 1;
    else if (to === this.#options.self) this.#options.relayed(body);
    else if (!this.#pass(to, body, Math.min(hopLimit, maxHops) - 1, mode)) this.dropped += 1;
  }

  #pass(to: NodeId, body: Uint8Array, hopLimit: number, from: RouteMode): boolean {
    const { hops, mode } = this.#options.route(to, from);
    const hop = hopLimit <= 0 ? undefined : hops[0];
    if (hop !== undefined) this.#options.send(hop, { type: 'relay', hopLimit, mode, to, body });
    return hop !== undefined;
  }
}
