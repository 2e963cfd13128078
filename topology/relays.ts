import type { LinkMessage } from './messages.ts';
import type { NodeId } from './ring.ts';
import type { Route, RouteMode } from './route.ts';

const maxHops = 64;

export interface RelaysOptions {
  readonly self: NodeId;
  /** Where a message that comes in a mode goes on to. */
  readonly route: (target: NodeId, mode: RouteMode) => Route;
  readonly send: (peer: NodeId, message: LinkMessage) => void;
  readonly relayed: (body: Uint8Array) => void;
}

/** Control messages from node to node over the overlay. */
export class Relays {
  /** Messages for other nodes that had no way on. */
  dropped = 0;
  readonly #options: RelaysOptions;

  constructor(options: RelaysOptions) {
    this.#options = options;
  }

  /** False when there is no way to it. One that gets stuck goes on from the other side: the ring may have a gap. */
  send(to: NodeId, body: Uint8Array): boolean {
    return this.#pass(to, body, maxHops, 'nearer');
  }

  receive({ to, hopLimit, mode, body }: Extract<LinkMessage, { type: 'relay' }>): void {
    if (to === this.#options.self) this.#options.relayed(body);
    else if (!this.#pass(to, body, hopLimit - 1, mode)) this.dropped += 1;
  }

  #pass(to: NodeId, body: Uint8Array, hopLimit: number, from: RouteMode): boolean {
    const { hops, mode } = this.#options.route(to, from);
    const hop = hopLimit <= 0 ? undefined : hops[0];
    if (hop !== undefined) this.#options.send(hop, { type: 'relay', hopLimit, mode, to, body });
    return hop !== undefined;
  }
}
