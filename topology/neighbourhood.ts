import type { LinkMessage } from './messages.ts';
import type { NodeId } from './ring.ts';
import { RouteTable } from './route.ts';

/** Neighbours are told of changed neighbours no more often. */
const listMs = 400;

export interface NeighbourhoodOptions {
  readonly self: NodeId;
  /** Ids of those a link is up with. */
  readonly neighbours: () => NodeId[];
  readonly send: (peer: NodeId, message: LinkMessage) => void;
}

/** Neighbours and their neighbours, as each tells the other, and the routes by way of them. */
export class Neighbourhood {
  readonly #options: NeighbourhoodOptions;
  /** Neighbours of neighbours, as they told. */
  readonly #theirs = new Map<NodeId, readonly NodeId[]>();
  #routes: RouteTable | undefined;
  #isListStale = false;
  #listAt = 0;

  constructor(options: NeighbourhoodOptions) {
    this.#options = options;
  }

  /** Each neighbour with its own, as far as it told. */
  get lists(): ReadonlyMap<NodeId, readonly NodeId[]> {
    return new Map(this.#options.neighbours().map((peer) => [peer, this.#theirs.get(peer) ?? []]));
  }

  /** Those that told of their neighbours. */
  get tellers(): NodeId[] {
    return [...this.#theirs.keys()];
  }

  get routes(): RouteTable {
    this.#routes ??= new RouteTable(this.#options.self, this.lists);
    return this.#routes;
  }

  /** Whether some neighbour has a link with it, as far as they told. */
  isNeighbourOfAny(id: NodeId): boolean {
    return [...this.lists.values()].some((ids) => ids.includes(id));
  }

  heard(peer: NodeId, ids: readonly NodeId[]): void {
    this.#theirs.set(peer, ids);
    this.#routes = undefined;
  }

  forget(peer: NodeId): void {
    this.#theirs.delete(peer);
  }

  /** Neighbours came or went. */
  changed(): void {
    this.#routes = undefined;
    this.#isListStale = true;
  }

  /** Tells the neighbours of changed neighbours. */
  tick(now: number): void {
    if (!this.#isListStale || now < this.#listAt) return;
    this.#isListStale = false;
    this.#listAt = now + listMs;
    const ids = this.#options.neighbours();
    for (const peer of ids) this.#options.send(peer, { type: 'neighbours', ids });
  }
}
