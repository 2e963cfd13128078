import { VirtualClock } from '../../../src/lib/virtual-clock.ts';
import {
  type DemandMode,
  type LinkMessage,
  Liveness,
  type NodeId,
  type Policy,
  type Random,
  Topology,
} from '../../../topology/index.ts';

export interface TopologyNetworkOptions {
  readonly policy: Policy;
  readonly random: Random;
  /** One way, ms, between a node and its courier, and on links if `linkMs` says nothing else. */
  readonly latencyMs: number;
  /** One way, ms, of the link between two nodes. */
  readonly linkMs?: (a: NodeId, b: NodeId) => number;
  /** Members that the courier names to a node that joins, at random. */
  readonly contacts: number;
  /** Off by default. */
  readonly demand?: DemandMode;
}

/** One end of a link. */
interface End {
  readonly liveness: Liveness;
  readonly link: number;
}

export interface SimTopology {
  readonly id: NodeId;
  readonly topology: Topology;
  /** Links that are up, by peer. */
  readonly ends: Map<NodeId, End>;
  /** Which attempt at a link is under way with a peer. */
  readonly attempts: Map<NodeId, number>;
  readonly joinedAt: number;
  firstLinkAt: number | undefined;
  /** Which part of a divided network it is in. */
  side: number;
  isAlive: boolean;
}

const tickMs = 50;
/** Round trips of ICE and DTLS from the answer to a link that is up. */
const handshakeTrips = 3;

/**
 * Topology managers alone, each with its links and their probes, in virtual time: links have a latency, the courier names
 * a few members to who joins, and a set-up takes the offer, the answer and a handshake.
 */
export class TopologyNetwork {
  readonly clock = new VirtualClock();
  readonly nodes = new Map<NodeId, SimTopology>();
  readonly sent = { messages: 0, offers: 0 };
  readonly #options: TopologyNetworkOptions;
  #links = 0;

  constructor(options: TopologyNetworkOptions) {
    this.#options = options;
  }

  get alive(): SimTopology[] {
    return [...this.nodes.values()].filter(({ isAlive }) => isAlive);
  }

  /** One way, ms. */
  latency(a: NodeId, b: NodeId): number {
    return this.#options.linkMs?.(a, b) ?? this.#options.latencyMs;
  }

  run(ms: number): void {
    this.clock.advance(ms);
  }

  join(id: NodeId): SimTopology {
    const { policy, random, latencyMs, contacts, demand = 'off' } = this.#options;
    const known = this.alive.map((node) => node.id);
    const topology = new Topology({
      ...{ self: id, policy, random, demand },
      sequence: Math.floor(this.clock.wallTime()),
      sign: () => noProof,
      verify: () => true,
      rttMs: (peer) => node.ends.get(peer)?.liveness.rttMs,
      sink: {
        dial: (peer) => this.#dial(node, peer),
        close: (peer) => this.#close(node, peer),
        send: (peer, message) => this.#send(node, peer, message),
        changed: () => {},
        relayed: () => {},
      },
    });
    const node: SimTopology = {
      ...{ id, topology, ends: new Map(), attempts: new Map(), joinedAt: this.clock.now() },
      ...{ firstLinkAt: undefined, side: 0, isAlive: true },
    };
    this.nodes.set(id, node);
    const named = Array.from({ length: Math.min(contacts, known.length) }, () =>
      known.splice(Math.floor(random() * known.length), 1),
    ).flat();
    this.clock.after(2 * latencyMs, () => node.isAlive && topology.introduced(named, this.clock.now()));
    this.clock.after(random() * tickMs, () => this.#tick(node));
    return node;
  }

  /** Those that a node has links along the ring with. */
  ringPeersOf(id: NodeId): NodeId[] {
    const { ends, topology } = this.nodes.get(id)!;
    return [...ends.keys()].filter((peer) => topology.isRingLink(peer));
  }

  /** Whether this end of a link is up. */
  isLinked(id: NodeId, peer: NodeId): boolean {
    return this.nodes.get(id)?.ends.has(peer) ?? false;
  }

  /** Whether a frame that a node sends to a peer arrives there: at once, or when that end is up too. */
  carries(id: NodeId, peer: NodeId): boolean {
    const node = this.nodes.get(id);
    const end = node?.ends.get(peer);
    const other = node && end && this.#reaches(node, peer);
    return other !== undefined && other.attempts.get(id) === end?.link;
  }

  /** Whether a node waits in vain for a peer's answer, and has its frames go by others. */
  isLate(id: NodeId, peer: NodeId): boolean {
    return this.nodes.get(id)?.ends.get(peer)?.liveness.isLate(this.clock.now()) ?? false;
  }

  /** As `kill -9`. */
  crash(node: SimTopology): void {
    node.isAlive = false;
    this.nodes.delete(node.id);
  }

  /** As the end of a node that was told to: it stays until nobody needs it. */
  leave(node: SimTopology): void {
    node.topology.leave();
    const deadline = this.clock.now() + leaveLimitMs;
    const look = () => {
      if (node.topology.hasLeft || this.clock.now() >= deadline) this.clock.after(lingerMs, end);
      else this.clock.after(tickMs, look);
    };
    const end = () => {
      for (const peer of [...node.ends.keys()]) this.#close(node, peer);
      this.crash(node);
    };
    look();
  }

  /** Divides the network: nodes of different sides do not reach each other. */
  divide(sideOf: (node: SimTopology) => number): void {
    for (const node of this.alive) node.side = sideOf(node);
  }

  #tick(node: SimTopology): void {
    if (!node.isAlive) return;
    const now = this.clock.now();
    for (const [peer, { liveness }] of [...node.ends]) {
      const verdict = liveness.tick(now, node.topology.probeMs(peer));
      if (verdict === 'down') this.#lose(node, peer, 'silent');
      else if (verdict !== 'wait') this.#send(node, peer, { type: 'probe', sequence: verdict.probe });
    }
    node.topology.tick(now);
    this.clock.after(tickMs, () => this.#tick(node));
  }

  #reaches(a: SimTopology, id: NodeId): SimTopology | undefined {
    const b = this.nodes.get(id);
    return a.isAlive && b?.isAlive && a.side === b.side ? b : undefined;
  }

