import { type Logger, pino } from 'pino';
import type { OverlaySettings } from '../../src/controller/index.ts';
import { Identity } from '../../src/identity/index.ts';
import type { Clock, Timer } from '../../src/lib/clock.ts';
import { VirtualClock } from '../../src/lib/virtual-clock.ts';
import { defaultMtu, OverlayNode } from '../../src/node/index.ts';
import { MemorySignalHub, type SignalEvents } from '../../src/signal/index.ts';
import { MemoryTap } from '../../src/tap/index.ts';
import { type MemoryTunnelFactory, MemoryTunnelNetwork } from '../../src/tunnel/index.ts';
import { seededRandom } from '../../topology/index.ts';

const silent = pino({ level: 'silent' });

export interface SimOptions {
  readonly nodes: number;
  readonly seed: number;
  /** One way, in ms, on every link. */
  readonly latencyMs: number;
  /** Of every node's controller. */
  readonly settings?: Partial<OverlaySettings>;
  /** Of all nodes; silent by default. */
  readonly log?: Logger;
}

/** A node of a simulation with the host at its TAP. */
export interface SimNode {
  readonly node: OverlayNode;
  readonly tap: MemoryTap;
  readonly tunnels: MemoryTunnelFactory;
  readonly clock: NodeClock;
  /** Frames that the node handed to its host, copied. */
  readonly received: Uint8Array[];
}

/**
 * Whole nodes, as they ship, on virtual time: only TAP, tunnels and signalling are their in-memory twins. The same options
 * give the same run.
 */
export class SimNetwork {
  readonly clock = new VirtualClock();
  readonly nodes: SimNode[] = [];
  readonly #log: Logger;
  readonly #random: () => number;
  readonly #settings: Partial<OverlaySettings>;
  readonly #tunnels: MemoryTunnelNetwork;
  /** The rendezvous of all nodes. */
  readonly hub: MemorySignalHub;

  constructor(options: SimOptions) {
    this.#log = options.log ?? silent;
    this.#settings = options.settings ?? {};
    this.#random = seededRandom(options.seed);
    const { clock } = this;
    const path = { latencyMs: options.latencyMs, loss: 0 };
    this.#tunnels = new MemoryTunnelNetwork({ clock, random: this.#random, path: () => path });
    this.hub = new MemorySignalHub({ clock, latencyMs: options.latencyMs });
    for (let i = 1; i <= options.nodes; i++) this.#add(`n${i}`);
  }

  /** Lets virtual time pass. */
  run(ms: number): void {
    this.clock.advance(ms);
  }

  /** As `kill -9` of a node: it does nothing any more, and nobody is told. */
  kill(victim: SimNode): void {
    victim.clock.stop();
    victim.tunnels.kill();
  }

  #add(name: string): void {
    const clock = new NodeClock(this.clock);
    const identity = Identity.fromSeed(Uint8Array.from({ length: 32 }, () => this.#random() * 256));
    const mac = Uint8Array.of(0x06, ...Buffer.from(identity.nodeId, 'hex').subarray(0, 5));
    const tap = new MemoryTap({ name: 'tap0', mac, mtu: defaultMtu, defer: (task) => clock.after(0, task) });
    const tunnels = this.#tunnels.factory(name);
    const received: Uint8Array[] = [];
    tap.host.onFrames((frames) => received.push(...frames.map((frame) => frame.slice())));
    const config = { name, overlay: 'sim' };
    const node = new OverlayNode({
      config,
      identity,
      settings: this.#settings,
      tap,
      tunnels,
      clock,
      random: this.#random,
      log: this.#log,
      signal: (events) => this.hub.signal({ ...config, signer: identity, events: whileRunning(clock, events) }),
    });
    // Settles in virtual time; the hub of a simulation is always there.
    void node.start();
    this.nodes.push({ node, tap, tunnels, received, clock });
  }
}

/** The simulation's clock as one node has it: it stops with the node. */
class NodeClock implements Clock {
  readonly #clock: Clock;
  #stopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  wallTime(): number {
    return this.#clock.wallTime();
  }

  after(ms: number, task: () => void): Timer {
    return this.#clock.after(ms, () => {
      if (!this.#stopped) task();
    });
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  stop(): void {
    this.#stopped = true;
  }
}

/** The hub does not know who died: what it says to a dead node is lost. */
function whileRunning(clock: NodeClock, events: SignalEvents): SignalEvents {
  const guard =
    <A extends unknown[]>(handler: (...args: A) => void) =>
    (...args: A) => {
      if (!clock.isStopped) handler(...args);
    };
  return {
    members: guard(events.members),
    joined: guard(events.joined),
    left: guard(events.left),
    message: guard(events.message),
    state: guard(events.state),
  };
}
