import type { LinkMessage } from './messages.ts';
import type { NodeId } from './ring.ts';
import type { NextHops } from './route.ts';

const maxHops = 64;

export interface RelaysOptions {
  readonly self: NodeId;
  readonly next: (target: NodeId) => NextHops;
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

  /** False when there is no way nearer to it. */
  send(to: NodeId, body: Uint8Array): boolean {
    return this.#pass(to, body, maxHops);
  }

  receive({ to, hopLimit, body }: Extract<LinkMessage, { type: 'relay' }>): void {
    if (to === this.#options.self) this.#options.relayed(body);
    else if (!this.#pass(to, body, hopLimit - 1)) this.dropped += 1;
  }

  #pass(to: NodeId, body: Uint8Array, hopLimit: number): boolean {
    const hop = hopLimit <= 0 ? undefined : this.#options.next(to)[0];
    if (hop !== undefined) this.#options.send(hop, { type: 'relay', hopLimit, to, body });
    return hop !== undefined;
  }
}
