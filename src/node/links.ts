import type { Logger } from 'pino';
import {
  decodeLinkMessage,
  encodeLinkMessage,
  formatNodeId,
  type LinkEnd,
  type LinkMessage,
  Liveness,
  type NodeId,
  parseNodeId,
} from '../../topology/index.ts';
import { type Identity, openEnvelope, sealEnvelope } from '../identity/index.ts';
import type { Clock, Random } from '../lib/clock.ts';
import { TokenBucket } from '../lib/token-bucket.ts';
import type { Tunnel, TunnelEvents, TunnelFactory, TunnelOffer, TunnelSignal } from '../tunnel/index.ts';
import { OfferGate } from './offer-gate.ts';
import { parseTunnelSignal } from './wire.ts';

/** Who carries offers and answers: the rendezvous server, or other nodes, over their links. */
export type Courier = 'rendezvous' | 'overlay';

export interface LinkEvents {
  /** The peer offers a link: answer it? */
  offered(peer: NodeId): boolean;
  up(peer: NodeId): void;
  /** `silent`: the peer answers no more. Else the link was closed, or did not come up. */
  down(peer: NodeId, end: LinkEnd): void;
  message(peer: NodeId, message: LinkMessage): void;
  /** Every now and then: whether an answer of the peer, to which the link is up, is overdue. */
  late(peer: NodeId, isLate: boolean): void;
  /** Views that are valid only until the handler returns. */
  frames(peer: NodeId, messages: readonly Uint8Array[]): void;
  /** Few frames wait for the link any more, if it was congested. */
  drained(peer: NodeId): void;
}

export interface LinkOptions {
  readonly identity: Identity;
  readonly tunnels: TunnelFactory;
  /** Carries a sealed payload to another node; false when the courier did not take it. */
  readonly carry: (to: string, payload: string, courier: Courier) => boolean;
  readonly events: LinkEvents;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

export interface LinkCounters {
  /** Signalling that was forged, damaged or not for this node. */
  envelopesRefused: number;
  /** Signalling for a link that is gone, or repeated. */
  envelopesStale: number;
  /** Offers that were too many at once: who means it insists. */
  offersRefused: number;
  controlMalformed: number;
  /** Messages of neighbours that were too many at once. */
  controlFlooded: number;
  /** Messages for neighbours that their links did not take. */
  controlDropped: number;
}

export interface LinkView {
  readonly peer: NodeId;
  readonly tunnel: Tunnel | undefined;
  readonly up: boolean;
  readonly rttMs: number | undefined;
}

interface LinkState {
  readonly id: string;
  readonly peer: NodeId;
  readonly liveness: Liveness;
  readonly log: Logger;
  /** Undefined only while it is being made. */
  tunnel: Tunnel | undefined;
  up: boolean;
  courier: Courier;
  /** Sequences of what was taken: two couriers may bring the same. */
  readonly taken: Set<number>;
  /** What this end had carried while nothing came back: another courier may have to carry it again. */
  unanswered: string[];
  /** When that was last carried again, or began to be carried. */
  carriedAt: number;
  /** For messages of the peer. */
  readonly budget: TokenBucket;
  /** What the peer does wrong was said. */
  isAccused: boolean;
}

/** What got no answer by then is carried again, by the other courier, and then ever more seldom. */
const firstAgainMs = 300;
/** However often a courier plays an offer again, it gets an answer no more often. */
const leastAgainMs = 200;
/** A set-up takes a dozen messages. */
const maxTaken = 256;
/** Of a neighbour. Most come when nodes next to each other on the ring move the records of their directory. */
const messagesAtOnce = 8_192;
const messagesPerSecond = 4_096;

/**
 * The tunnels of a node, one for each neighbour: carries their signed offers and answers, watches over their liveness.
 * Which links there should be is the topology's business.
 */
export class Links {
  readonly counters: LinkCounters = {
    ...{ envelopesRefused: 0, envelopesStale: 0, offersRefused: 0 },
    ...{ controlMalformed: 0, controlFlooded: 0, controlDropped: 0 },
  };
  readonly #options: LinkOptions;
  readonly #links = new Map<NodeId, LinkState>();
  readonly #gate: OfferGate;
  #sequence = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#gate = new OfferGate(options.clock.now());
  }

