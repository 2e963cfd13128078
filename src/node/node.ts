import type { Logger } from 'pino';
import { FloodEngine, ReversePaths } from '../../switch/flood/index.ts';
import { Agent, Bridge } from '../../switch/index.ts';
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
  probeIntervalMs,
  switchIdOf,
  Topology,
} from '../../topology/index.ts';
import {
  type ChannelProblem,
  type DirectoryAccess,
  defaultOverlaySettings,
  type Notice,
  OverlayController,
  type OverlaySettings,
  peerPortName,
  SwitchChannel,
} from '../controller/index.ts';
import type { Identity } from '../identity/index.ts';
import type { Clock, Random, Timer } from '../lib/clock.ts';
import type { Member, Signal, SignalEvents } from '../signal/index.ts';
import type { FramePort } from '../tap/index.ts';
import type { TunnelFactory } from '../tunnel/index.ts';
import { announcementSeal } from './announcement-seal.ts';
import type { NodeConfig } from './config.ts';
import { type Courier, Links } from './links.ts';
import { MalformedWatch } from './malformed-watch.ts';
import { MemberProofs } from './member-proof.ts';
import { Pipe } from './pipe.ts';
import { SwitchTraffic } from './switch-traffic.ts';

/** What a node is made of besides itself: each part is one adapter, or its fake in a simulation. */
export interface NodeParts {
  readonly config: Pick<NodeConfig, 'name' | 'overlay'>;
  /** Symphony by default. */
  readonly policy?: PolicyChoice;
  /** Off by default. */
  readonly demand?: DemandMode;
  /** Members that it knows at most, as `TopologyOptions` has it. */
  readonly capacity?: number;
  readonly identity: Identity;
  /** Of the controller; what is left out is as by default. */
  readonly settings?: Partial<OverlaySettings>;
  readonly tap: FramePort;
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

/** One node of an overlay: bridge, controller, topology and links, wired to each other. */
export class OverlayNode {
  readonly id: NodeId;
  readonly bridge: Bridge;
  readonly agent: Agent;
  readonly flood: FloodEngine;
  readonly topology: Topology;
  readonly links: Links;
  readonly controller: OverlayController;
  readonly signal: Signal;
  readonly startedAt: number;
  readonly memberNames = new Map<NodeId, string>();
  readonly #parts: NodeParts;
  readonly #peerPorts = new Map<NodeId, number>();
  readonly #channel: SwitchChannel;
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

