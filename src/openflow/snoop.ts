import type { Stream } from './stream.ts';

/** What waits for a listener that does not read, in bytes; it is cut off beyond. */
const maxBacklog = 1 << 22;

/**
 * Shows whole messages between a switch and its controllers to whoever listens on the snoop socket, both directions in one
 * stream, as `ovs-ofctl snoop` reads them.
 */
export class Snoop {
  readonly #listeners = new Map<Stream, { backlog: number; isWaiting: boolean }>();

  get isActive(): boolean {
    return this.#listeners.size > 0;
  }

  add(stream: Stream): void {
    this.#listeners.set(stream, { backlog: 0, isWaiting: false });
  }

  remove(stream: Stream): void {
    this.#listeners.delete(stream);
  }

  /** The stream takes more again. */
  drained(stream: Stream): void {
    const state = this.#listeners.get(stream);
    if (state) Object.assign(state, { backlog: 0, isWaiting: false });
  }

  /** One message or several, whole. The bytes may change once this returns. */
  show(messages: Uint8Array): void {
    if (this.#listeners.size === 0) return;
    const copy = messages.slice();
    for (const [stream, state] of this.#listeners) {
      if (state.isWaiting) state.backlog += copy.length;
      if (state.backlog > maxBacklog) stream.destroy();
      else if (!stream.write(copy)) state.isWaiting = true;
    }
  }
}
