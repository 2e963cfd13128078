import type { Logger } from 'pino';
import { FloodEngine, ReversePaths } from '../../switch/flood/index.ts';
import {
  choosePolicy,
  type DemandMode,
  defaultCapacity,
  formatNodeId,
  type LinkEnd,
  type MemberRecord,
  type NodeId,
  type PolicyChoice,
  parseNodeId,
  Topology,
} from '../../topology/index.ts';
import {
  type DirectoryAccess,
  defaultOverlaySettings,
  type OverlayController,
  type OverlaySettings,
} from '../controller/index.ts';
import type { Identity } from '../identity/index.ts';
import type { Clock, Random, Timer } from '../lib/clock.ts';
import type { VerifySignature } from '../lib/ed25519.ts';
import type { Member, Signal, SignalEvents } from '../signal/index.ts';
import type { TunnelFactory } from '../tunnel/index.ts';
import { announcementSeal } from './announcement-seal.ts';
import type { NodeConfig } from './config.ts';
import { type Courier, Links } from './links.ts';
import { MalformedWatch } from './malformed-watch.ts';
import { MemberProofs } from './member-proof.ts';
import type { NodeSwitch, SwitchCore } from './node-switch.ts';
import { SwitchTraffic } from './switch-traffic.ts';

/** What a node is made of besides itself: each part is one adapter, or its fake in a simulation. */
export interface NodeParts<S extends NodeSwitch> {
  readonly config: Pick<NodeConfig, 'name' | 'overlay'>;
  /** Symphony by default. */
  readonly policy?: PolicyChoice;
  /** Off by default. */
  readonly demand?: DemandMode;
  /** Members that it knows at most, as `TopologyOptions` has it. */
  readonly capacity?: number;
  readonly identity: Identity;
  /** Checks what other members signed; by default, by itself. */
  readonly verify?: VerifySignature | undefined;
  /** Of the controller; what is left out is as by default. */
  readonly settings?: Partial<OverlaySettings>;
  readonly makeSwitch: (core: SwitchCore) => S;
  readonly tunnels: TunnelFactory;
  readonly signal: (events: SignalEvents) => Signal;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Floods are told of and asked for to within this. */
const tickMs = 25;
/** Time for the last words to leave before the links do. */
const farewellMs = 50;
/** What was sent to a node before its neighbours did without it still arrives. */
const lingerMs = 200;
/** How long a node that leaves waits for its neighbours to do without it. */
const leaveLimitMs = 2_000;

/** One node of an overlay: switch with its controller, topology and links, wired to each other. */
export class OverlayNode<S extends NodeSwitch = NodeSwitch> {
  readonly id: NodeId;
  readonly switch: S;
  readonly flood: FloodEngine;
  readonly topology: Topology;
  readonly links: Links;
  readonly signal: Signal;
  readonly startedAt: number;
  readonly memberNames = new Map<NodeId, string>();
  readonly #parts: NodeParts<S>;
  readonly #malformed: MalformedWatch;
  readonly #proofs: MemberProofs;
  readonly #traffic: SwitchTraffic;
  /** Where links make no ring. */
  readonly #paths: ReversePaths | undefined;
  /** What the controller was told of them. */
  #pathsVersion = 0;
  #signalConnected = false;
  /** Neighbours or routes changed since the controller heard of them. */
  #isAdjacencyStale = false;
  #timer: Timer | undefined;

