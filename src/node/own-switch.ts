import { formatFlowStats, MeterNo } from '../../ofp/index.ts';
import { Agent, Bridge } from '../../switch/index.ts';
import { type NodeId, switchIdOf } from '../../topology/index.ts';
import type { SwitchPort } from '../control/index.ts';
import {
  type ChannelProblem,
  Cookie,
  OverlayController,
  type OverlayMembers,
  peerPortName,
  SwitchChannel,
  stormMeterOf,
  Table,
} from '../controller/index.ts';
import type { PausablePort } from '../tap/index.ts';
import { Backpressure } from './backpressure.ts';
import { greetings } from './greeting.ts';
import type { NodeSwitch, SwitchCore } from './node-switch.ts';
import { Pipe } from './pipe.ts';

/** The node's own switch, in this process, with the host's TAP as its leaf port. */
export class OwnSwitch implements NodeSwitch {
  readonly bridge: Bridge;
  readonly agent: Agent;
  readonly controller: OverlayController;
  readonly #core: SwitchCore;
  readonly #tap: PausablePort;
  readonly #leaf: number;
  readonly #backpressure: Backpressure;
  /** The host's frames are on their way through the bridge. */
  #isHostSending = false;
  /** What is still to be said in the name of the host. */
  #greetings: readonly Uint8Array[];
  readonly #peerPorts = new Map<NodeId, number>();

  /** `addresses`: those that the TAP was given, with prefix lengths. */
  constructor(core: SwitchCore, tap: PausablePort, addresses: readonly string[] = []) {
    this.#core = core;
    this.#tap = tap;
    this.#backpressure = new Backpressure(tap, core.clock);
    this.#greetings = greetings(tap.mac, addresses);
    this.bridge = new Bridge({
      datapathId: switchIdOf(core.self),
      selfId: core.self,
      flood: core.flood,
      description: `ringlet node ${core.name}`,
    });
    this.agent = new Agent(this.bridge);
    this.controller = this.#connectController();
    this.#leaf = this.#addLeaf(tap);
  }

  get ports(): readonly SwitchPort[] {
    return this.bridge.ports;
  }

  get flowCount(): number {
    return this.bridge.flows.size;
  }

  get flows(): readonly string[] {
    return this.bridge.flowStats(this.#core.clock.now()).map((entry) => formatFlowStats(entry));
  }

  get drops(): Readonly<Record<string, number>> {
    return { ...this.bridge.counters, ...this.#stormDrops(), fenced: this.#fencedFrames() };
  }

  get bytesTo(): ReadonlyMap<bigint, number> {
    const sent = new Map<bigint, number>();
    for (const { tableId, cookie, bytes } of this.bridge.flows.entries()) {
      if (tableId === Table.destination) sent.set(cookie, (sent.get(cookie) ?? 0) + bytes);
    }
    return sent;
  }

  linkUp(peer: NodeId): void {
    const port = this.bridge.addPort(
      {
        name: peerPortName(peer),
        mac: this.#tap.mac,
        kind: 'peer',
        peer,
        send: (messages) => this.#send(peer, messages),
      },
      this.#core.clock.now(),
    );
    this.#peerPorts.set(peer, port);
  }

  linkDown(peer: NodeId): void {
    const port = this.#peerPorts.get(peer);
    if (port === undefined) return;
    this.#peerPorts.delete(peer);
    this.#backpressure.forget(peer);
    this.bridge.removePort(port);
  }

  linkLate(peer: NodeId, isLate: boolean): void {
    this.bridge.setLate(this.#peerPorts.get(peer) ?? 0, isLate);
  }

  linkDrained(peer: NodeId): void {
    this.#backpressure.drained(peer);
  }

  portOf(peer: NodeId): number | undefined {
    return this.#peerPorts.get(peer);
  }

  receive(peer: NodeId, messages: readonly Uint8Array[]): void {
    const port = this.#peerPorts.get(peer);
    if (port !== undefined) this.bridge.receive(port, messages, this.#core.clock.now());
  }

  adjacency(neighbours: ReadonlyMap<NodeId, readonly NodeId[]>, overlay: OverlayMembers): void {
    this.controller.adjacency(neighbours, overlay);
  }

  tick(): void {
    const now = this.#core.clock.now();
    this.#greet(now);
    this.bridge.tick(now);
    this.controller.tick(now);
  }

  /** Once somebody can hear it. */
  #greet(now: number): void {
    if (this.#greetings.length === 0 || this.#peerPorts.size === 0) return;
    this.bridge.receive(this.#leaf, this.#greetings, now);
    this.#greetings = [];
  }

  #send(peer: NodeId, messages: readonly Uint8Array[]): number {
    const taken = this.#core.sendFrames(peer, messages);
    if (this.#isHostSending) this.#backpressure.sent(peer, this.#core.isCongested(peer));
    return taken;
  }

  #addLeaf(tap: PausablePort): number {
    const { clock } = this.#core;
    const port = this.bridge.addPort(
      { name: tap.name, mac: tap.mac, kind: 'leaf', send: (frames) => tap.send(frames) },
      clock.now(),
    );
    tap.onFrames((frames) => {
      this.#isHostSending = true;
      this.bridge.receive(port, frames, clock.now());
      this.#isHostSending = false;
    });
    return port;
  }

  #connectController(): OverlayController {
    const { overlay, clock, log } = this.#core;
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
        app: (send) => new OverlayController({ ...overlay, send }),
        onProblem: (problem: ChannelProblem) => log.error(problem, 'the switch and its controller disagree'),
      },
      clock.now(),
    );
    channel.start();
    return channel.app;
  }

  /** By kind and port: `storm broadcast ringlet0`. */
  #stormDrops(): Record<string, number> {
    const drops = this.bridge.meterStats(MeterNo.ALL, this.#core.clock.now()).flatMap(({ meterId, bandStats }) => {
      const storm = stormMeterOf(meterId);
      const port = storm && this.bridge.port(storm.port);
      const count = bandStats.reduce((sum, { packetBandCount }) => sum + Number(packetBandCount), 0);
      return port === undefined ? [] : [[`storm ${storm?.kind} ${port.name}`, count] as const];
    });
    return Object.fromEntries(drops);
  }

  #fencedFrames(): number {
    const entries = [...(this.bridge.flows.table(0)?.entries ?? [])];
    return entries.reduce((sum, { cookie, packets }) => (cookie === Cookie.fence ? sum + packets : sum), 0);
  }
}
