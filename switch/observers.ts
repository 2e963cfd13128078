import type { FlowEntry } from './flow/flow-entry.ts';
import type { PacketIn } from './pipeline/pipeline.ts';
import type { Program } from './pipeline/program.ts';
import type { Port } from './ports/port.ts';

/** What a bridge tells whoever observes it, after the frames of the call that caused it were handed to the ports. */
export interface BridgeObserver {
  packetIn?(event: PacketIn): void;
  /** `reason`: `FlowRemovedReason`. */
  flowRemoved?(entry: FlowEntry, reason: number, now: number): void;
  /** An entry was added or, where `before` says what it did until then, modified. */
  flowChanged?(entry: FlowEntry, before: Program | undefined): void;
  /** The bridge was told the time. */
  ticked?(now: number): void;
  /** `reason`: `PortReason`. */
  portStatus?(port: Port, reason: number): void;
  /** After the last event of a call. */
  settled?(): void;
}

/** Keeps events until the bridge is at rest, so that observers may call it. */
export class Observers {
  readonly #observers = new Set<BridgeObserver>();
  #events: ((observer: BridgeObserver) => void)[] = [];
  #isHeld = false;

  /** Returns what ends the subscription. */
  add(observer: BridgeObserver): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  queue(event: (observer: BridgeObserver) => void): void {
    this.#events.push(event);
  }

  /** Keeps everything that `work` queues until its end; if it throws, that never happened. */
  hold(work: () => void): void {
    const before = this.#events.length;
    this.#isHeld = true;
    try {
      work();
    } catch (error) {
      this.#events.length = before;
      throw error;
    } finally {
      this.#isHeld = false;
      this.tell();
    }
  }

  tell(): void {
    if (this.#isHeld || this.#events.length === 0) return;
    const events = this.#events;
    this.#events = [];
    for (const event of events) for (const observer of this.#observers) event(observer);
    for (const observer of this.#observers) observer.settled?.();
  }
}
