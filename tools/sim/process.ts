import type { Clock, Timer } from '../../src/lib/clock.ts';
import type { SignalEvents } from '../../src/signal/index.ts';
import type { Tunnel, TunnelEvents, TunnelFactory, TunnelOffer } from '../../src/tunnel/index.ts';

/**
 * What a node's process is to the machine under it: everything that happens to the node goes through here. It can be paused, and
 * then all of it waits, or killed, and then nothing happens any more.
 */
export class SimProcess implements Clock {
  readonly #clock: Clock;
  #wallErrorMs: number;
  #isKilled = false;
  /** What happened while it was paused. */
  #waiting: (() => void)[] | undefined;

  /** `wallErrorMs`: how far its wall clock is off. */
  constructor(clock: Clock, wallErrorMs = 0) {
    this.#clock = clock;
    this.#wallErrorMs = wallErrorMs;
  }

  now(): number {
    return this.#clock.now();
  }

  wallTime(): number {
    return this.#clock.wallTime() + this.#wallErrorMs;
  }

  get wallErrorMs(): number {
    return this.#wallErrorMs;
  }

  /** As `date -s`: monotonic time does not notice. */
  jump(ms: number): void {
    this.#wallErrorMs += ms;
  }

  after(ms: number, task: () => void): Timer {
    return this.#clock.after(ms, () => this.run(task));
  }

  /** Now, or when it goes on. */
  run(task: () => void): void {
    if (this.#isKilled) return;
    if (this.#waiting === undefined) task();
    else this.#waiting.push(task);
  }

  get isKilled(): boolean {
    return this.#isKilled;
  }

  kill(): void {
    this.#isKilled = true;
  }

  /** As SIGSTOP, and SIGCONT after `ms`. */
  pause(ms: number): void {
    if (this.#waiting !== undefined) return;
    this.#waiting = [];
    this.#clock.after(ms, () => {
      const waiting = this.#waiting ?? [];
      this.#waiting = undefined;
      for (const task of waiting) this.run(task);
    });
  }

  /** The hub does not know who died: what it says to a dead node is lost. */
  signalEvents(events: SignalEvents): SignalEvents {
    return {
      members: (members) => this.run(() => events.members(members)),
      joined: (member) => this.run(() => events.joined(member)),
      left: (nodeId) => this.run(() => events.left(nodeId)),
      message: (from, payload) => this.run(() => events.message(from, payload)),
      state: (connected, reason) => this.run(() => events.state(connected, reason)),
    };
  }

  tunnels(factory: TunnelFactory): TunnelFactory {
    return {
      dial: (name: string, events: TunnelEvents): Tunnel => factory.dial(name, this.#tunnelEvents(events)),
      accept: (name: string, offer: TunnelOffer, events: TunnelEvents): Tunnel =>
        factory.accept(name, offer, this.#tunnelEvents(events)),
      close: () => factory.close(),
    };
  }

  #tunnelEvents(events: TunnelEvents): TunnelEvents {
    return {
      signal: (payload) => this.run(() => events.signal(payload)),
      open: () => this.run(() => events.open()),
      control: (message) => this.run(() => events.control(message)),
      frames: (messages) => this.run(() => events.frames(messages)),
      drained: () => this.run(() => events.drained()),
      closed: (reason) => this.run(() => events.closed(reason)),
    };
  }
}
