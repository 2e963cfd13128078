import { type Logger, pino } from 'pino';
import type { OverlaySettings } from '../../src/controller/index.ts';
import { Identity } from '../../src/identity/index.ts';
import { VirtualClock } from '../../src/lib/virtual-clock.ts';
import { defaultMtu, type NodeParts, OverlayNode, OwnSwitch } from '../../src/node/index.ts';
import { MemorySignalHub } from '../../src/signal/index.ts';
import { MemoryTap } from '../../src/tap/index.ts';
import { type MemoryPath, type MemoryTunnelFactory, MemoryTunnelNetwork } from '../../src/tunnel/index.ts';
import { type DemandMode, seededRandom } from '../../topology/index.ts';
import { SimProcess } from './process.ts';
import { SignatureMemory } from './signature-memory.ts';

const silent = pino({ level: 'silent' });
const nowhere: MemoryPath = { latencyMs: 0, loss: 1 };

export interface SimOptions {
  readonly nodes: number;
  readonly seed: number;
  /** One way, in ms, on every link. */
  readonly latencyMs: number;
  /** Of every node's controller. */
  readonly settings?: Partial<OverlaySettings>;
  /** Of every node; off by default. */
  readonly demand?: DemandMode;
  /** What each node knows of the others, and with whom it links. */
  readonly topology?: (identity: Identity) => Pick<NodeParts<OwnSwitch>, 'policy' | 'capacity'>;
  /** Of the first nodes; made up by default. */
  readonly identities?: readonly Identity[];
  /** What else links do to frames; may be changed while it runs, as `faults` of the network. */
  readonly faults?: Omit<MemoryPath, 'latencyMs'>;
  /** Of all nodes; silent by default. */
  readonly log?: Logger;
}

/** A node of a simulation with the host at its TAP. A restart gives it a new process; its key and its host stay. */
export interface SimNode {
  readonly name: string;
  readonly identity: Identity;
  readonly mac: Uint8Array;
  node: OverlayNode<OwnSwitch>;
  tap: MemoryTap;
  tunnels: MemoryTunnelFactory;
  clock: SimProcess;
  /** Frames that the node handed to its host, copied. */
  readonly received: Uint8Array[];
}

/**
 * Whole nodes, as they ship, on virtual time: only TAP, tunnels and signalling are their in-memory twins. The same options
 * and the same calls give the same run.
 */
export class SimNetwork {
  readonly clock = new VirtualClock();
  readonly nodes: SimNode[] = [];
  /** The rendezvous of all nodes. */
  readonly hub: MemorySignalHub;
  faults: Omit<MemoryPath, 'latencyMs'>;
  readonly #latencyMs: number;
  readonly #log: Logger;
  readonly #random: () => number;
  readonly #settings: Partial<OverlaySettings>;
  readonly #demand: DemandMode;
  readonly #identities: readonly Identity[];
  readonly #topology: NonNullable<SimOptions['topology']>;
  readonly #tunnels: MemoryTunnelNetwork;
  readonly #signatures = new SignatureMemory();
  /** Names of the nodes on one side of a partition. */
  #cutOff: ReadonlySet<string> = new Set();

  constructor(options: SimOptions) {
    this.#log = options.log ?? silent;
    this.#settings = options.settings ?? {};
    this.#demand = options.demand ?? 'off';
    this.#topology = options.topology ?? (() => ({}));
    this.#identities = options.identities ?? [];
    this.#random = seededRandom(options.seed);
    this.#latencyMs = options.latencyMs;
    this.faults = options.faults ?? { loss: 0 };
    const { clock } = this;
    const path = (from: string, to: string) => this.#path(from, to);
    this.#tunnels = new MemoryTunnelNetwork({ clock, random: this.#random, path });
    this.hub = new MemorySignalHub({ clock, latencyMs: options.latencyMs });
    for (let i = 1; i <= options.nodes; i++) this.join();
  }

  /** Lets virtual time pass. */
  run(ms: number): void {
    this.clock.advance(ms);
  }

  /** Nodes whose processes were not killed. */
  get alive(): SimNode[] {
    return this.nodes.filter(({ clock }) => !clock.isKilled);
  }

  /** One more node starts. */
  join(): SimNode {
    const given = this.#identities[this.nodes.length];
    const identity = given ?? Identity.fromSeed(Uint8Array.from({ length: 32 }, () => this.#random() * 256));
    const mac = Uint8Array.of(0x06, ...Buffer.from(identity.nodeId, 'hex').subarray(0, 5));
    const host = { name: `n${this.nodes.length + 1}`, identity, mac, received: [] };
    const member = { ...host, ...this.#start(host, 0) };
    this.nodes.push(member);
    return member;
  }

  /** As `kill -9` of a node: it does nothing any more, and nobody is told. */
  kill(victim: SimNode): void {
    victim.clock.kill();
    victim.tunnels.kill();
  }

  /** Kills it, and starts it anew at once with the same key; its wall clock goes on as it was. */
  restart(victim: SimNode): void {
    this.kill(victim);
    Object.assign(victim, this.#start(victim, victim.clock.wallErrorMs));
  }

  /** Cuts these nodes off from the others, as far as links go; the rendezvous is there for all. */
  partition(members: readonly SimNode[]): void {
    this.#cutOff = new Set(members.map(({ name }) => name));
  }

  heal(): void {
    this.#cutOff = new Set();
  }

  #path(from: string, to: string): MemoryPath {
    if (this.#cutOff.has(from) !== this.#cutOff.has(to)) return nowhere;
    return { latencyMs: this.#latencyMs, ...this.faults };
  }

  #start(host: Pick<SimNode, 'name' | 'identity' | 'mac' | 'received'>, wallErrorMs: number) {
    const { name, identity, mac, received } = host;
    const clock = new SimProcess(this.clock, wallErrorMs);
    const tap = new MemoryTap({ name: 'tap0', mac, mtu: defaultMtu, defer: (task) => clock.after(0, task) });
    const tunnels = this.#tunnels.factory(name);
    tap.host.onFrames((frames) => received.push(...frames.map((frame) => frame.slice())));
    const config = { name, overlay: 'sim' };
    const node = new OverlayNode({
      ...this.#topology(identity),
      config,
      identity,
      verify: this.#signatures.verify,
      settings: this.#settings,
      demand: this.#demand,
      makeSwitch: (core) => new OwnSwitch(core, tap),
      tunnels: clock.tunnels(tunnels),
      clock,
      random: this.#random,
      log: this.#log,
      signal: (events) => this.hub.signal({ ...config, signer: identity, events: clock.signalEvents(events) }),
    });
    // Settles in virtual time; the hub of a simulation is always there.
    void node.start();
    return { node, tap, tunnels, clock };
  }
}