  #dial(node: SimTopology, peer: NodeId): void {
    const { latencyMs } = this.#options;
    this.sent.offers += 1;
    this.#links += 1;
    const link = this.#links;
    node.attempts.set(peer, link);
    const isOn = (end: SimTopology, other: NodeId) => end.isAlive && end.attempts.get(other) === link;
    // By way of the courier.
    this.clock.after(2 * latencyMs, () => {
      const other = this.#reaches(node, peer);
      if (other === undefined || !other.topology.offered(node.id, this.clock.now())) return;
      other.attempts.set(node.id, link);
      const trip = this.latency(node.id, peer);
      this.clock.after(2 * latencyMs + 2 * handshakeTrips * trip, () => {
        if (!isOn(other, node.id) || !isOn(node, peer) || this.#reaches(node, peer) !== other) return;
        this.#up(other, node.id, link);
        this.clock.after(trip, () => isOn(node, peer) && this.#up(node, peer, link));
      });
    });
  }

  #up(node: SimTopology, peer: NodeId, link: number): void {
    node.firstLinkAt ??= this.clock.now();
    node.ends.set(peer, { liveness: new Liveness(), link });
    node.topology.linkUp(peer, this.clock.now());
  }

  #close(node: SimTopology, peer: NodeId): void {
    const link = node.attempts.get(peer);
    node.attempts.delete(peer);
    node.ends.delete(peer);
    const other = this.#reaches(node, peer);
    if (other === undefined || link === undefined) return;
    this.clock.after(this.latency(node.id, peer), () => {
      if (other.isAlive && other.attempts.get(node.id) === link) this.#lose(other, node.id, 'closed');
    });
  }

  #lose(node: SimTopology, peer: NodeId, end: 'silent' | 'closed'): void {
    node.attempts.delete(peer);
    node.ends.delete(peer);
    node.topology.linkDown(peer, this.clock.now(), end);
  }

  #send(node: SimTopology, peer: NodeId, message: LinkMessage): void {
    const link = node.ends.get(peer)?.link;
    if (link === undefined || this.#reaches(node, peer) === undefined) return;
    this.sent.messages += 1;
    const trip = this.latency(node.id, peer);
    this.clock.after(trip, () => {
      const other = this.#reaches(node, peer);
      if (other === undefined || other.attempts.get(node.id) !== link) return;
      // What comes before this end of the link is up waits for it, as in a tunnel.
      const end = other.ends.get(node.id);
      if (end === undefined) this.clock.after(2 * trip, () => this.#arrive(other, node.id, link, message));
      else this.#arrive(other, node.id, link, message);
    });
  }

  #arrive(node: SimTopology, from: NodeId, link: number, message: LinkMessage): void {
    const end = node.ends.get(from);
    if (!node.isAlive || end?.link !== link) return;
    end.liveness.heard(this.clock.now());
    if (message.type === 'probe') this.#send(node, from, { type: 'probeAck', sequence: message.sequence });
    else if (message.type === 'probeAck') end.liveness.answered(message.sequence, this.clock.now());
    else node.topology.receive(from, message, this.clock.now());
  }
}

const noProof = new Uint8Array();
const leaveLimitMs = 2_000;
/** What was sent to a node before its neighbours did without it still arrives. */
const lingerMs = 200;
