import type { Logger } from 'pino';
import { FloodEngine } from '../../switch/flood/index.ts';
import { Agent, Bridge } from '../../switch/index.ts';
import {
  formatNodeId,
  type Link,
  type LinkMessage,
  maxMembers,
  type NodeId,
  parseNodeId,
  probeIntervalMs,
  switchIdOf,
  symphony,
  Topology,
} from '../../topology/index.ts';
import {
  type ChannelProblem,
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
import type { NodeConfig } from './config.ts';
import { Links } from './links.ts';
import { MalformedWatch } from './malformed-watch.ts';
import { Pipe } from './pipe.ts';

/** What a node is made of besides itself: each part is one adapter, or its fake in a simulation. */
export interface NodeParts {
  readonly config: Pick<NodeConfig, 'name' | 'overlay'>;
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

const tickMs = 50;
const successors = 2;
const longLinks = 1;
/** Time for the good-bye to leave before the links do. */
const farewellMs = 50;

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
  #signalConnected = false;
  #stopping = false;
  #timer: Timer | undefined;

  constructor(parts: NodeParts) {
    const { clock, identity, random, log } = parts;
    this.#parts = parts;
    this.startedAt = clock.now();
    this.id = parseNodeId(identity.nodeId)!;
    const epoch = Math.floor(clock.wallTime());
    this.flood = new FloodEngine({ self: this.id, epoch });
    this.bridge = new Bridge({
      datapathId: switchIdOf(this.id),
      selfId: this.id,
      flood: this.flood,
      description: `ringlet node ${parts.config.name}`,
    });
    this.agent = new Agent(this.bridge);
    this.#malformed = new MalformedWatch(this.bridge, this.flood, log);
    this.topology = new Topology({
      self: this.id,
      policy: symphony({ successors, longLinks }),
      random,
      sink: {
        dial: (peer) => {
          // While it leaves, a node mends nothing.
          if (!this.#stopping) this.links.dial(peer);
        },
        close: (peer, reason) => this.#linkClosed(peer, reason),
        announce: (peer, interest) => this.links.send(peer, { type: 'edge', interest }),
        changed: () => this.#adjacencyChanged(),
      },
    });
    this.links = new Links({
      identity,
      tunnels: parts.tunnels,
      // What a link still has to say while the node leaves is of no use to anybody.
      carry: (to, payload) => this.#stopping || this.signal.send(to, payload),
      clock,
      random,
      log,
      events: {
        offered: (peer) => this.topology.offered(peer, clock.now()),
        up: (peer) => this.#linkUp(peer),
        down: (peer) => this.#linkDown(peer),
        message: (peer, message) => this.#message(peer, message),
        frames: (peer, messages) => this.#framesFromPeer(peer, messages),
      },
    });
    this.#channel = this.#connectController(epoch);
    this.controller = this.#channel.app;
    this.signal = parts.signal({
      members: (members) => this.#membersListed(members),
      joined: (member) => this.#memberJoined(member),
      left: (nodeId) => this.topology.memberLeft(parseNodeId(nodeId)!, clock.now()),
      message: (from, payload) => this.links.receive(from, payload),
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

  /** Says good-bye to the neighbours, so that nobody waits for a node that is gone, and ends every link. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#timer?.cancel();
    for (const peer of this.topology.neighbours) this.links.send(peer, { type: 'leave' });
    this.signal.close();
    await new Promise<void>((resolve) => this.#parts.clock.after(farewellMs, resolve));
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

  #connectController(epoch: number): SwitchChannel {
    const { clock, log } = this.#parts;
    const settings = { ...defaultOverlaySettings, ...this.#parts.settings };
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
        app: (send) => new OverlayController({ self: this.id, epoch, settings, send, notice }),
        onProblem: (problem: ChannelProblem) => log.error(problem, 'the switch and its controller disagree'),
      },
      clock.now(),
    );
    channel.start();
    return channel;
  }

  #tick(): void {
    const { clock } = this.#parts;
    this.#timer = clock.after(tickMs, () => {
      const now = clock.now();
      const ring = new Set(this.topology.links.filter(isRingLink).map(({ peer }) => peer));
      this.links.tick((peer) => {
        if (this.topology.isDoubted(peer)) return probeIntervalMs.doubted;
        return ring.has(peer) ? probeIntervalMs.ring : probeIntervalMs.long;
      });
      this.topology.tick(now);
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
    this.topology.linkUp(peer, now);
  }

  #linkDown(peer: NodeId): void {
    this.#removePort(peer);
    this.topology.linkDown(peer, this.#parts.clock.now());
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

  #adjacencyChanged(): void {
    const { neighbours, members } = this.topology;
    this.controller.adjacency(neighbours, members);
  }

  #framesFromPeer(peer: NodeId, messages: readonly Uint8Array[]): void {
    const port = this.#peerPorts.get(peer);
    if (port !== undefined) this.bridge.receive(port, messages, this.#parts.clock.now());
  }

  #message(peer: NodeId, message: LinkMessage): void {
    const now = this.#parts.clock.now();
    if (message.type === 'edge') this.topology.neighbourWants(peer, message.interest, now);
    else if (message.type === 'leave') this.topology.neighbourLeft(peer, now);
  }

  #membersListed(members: readonly Member[]): void {
    for (const member of members) this.#nameMember(member);
    this.topology.membersListed(
      members.map(({ nodeId }) => parseNodeId(nodeId)!),
      this.#parts.clock.now(),
    );
  }

  #memberJoined(member: Member): void {
    this.#nameMember(member);
    this.topology.memberJoined(parseNodeId(member.nodeId)!, this.#parts.clock.now());
  }

  #nameMember(member: Member): void {
    if (this.memberNames.size >= maxMembers) this.memberNames.clear();
    this.memberNames.set(parseNodeId(member.nodeId)!, member.name);
  }
}

function isRingLink({ mine, theirs }: Link): boolean {
  return mine === 'successor' || theirs === 'successor' || theirs === 'unknown';
}
