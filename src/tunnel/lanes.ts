import { type DataChannel, guarded, type PeerConnection } from './native.ts';
import { maxControlMessage, maxFrameMessage, type TunnelCounters } from './tunnel.ts';

/** Bytes that may wait in the frame lane. More would be latency: 256 KiB is 20 ms at 100 Mbit/s. */
const frameQueueBytes = 256 * 1024;
/** With more waiting, a batch of the usual size may not fit any more. */
const congestedBytes = 32 * 1024;
const drainedBytes = 8 * 1024;
/** Bytes that may wait in the control lane, so that a peer that stopped reading costs no more than this. */
const controlQueueBytes = 1024 * 1024;
/** Received messages handed over at once at most; more of them make a second batch in the same turn. */
const maxBatch = 1024;

/** Both ends know the channels beforehand (RFC 8832 section 4): nothing is negotiated inside the association. */
export interface Lanes {
  readonly control: DataChannel;
  readonly frames: DataChannel;
}

export function createLanes(peer: PeerConnection): Lanes {
  const frames = peer.createDataChannel('frames', { negotiated: true, id: 1, unordered: true, maxRetransmits: 0 });
  frames.setBufferedAmountLowThreshold(drainedBytes);
  return { control: peer.createDataChannel('control', { negotiated: true, id: 0 }), frames };
}

export function isCongested(lane: DataChannel): boolean {
  return lane.bufferedAmount() > congestedBytes;
}

export function sendControl(lane: DataChannel, message: Uint8Array, counters: TunnelCounters): boolean {
  if (message.length > maxControlMessage || lane.bufferedAmount() + message.length > controlQueueBytes) return false;
  // False from here means that the message waits in the native queue, not that it was refused.
  lane.sendMessageBinary(message);
  counters.txMessages += 1;
  counters.txBytes += message.length;
  return true;
}

/** HOT PATH. Drops the new message rather than an old one: what waits is already numbered and encrypted. */
export function sendFrames(lane: DataChannel, messages: readonly Uint8Array[], counters: TunnelCounters): number {
  let taken = 0;
  // Asked once for all of them: meanwhile it falls, but for what is added here.
  let waiting = lane.bufferedAmount();
  for (const message of messages) {
    if (message.length > maxFrameMessage || waiting > frameQueueBytes) {
      counters.txDropped += 1;
      continue;
    }
    if (!lane.sendMessageBinary(message)) waiting += message.length;
    counters.txBytes += message.length;
    taken += 1;
  }
  counters.txMessages += taken;
  return taken;
}

/** Calls `receive` for each message; a text message is none of ours and goes to `refused`. */
export function onBinary(lane: DataChannel, receive: (message: Uint8Array) => void, refused: () => void): void {
  lane.onMessage(
    guarded((message: unknown) => {
      if (message instanceof Uint8Array) receive(message);
      else refused();
    }),
  );
}

/**
 * Gathers what arrives in one turn of the event loop. The native side calls once per message and drains the microtasks
 * after each, so a microtask would make batches of one; the check phase comes after all that waited.
 */
export class Batcher {
  readonly #deliver: (messages: readonly Uint8Array[]) => void;
  #batch: Uint8Array[] = [];

  constructor(deliver: (messages: readonly Uint8Array[]) => void) {
    this.#deliver = deliver;
  }

  push(message: Uint8Array): void {
    if (this.#batch.push(message) === 1) setImmediate(() => this.flush());
    else if (this.#batch.length === maxBatch) this.flush();
  }

  flush(): void {
    if (this.#batch.length === 0) return;
    const batch = this.#batch;
    this.#batch = [];
    this.#deliver(batch);
  }

  discard(): void {
    this.#batch = [];
  }
}