  get all(): LinkView[] {
    return [...this.#links.values()].map(({ peer, tunnel, up, liveness }) => ({
      peer,
      tunnel,
      up,
      rttMs: liveness.rttMs,
    }));
  }

  dial(peer: NodeId, courier: Courier): void {
    const id = Math.floor(this.#options.random() * 2 ** 48)
      .toString(16)
      .padStart(12, '0');
    const link = this.#begin(peer, id, courier, (name, events) => this.#options.tunnels.dial(name, events));
    this.#insist(link, firstAgainMs);
  }

  /** Ends a link without a `down`. */
  close(peer: NodeId, reason: string): void {
    const link = this.#links.get(peer);
    if (link === undefined) return;
    this.#links.delete(peer);
    link.log.info({ reason }, 'link closed');
    link.tunnel?.close(reason);
  }

  closeAll(reason: string): void {
    for (const peer of [...this.#links.keys()]) this.close(peer, reason);
  }

  /** A payload that a courier says is from `from`; only its seal is believed. */
  receive(from: string, payload: string, courier: Courier): void {
    const envelope = this.#open(payload);
    const peer = envelope && parseNodeId(envelope.from);
    const signal = envelope && parseTunnelSignal(envelope.body);
    if (envelope === undefined || peer === undefined || signal === undefined) {
      this.counters.envelopesRefused += 1;
      this.#options.log.debug({ from }, 'signalling refused');
      return;
    }
    const link = this.#links.get(peer);
    if (signal.kind === 'offer') this.#offered(peer, envelope.link, envelope.seq, signal, courier);
    else if (link?.id === envelope.link && !link.taken.has(envelope.seq) && link.taken.size < maxTaken) {
      link.taken.add(envelope.seq);
      this.#gate.took(peer, envelope.seq);
      link.unanswered = [];
      link.tunnel?.signal(signal);
    } else this.counters.envelopesStale += 1;
  }

  rttMs(peer: NodeId): number | undefined {
    return this.#links.get(peer)?.liveness.rttMs;
  }

  send(peer: NodeId, message: LinkMessage): void {
    if (!this.#links.get(peer)?.tunnel?.sendControl(encodeLinkMessage(message))) this.counters.controlDropped += 1;
  }

  sendFrames(peer: NodeId, messages: readonly Uint8Array[]): number {
    return this.#links.get(peer)?.tunnel?.sendFrames(messages) ?? 0;
  }

  isCongested(peer: NodeId): boolean {
    return this.#links.get(peer)?.tunnel?.isCongested ?? false;
  }

  /** Probes links that are due and takes down those that do not answer. `intervalMs` tells how often a peer is probed. */
  tick(intervalMs: (peer: NodeId) => number): void {
    const now = this.#options.clock.now();
    for (const link of [...this.#links.values()]) {
      if (!link.up) continue;
      const verdict = link.liveness.tick(now, intervalMs(link.peer));
      this.#options.events.late(link.peer, link.liveness.isLate(now));
      if (verdict === 'down') this.#failed(link, 'silent', 'no answer to probes');
      else if (verdict !== 'wait') this.send(link.peer, { type: 'probe', sequence: verdict.probe });
    }
  }

  #open(payload: string) {
    try {
      return openEnvelope(payload, { self: this.#options.identity.nodeId });
    } catch {
      return undefined;
    }
  }

  #offered(peer: NodeId, id: string, sequence: number, offer: TunnelOffer, courier: Courier): void {
    const link = this.#links.get(peer);
    const now = this.#options.clock.now();
    if (this.#gate.isOld(peer, sequence)) {
      // The peer insists, since it heard nothing: the answer may not have come through.
      if (link?.id === id && !link.up && now - link.carriedAt >= leastAgainMs) this.#carryAgain(link, courier);
      else this.counters.envelopesStale += 1;
      return;
    }
    if (!this.#gate.admits(peer, now)) {
      this.counters.offersRefused += 1;
      return;
    }
    // One that is declined may be taken when the peer insists: of two nodes that dial each other, one waits for its own dial first.
    if (!this.#options.events.offered(peer)) return;
    this.#gate.took(peer, sequence);
    this.#begin(peer, id, courier, (name, events) => this.#options.tunnels.accept(name, offer, events));
  }

  #begin(peer: NodeId, id: string, courier: Courier, make: (name: string, events: TunnelEvents) => Tunnel): LinkState {
    const text = formatNodeId(peer);
    const log = this.#options.log.child({ peer: text.slice(0, 10), link: id });
    const now = this.#options.clock.now();
    const link: LinkState = {
      ...{ id, peer, log, courier, liveness: new Liveness(), tunnel: undefined, up: false, unanswered: [] },
      ...{
        taken: new Set(),
        carriedAt: now,
        isAccused: false,
        budget: new TokenBucket(messagesAtOnce, messagesPerSecond, now),
      },
    };
    this.#links.set(peer, link);
    const ifCurrent = (run: () => void) => {
      if (this.#links.get(peer) === link) run();
    };
    link.tunnel = make(`${text.slice(0, 10)}/${id}`, {
      signal: (payload) => ifCurrent(() => this.#carry(link, payload)),
      open: () => ifCurrent(() => this.#opened(link)),
      control: (bytes) => ifCurrent(() => this.#control(link, bytes)),
      frames: (messages) =>
        ifCurrent(() => {
          link.liveness.heard(this.#options.clock.now());
          this.#options.events.frames(peer, messages);
        }),
      drained: () => ifCurrent(() => this.#options.events.drained(peer)),
      // Later: a send that fails ends the tunnel, and who sends is in the middle of its own work.
      closed: (reason) => this.#options.clock.after(0, () => ifCurrent(() => this.#failed(link, 'closed', reason))),
    });
    return link;
  }

  #carry(link: LinkState, payload: TunnelSignal): void {
    this.#sequence = Math.max(this.#sequence + 1, Math.floor(this.#options.clock.wallTime()));
    const to = formatNodeId(link.peer);
    const body = JSON.stringify(payload);
    const sealed = sealEnvelope(this.#options.identity, { to, link: link.id, seq: this.#sequence, body });
    link.unanswered.push(sealed);
    this.#hand(link, sealed);
  }

  #hand(link: LinkState, sealed: string): void {
    const to = formatNodeId(link.peer);
    if (this.#options.carry(to, sealed, link.courier)) return;
    // The overlay may know no way just now, and the rendezvous server may be down: the other one tries at once.
    link.courier = otherCourier(link.courier);
    if (!this.#options.carry(to, sealed, link.courier)) link.log.warn('signalling taken by no courier');
  }

  /** A courier may lose what it took: a node on the way may have died, a moment before others know. */
  #insist(link: LinkState, afterMs: number): void {
    this.#options.clock.after(afterMs, () => {
      if (this.#links.get(link.peer) !== link || link.up) return;
      this.#carryAgain(link, otherCourier(link.courier));
      this.#insist(link, 2 * afterMs);
    });
  }

  #carryAgain(link: LinkState, courier: Courier): void {
    link.courier = courier;
    link.carriedAt = this.#options.clock.now();
    for (const sealed of link.unanswered) this.#hand(link, sealed);
  }

  #opened(link: LinkState): void {
    link.up = true;
    link.unanswered = [];
    link.log.info('link up');
    this.#options.events.up(link.peer);
  }

  #control(link: LinkState, bytes: Uint8Array): void {
    const now = this.#options.clock.now();
    link.liveness.heard(now);
    if (!link.budget.take(now)) {
      this.#complain(link, 'controlFlooded', 'too many control messages');
      return;
    }
    const message = decodeLinkMessage(bytes);
    if (message === undefined) this.#complain(link, 'controlMalformed', 'a malformed control message');
    else if (message.type === 'probe') this.send(link.peer, { type: 'probeAck', sequence: message.sequence });
    else if (message.type === 'probeAck') link.liveness.answered(message.sequence, now);
    else this.#options.events.message(link.peer, message);
  }

  /** Counted each time, and said once for each link. */
  #complain(link: LinkState, counter: 'controlFlooded' | 'controlMalformed', what: string): void {
    this.counters[counter] += 1;
    if (!link.isAccused) link.log.warn(what);
    link.isAccused = true;
  }

  #failed(link: LinkState, end: LinkEnd, reason: string): void {
    this.#links.delete(link.peer);
    link.log.info({ reason }, 'link down');
    link.tunnel?.close(reason);
    this.#options.events.down(link.peer, end);
  }
}

function otherCourier(courier: Courier): Courier {
  return courier === 'overlay' ? 'rendezvous' : 'overlay';
}
