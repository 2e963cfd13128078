import type { Clock } from '../lib/clock.ts';
import type { Signer } from '../lib/ed25519.ts';
import { SignalError } from './errors.ts';
import type { Member, Signal, SignalEvents } from './signal.ts';

export interface MemorySignalOptions {
  readonly overlay: string;
  readonly signer: Pick<Signer, 'nodeId' | 'publicKey'>;
  readonly name: string;
  readonly events: SignalEvents;
}

export interface MemoryHubOptions {
  readonly clock: Clock;
  /** One way between a node and the hub; 0 by default. */
  readonly latencyMs?: number;
}

/** How long a node waits before it tries a hub again that is away. */
const retryMs = 200;
/** As the WebSocket rendezvous has it, for a payload in its message. */
const maxPayloadLength = 65_000;

/** The in-memory fake of a rendezvous server. With a virtual clock, all it does is the same in every run. */
export class MemorySignalHub {
  readonly #clock: Clock;
  readonly #latencyMs: number;
  readonly #overlays = new Map<string, Map<string, MemorySignal>>();
  #up = true;

  constructor(options: MemoryHubOptions) {
    this.#clock = options.clock;
    this.#latencyMs = options.latencyMs ?? 0;
  }

  signal(options: MemorySignalOptions): Signal {
    return new MemorySignal(this, options);
  }

  /** The courier goes away, as far as all nodes can tell. */
  stop(): void {
    this.#up = false;
    const all = [...this.#overlays.values()].flatMap((members) => [...members.values()]);
    this.#overlays.clear();
    for (const signal of all) this.#later(() => signal.lost('the hub went away'));
  }

  restart(): void {
    this.#up = true;
  }

  register(signal: MemorySignal): void {
    this.#later(() => {
      if (!this.#up) {
        this.#later(() => signal.refused());
        return;
      }
      const { overlay, member } = signal;
      const members = this.#overlays.get(overlay) ?? new Map<string, MemorySignal>();
      this.#overlays.set(overlay, members);
      const older = members.get(member.nodeId);
      if (older !== undefined) {
        this.#remove(older);
        this.#later(() => older.lost('this key registered on another connection'));
      }
      const others = [...members.values()].map((other) => other.member);
      this.#tellOthers(signal, (other) => other.joined(member));
      members.set(member.nodeId, signal);
      this.#later(() => signal.registered(others));
    });
  }

  unregister(signal: MemorySignal): void {
    this.#later(() => this.#remove(signal));
  }

  relay(signal: MemorySignal, to: string, payload: string): void {
    this.#later(() => {
      const members = this.#overlays.get(signal.overlay);
      if (members?.get(signal.member.nodeId) !== signal) return;
      const target = members.get(to);
      if (target !== undefined) this.#later(() => target.message(signal.member.nodeId, payload));
    });
  }

  retry(task: () => void): void {
    this.#clock.after(retryMs, task);
  }

  #remove(signal: MemorySignal): void {
    const members = this.#overlays.get(signal.overlay);
    if (members?.get(signal.member.nodeId) !== signal) return;
    members.delete(signal.member.nodeId);
    this.#tellOthers(signal, (other) => other.left(signal.member.nodeId));
  }

  #tellOthers(signal: MemorySignal, tell: (other: MemorySignal) => void): void {
    for (const other of this.#overlays.get(signal.overlay)?.values() ?? []) {
      if (other !== signal) this.#later(() => tell(other));
    }
  }

  #later(task: () => void): void {
    this.#clock.after(this.#latencyMs, task);
  }
}

/** A node's end of the hub. */
export class MemorySignal implements Signal {
  readonly overlay: string;
  readonly member: Member;
  readonly #hub: MemorySignalHub;
  readonly #events: SignalEvents;
  #state: 'new' | 'connecting' | 'registered' | 'closed' = 'new';
  #settle: { resolve: () => void; reject: (error: SignalError) => void } | undefined;

  constructor(hub: MemorySignalHub, options: MemorySignalOptions) {
    this.#hub = hub;
    this.overlay = options.overlay;
    const { nodeId, publicKey } = options.signer;
    this.member = { nodeId, publicKey, name: options.name };
    this.#events = options.events;
  }

  start(): Promise<void> {
    if (this.#state !== 'new') return Promise.reject(new SignalError('SIGNAL_CLOSED', 'started or closed before'));
    this.#state = 'connecting';
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#hub.register(this);
    });
  }

  send(to: string, payload: string): boolean {
    if (this.#state !== 'registered' || payload.length > maxPayloadLength) return false;
    this.#hub.relay(this, to, payload);
    return true;
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#hub.unregister(this);
    this.#settle?.reject(new SignalError('SIGNAL_CLOSED', 'closed before the hub answered'));
    this.#settle = undefined;
  }

  registered(others: readonly Member[]): void {
    if (this.#state !== 'connecting') return;
    this.#state = 'registered';
    this.#events.state(true, 'registered');
    this.#events.members(others);
    this.#settle?.resolve();
    this.#settle = undefined;
  }

  refused(): void {
    if (this.#state !== 'connecting') return;
    if (this.#settle !== undefined) {
      this.#state = 'closed';
      this.#settle.reject(new SignalError('SIGNAL_UNREACHABLE', 'cannot reach the hub'));
      this.#settle = undefined;
      return;
    }
    this.#hub.retry(() => this.#reconnect());
  }

  lost(reason: string): void {
    if (this.#state !== 'registered') return;
    this.#state = 'connecting';
    this.#events.state(false, reason);
    this.#hub.retry(() => this.#reconnect());
  }

  joined(member: Member): void {
    if (this.#state === 'registered') this.#events.joined(member);
  }

  left(nodeId: string): void {
    if (this.#state === 'registered') this.#events.left(nodeId);
  }

  message(from: string, payload: string): void {
    if (this.#state === 'registered') this.#events.message(from, payload);
  }

  #reconnect(): void {
    if (this.#state === 'connecting') this.#hub.register(this);
  }
}
