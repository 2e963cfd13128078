import { createHash } from 'node:crypto';
import type { Clock, Random } from '../lib/clock.ts';
import { TunnelError } from './errors.ts';
import { MessagePool } from './memory-lane.ts';
import { MemoryTunnel } from './memory-tunnel.ts';
import type { Tunnel, TunnelEvents, TunnelFactory, TunnelOffer } from './tunnel.ts';

/** What one way between two hosts is like. Read for each message, so a test may change it while tunnels are up. */
export interface MemoryPath {
  readonly latencyMs: number;
  /** Share of messages lost, 0 to 1. At 1 nothing crosses: a partition. */
  readonly loss: number;
  /** Share of frames that arrive twice. */
  readonly duplicate?: number;
  /** Added to the latency of each frame, uniformly up to this: frames overtake each other. */
  readonly jitterMs?: number;
}

export interface MemoryNetworkOptions {
  readonly clock: Clock;
  /** Seeded in simulations. */
  readonly random: Random;
  /** From host to host, by the names given to `factory`. 0 ms and no loss by default. */
  readonly path?: (from: string, to: string) => MemoryPath;
}

/** Joins the factories of one process: tunnels of one find the other end among those of the others. */
export class MemoryTunnelNetwork {
  readonly clock: Clock;
  readonly random: Random;
  readonly pool = new MessagePool();
  readonly path: (from: string, to: string) => MemoryPath;
  readonly #tunnels = new Map<string, MemoryTunnel>();
  #made = 0;

  constructor(options: MemoryNetworkOptions) {
    this.clock = options.clock;
    this.random = options.random;
    this.path = options.path ?? (() => ({ latencyMs: 0, loss: 0 }));
  }

  factory(host: string): MemoryTunnelFactory {
    return new MemoryTunnelFactory(this, host);
  }

  /** The tunnel that the other end's description names, unless it is gone. */
  find(id: string): MemoryTunnel | undefined {
    return this.#tunnels.get(id);
  }

  /** Takes the tunnel in and gives it the id that its descriptions carry. */
  add(tunnel: MemoryTunnel): string {
    this.#made += 1;
    const id = `memory:${this.#made}`;
    this.#tunnels.set(id, tunnel);
    return id;
  }

  remove(id: string): void {
    this.#tunnels.delete(id);
  }
}

/** The fake's certificate: as long as a real SHA-256 fingerprint, and different for each tunnel. */
export function memoryFingerprint(id: string): string {
  const digits = createHash('sha256').update(id).digest('hex').toUpperCase();
  return (digits.match(/../g) ?? []).join(':');
}

/** The in-memory fake of a host's tunnels. */
export class MemoryTunnelFactory implements TunnelFactory {
  readonly host: string;
  readonly #network: MemoryTunnelNetwork;
  readonly #tunnels = new Set<MemoryTunnel>();
  #closed = false;

  constructor(network: MemoryTunnelNetwork, host: string) {
    this.#network = network;
    this.host = host;
  }

  dial(name: string, events: TunnelEvents): Tunnel {
    const tunnel = this.#make(name, 'offer', events);
    this.#network.clock.after(0, () => tunnel.dial());
    return tunnel;
  }

  accept(name: string, offer: TunnelOffer, events: TunnelEvents): Tunnel {
    const tunnel = this.#make(name, 'answer', events);
    this.#network.clock.after(0, () => tunnel.accept(offer));
    return tunnel;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const tunnel of this.#tunnels) tunnel.close('this node is closing');
  }

  /** As `kill -9` of the host: no event here, no word to the other ends, which find out by themselves. */
  kill(): void {
    this.#closed = true;
    for (const tunnel of this.#tunnels) tunnel.kill();
  }

  #make(name: string, role: 'offer' | 'answer', events: TunnelEvents): MemoryTunnel {
    if (this.#closed) throw new TunnelError('TUNNEL_FACTORY_CLOSED', 'the tunnel factory is closed');
    const tunnel = new MemoryTunnel(name, role, this.host, events, this.#network, () => this.#tunnels.delete(tunnel));
    this.#tunnels.add(tunnel);
    return tunnel;
  }
}
