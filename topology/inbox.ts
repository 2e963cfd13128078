import type { LinkMessage } from './messages.ts';
import type { Parts } from './parts.ts';
import type { EdgeKind } from './policy.ts';
import type { MemberRecord } from './record.ts';
import type { NodeId } from './ring.ts';

const leastIncoming = 4;

export interface InboxOptions {
  readonly self: NodeId;
  readonly parts: Parts;
  readonly send: (peer: NodeId, message: LinkMessage) => void;
  readonly isLeaving: () => boolean;
  /** Members or their neighbours changed. */
  readonly changed: () => void;
}

type Handlers = {
  readonly [T in LinkMessage['type']]?: (peer: NodeId, message: Extract<LinkMessage, { type: T }>, now: number) => void;
};

/** What the messages of neighbours do. */
export class Inbox {
  /** Links that neighbours wanted and this node had no room for. */
  linksRefused = 0;
  readonly #options: InboxOptions;
  readonly #handlers: Handlers;

  constructor(options: InboxOptions) {
    this.#options = options;
    const { self, send, isLeaving, changed } = options;
    const { edges, planner, news, membership, neighbourhood, directory, relays } = options.parts;
    this.#handlers = {
      edge: (peer, { interest }, now) => {
        edges.wants(peer, interest, now);
        if (interest !== undefined && this.#isFull(interest)) {
          this.linksRefused += 1;
          edges.refuse(peer);
          send(peer, { type: 'refuse' });
        }
        planner.soon(now);
      },
      refuse: (peer, _, now) => {
        const edge = edges.get(peer);
        if (edge?.mine !== 'long' && edge?.mine !== 'demand') return;
        planner.refused(peer, now);
        edges.release(peer);
        planner.soon(now);
      },
      release: (peer, _, now) => edges.released(peer, isLeaving(), now),
      gossip: (peer, { records }, now) => this.#hear(peer, records, now),
      leave: (peer, { records }, now) => {
        this.#hear(peer, records, now);
        if (membership.recordOf(peer)?.state !== 'left') return;
        edges.leaves(peer);
        if (!isLeaving()) planner.promptly(peer, now);
      },
      neighbours: (peer, { ids }, now) => {
        neighbourhood.heard(peer, ids);
        const strangers = ids.filter((id) => id !== self && membership.recordOf(id) === undefined);
        for (const id of strangers) news.introduce(id, 'neighbour', now);
        // A full view takes only those that are near.
        const wanted = strangers.filter((id) => membership.has(id));
        if (wanted.length > 0) send(peer, { type: 'want', ids: wanted });
        changed();
        planner.soon(now);
      },
      want: (peer, { ids }) => news.answer(peer, ids),
      query: (peer, message, now) => directory.query(peer, message, now),
      answer: (peer, message) => directory.answer(peer, message),
      relay: (peer, message, now) => relays.receive(peer, message, now),
    };
  }

  receive(peer: NodeId, message: LinkMessage, now: number): void {
    this.#handlers[message.type]?.(peer, message as never, now);
  }

  #hear(from: NodeId, records: readonly MemberRecord[], now: number): void {
    const { parts, changed, isLeaving } = this.#options;
    const hear = () => parts.news.hear(from, records, now);
    if (isLeaving() ? hear() : parts.planner.after(hear, from, now)) changed();
  }

  #isFull(kind: EdgeKind): boolean {
    const { edges, membership } = this.#options.parts;
    if (kind !== 'long' && kind !== 'demand') return false;
    return edges.incoming(kind) > Math.max(leastIncoming, 2 * Math.floor(Math.log2(membership.estimate)));
  }
}