  constructor(parts: NodeParts) {
    const { clock, identity, random, log } = parts;
    this.#parts = parts;
    this.startedAt = clock.now();
    this.id = parseNodeId(identity.nodeId)!;
    const epoch = Math.floor(clock.wallTime());
    const settings = { ...defaultOverlaySettings, ...parts.settings };
    const { makesRing, ...policy } = choosePolicy(parts.policy ?? { policy: 'symphony' });
    this.#paths = makesRing ? undefined : new ReversePaths();
    this.flood = new FloodEngine({ self: this.id, epoch, etherType: settings.floodEtherType, paths: this.#paths });
    this.bridge = new Bridge({
      datapathId: switchIdOf(this.id),
      selfId: this.id,
      flood: this.flood,
      description: `ringlet node ${parts.config.name}`,
    });
    this.agent = new Agent(this.bridge);
    this.#traffic = new SwitchTraffic(this.bridge);
    this.#malformed = new MalformedWatch(this.bridge, this.flood, log);
    this.#proofs = new MemberProofs(identity, parts.config.overlay, parts.config.name);
    this.topology = new Topology({
      ...policy,
      ...(parts.demand === undefined ? {} : { demand: parts.demand }),
      ...(parts.capacity === undefined ? {} : { capacity: parts.capacity }),
      self: this.id,
      random,
      sequence: Math.floor(clock.wallTime()),
      sign: (sequence, state) => this.#proofs.sign(sequence, state),
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
        late: (peer, isLate) => this.bridge.setLate(this.#peerPorts.get(peer) ?? 0, isLate),
        frames: (peer, messages) => this.#framesFromPeer(peer, messages),
      },
    });
    this.#channel = this.#connectController(settings);
    this.controller = this.#channel.app;
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

  portOf(peer: NodeId): number | undefined {
    return this.#peerPorts.get(peer);
  }

  /** Rejects with a SignalError when the first attempt to reach the courier fails. */
  async start(): Promise<void> {
    const { tap, clock, log } = this.#parts;
    this.#addLeaf(tap);
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
    if (this.topology.neighbours.length > 0) await pause(lingerMs);
    this.#timer?.cancel();
    this.signal.close();
    this.links.closeAll('this node left');
  }

  #addLeaf(tap: FramePort): void {
    const { clock } = this.#parts;
    const port = this.bridge.addPort(
      { name: tap.name, mac: tap.mac, kind: 'leaf', send: (frames) => tap.send(frames) },
      clock.now(),
    );
    tap.onFrames((frames) => this.bridge.receive(port, frames, clock.now()));
  }

  #connectController(settings: OverlaySettings): SwitchChannel {
    const { clock, log } = this.#parts;
    const notice = ({ kind, ...fields }: Notice) => log.warn(fields, kind);
    const toSwitch = new Pipe(clock, (bytes) => session.receive(bytes, clock.now()));
    const toController = new Pipe(clock, (bytes) => channel.receive(bytes, clock.now()));
    const session = this.agent.connect(
      {
        send: (bytes) => toController.write(bytes),
        close: (reason) => log.error({ reason }, 'the switch closed its controller'),
      },
      'controller',
    );
    const channel = new SwitchChannel(
      {
        send: (bytes) => toSwitch.write(bytes),
        app: (send) =>
          new OverlayController({
            ...{ self: this.id, epoch: () => this.flood.epoch, settings, send, notice },
            seal: announcementSeal(this.#parts.identity, this.#parts.config.overlay),
            directory: this.#paths === undefined ? this.#directory : undefined,
          }),
        onProblem: (problem: ChannelProblem) => log.error(problem, 'the switch and its controller disagree'),
      },
      clock.now(),
    );
    channel.start();
    return channel;
  }

  /** Of use once this node can be found in the ring. */
  get #directory(): DirectoryAccess {
    const { topology } = this;
    return {
      get: (key, now, done) => (topology.isInRing ? topology.directory.get(key, now, done) : done(undefined, false)),
      put: (record, now, done) =>
        topology.isInRing ? topology.directory.put(record, now, done) : done?.(undefined, false),
    };
  }

  #tick(): void {
    const { clock } = this.#parts;
    this.#timer = clock.after(tickMs, () => {
      const now = clock.now();
      this.links.tick((peer) => {
        if (this.topology.isDoubted(peer)) return probeIntervalMs.doubted;
        return probeIntervalMs[this.topology.isRingLink(peer) ? 'ring' : 'long'];
      });
      for (const [peer, bytes] of this.#traffic.take(this.topology.known, now)) this.topology.sent(peer, bytes);
      this.topology.tick(now);
      if (this.#isAdjacencyStale || this.#pathsVersion !== (this.#paths?.version ?? 0)) this.#tellController();
      this.bridge.tick(now);
      this.controller.tick(now);
      this.#malformed.tick(now);
      this.#tick();
    });
  }

  #linkUp(peer: NodeId): void {
    const now = this.#parts.clock.now();
    const port = this.bridge.addPort(
      {
        name: peerPortName(peer),
        mac: this.#parts.tap.mac,
        kind: 'peer',
        peer,
        send: (messages) => this.links.sendFrames(peer, messages),
      },
      now,
    );
    this.#peerPorts.set(peer, port);
    this.#paths?.lost(peer);
    this.topology.linkUp(peer, now);
    this.#tellController();
  }

  #linkDown(peer: NodeId, end: LinkEnd): void {
    this.#removePort(peer);
    this.topology.linkDown(peer, this.#parts.clock.now(), end);
    this.#tellController();
  }

  #linkClosed(peer: NodeId, reason: string): void {
    this.#removePort(peer);
    this.links.close(peer, reason);
  }

  #removePort(peer: NodeId): void {
    const port = this.#peerPorts.get(peer);
    if (port === undefined) return;
    this.#peerPorts.delete(peer);
    this.bridge.removePort(port);
  }

  #tellController(): void {
    this.#isAdjacencyStale = false;
    const { neighbourhood, known: members, nodes } = this.topology;
    const learned = this.#paths && { learned: this.#paths.all };
    this.#pathsVersion = this.#paths?.version ?? 0;
    this.controller.adjacency(neighbourhood, { members, nodes, ...learned });
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

  #framesFromPeer(peer: NodeId, messages: readonly Uint8Array[]): void {
    const port = this.#peerPorts.get(peer);
    if (port !== undefined) this.bridge.receive(port, messages, this.#parts.clock.now());
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