  constructor(parts: NodeParts<S>) {
    const { clock, identity, random, log } = parts;
    this.#parts = parts;
    this.startedAt = clock.now();
    this.id = parseNodeId(identity.nodeId)!;
    const epoch = Math.floor(clock.wallTime());
    const settings = { ...defaultOverlaySettings, ...parts.settings };
    const { makesRing, ...policy } = choosePolicy(parts.policy ?? { policy: 'symphony' });
    this.#paths = makesRing ? undefined : new ReversePaths();
    this.flood = new FloodEngine({ self: this.id, epoch, etherType: settings.floodEtherType, paths: this.#paths });
    this.switch = parts.makeSwitch({
      ...{ self: this.id, name: parts.config.name, flood: this.flood, clock, random, log },
      overlay: {
        ...{ self: this.id, epoch: () => this.flood.epoch, settings },
        seal: announcementSeal(identity, parts.config.overlay, parts.verify),
        directory: this.#paths === undefined ? this.#directory : undefined,
        notice: ({ kind, ...fields }) => log.warn(fields, kind),
      },
      sendFrames: (peer, messages) => this.links.sendFrames(peer, messages),
      isCongested: (peer) => this.links.isCongested(peer),
    });
    this.#traffic = new SwitchTraffic(this.switch);
    this.#proofs = new MemberProofs(identity, parts.config.overlay, parts.config.name, parts.verify);
    this.topology = new Topology({
      ...policy,
      ...(parts.demand === undefined ? {} : { demand: parts.demand }),
      ...(parts.capacity === undefined ? {} : { capacity: parts.capacity }),
      self: this.id,
      random,
      sequence: Math.floor(clock.wallTime()),
      sign: (record) => this.#proofs.sign(record),
      verify: (record) => this.#verify(record),
      rttMs: (peer) => this.links.rttMs(peer),
      sink: {
        dial: (peer) => this.links.dial(peer, this.#courierTo(peer)),
        close: (peer, reason) => this.#linkClosed(peer, reason),
        send: (peer, message) => this.links.send(peer, message),
        changed: () => {
          this.#isAdjacencyStale = true;
        },
        relayed: (body) => this.links.receive('a neighbour', Buffer.from(body).toString('latin1'), 'overlay'),
      },
    });
    this.links = new Links({
      identity,
      tunnels: parts.tunnels,
      carry: (to, payload, courier) => this.#carry(to, payload, courier),
      clock,
      random,
      log,
      events: {
        offered: (peer) => this.topology.offered(peer, clock.now()),
        up: (peer) => this.#linkUp(peer),
        down: (peer, end) => this.#linkDown(peer, end),
        message: (peer, message) => this.topology.receive(peer, message, clock.now()),
        late: (peer, isLate) => this.switch.linkLate?.(peer, isLate),
        frames: (peer, messages) => this.switch.receive(peer, messages),
        drained: (peer) => this.switch.linkDrained?.(peer),
      },
    });
    this.#malformed = new MalformedWatch(this.switch, this.flood, this.links, log);
    this.signal = parts.signal({
      members: (members) => this.#introduced(members),
      joined: (member) => this.#introduced([member]),
      left: (nodeId) => this.topology.lost(parseNodeId(nodeId)!, clock.now()),
      message: (from, payload) => this.links.receive(from, payload, 'rendezvous'),
      state: (connected, reason) => {
        this.#signalConnected = connected;
        log.info({ connected, reason }, 'rendezvous');
      },
    });
  }

  /** Milliseconds of the node's clock. */
  now(): number {
    return this.#parts.clock.now();
  }

  get signalConnected(): boolean {
    return this.#signalConnected;
  }

  get controller(): OverlayController {
    return this.switch.controller;
  }

  /** Rejects when the switch cannot be used, and with a SignalError when the first attempt to reach the courier fails. */
  async start(): Promise<void> {
    const { clock, log } = this.#parts;
    // A simulation is in a hurry: what need not be waited for is not.
    if (this.switch.start !== undefined) await this.switch.start();
    this.#tick();
    await this.signal.start();
    log.info({ node: formatNodeId(this.id), at: clock.wallTime() }, 'node started');
  }

  /**
   * Says good-bye to the neighbours and goes on relaying until they have other ways, so that no frame is lost; then ends
   * every link.
   */
  async stop(): Promise<void> {
    const { clock } = this.#parts;
    const pause = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve));
    this.topology.leave();
    const deadline = clock.now() + leaveLimitMs;
    do await pause(farewellMs);
    while (!this.topology.hasLeft && clock.now() < deadline);
    // Rules follow a moment after neighbours said that they do without this node.
    if (this.links.all.length > 0) await pause(lingerMs);
    this.#timer?.cancel();
    this.signal.close();
    this.links.closeAll('this node left');
    await this.switch.stop?.();
  }

  /** Of use once this node can be found in the ring. */
  get #directory(): DirectoryAccess {
    return {
      get: (key, now, done) => {
        if (this.topology.isInRing) this.topology.directory.get(key, now, done);
        else done(undefined, false);
      },
      put: (record, now, done) => {
        if (this.topology.isInRing) this.topology.directory.put(record, now, done);
        else done?.(undefined, false);
      },
    };
  }

  #tick(): void {
    const { clock } = this.#parts;
    this.#timer = clock.after(tickMs, () => {
      const now = clock.now();
      this.links.tick((peer) => this.topology.probeMs(peer));
      for (const [peer, bytes] of this.#traffic.take(this.topology.known, now)) this.topology.sent(peer, bytes);
      this.topology.tick(now);
      if (this.#isAdjacencyStale || this.#pathsVersion !== (this.#paths?.version ?? 0)) this.#tellController();
      this.switch.tick();
      this.#malformed.tick(now);
      this.#tick();
    });
  }

  #linkUp(peer: NodeId): void {
    this.switch.linkUp(peer);
    this.#paths?.lost(peer);
    this.topology.linkUp(peer, this.#parts.clock.now());
    this.#tellController();
  }

  #linkDown(peer: NodeId, end: LinkEnd): void {
    this.switch.linkDown(peer);
    this.topology.linkDown(peer, this.#parts.clock.now(), end);
    this.#tellController();
  }

  #linkClosed(peer: NodeId, reason: string): void {
    this.switch.linkDown(peer);
    this.links.close(peer, reason);
  }

  #tellController(): void {
    this.#isAdjacencyStale = false;
    const { neighbourhood, known: members, nodes } = this.topology;
    const learned = this.#paths && { learned: this.#paths.all };
    this.#pathsVersion = this.#paths?.version ?? 0;
    this.switch.adjacency(neighbourhood, { members, nodes, ...learned });
  }

  /** Other nodes carry offers once this one can be found among them; every second attempt goes the other way. */
  #courierTo(peer: NodeId): Courier {
    if (!this.#signalConnected) return 'overlay';
    const { isInRing, routes } = this.topology;
    const isFound = isInRing && routes.route(peer, 'nearer').hops.length > 0;
    return isFound && this.topology.failures(peer) % 2 === 0 ? 'overlay' : 'rendezvous';
  }

  #carry(to: string, payload: string, courier: Courier): boolean {
    if (courier === 'rendezvous') return this.signal.send(to, payload);
    return this.topology.relay(parseNodeId(to)!, Buffer.from(payload, 'utf8'));
  }

  #verify(record: MemberRecord): boolean {
    const name = this.#proofs.nameOf(record);
    if (name !== undefined) this.#nameMember(record.id, name);
    return name !== undefined;
  }

  #introduced(members: readonly Member[]): void {
    const ids = members.map(({ nodeId }) => parseNodeId(nodeId)!);
    for (const [i, id] of ids.entries()) this.#nameMember(id, members[i]!.name);
    this.topology.introduced(ids, this.#parts.clock.now());
  }

  #nameMember(id: NodeId, name: string): void {
    if (this.memberNames.size >= 2 * defaultCapacity) this.memberNames.clear();
    this.memberNames.set(id, name);
  }
}
