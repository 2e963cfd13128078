import { linkHeaderLength, linkMessageTarget } from '../packet/index.ts';
import { type Frb, frbHeaderLength, maxParts } from './frb.ts';

/** As much of a frame as fits one datagram of a link together with the headers. */
export const maxPartLength = linkMessageTarget - linkHeaderLength - frbHeaderLength;
/** Longest frame that can be flooded. */
export const maxFloodedFrame = maxParts * maxPartLength;

/** Frames of which some parts are here: the newest, for as long as a neighbour may still hold the others, and so many bytes. */
const waitMs = 10_000;
const maxWaiting = 256;
const maxWaitingBytes = 1024 * 1024;

/** Views of a frame that each fit a link, of equal length but for the last one. At most `maxParts` for `maxFloodedFrame` bytes. */
export function cutIntoParts(frame: Uint8Array): Uint8Array[] {
  const count = Math.max(1, Math.ceil(frame.length / maxPartLength));
  const length = Math.ceil(frame.length / count);
  return Array.from({ length: count }, (_, i) => frame.subarray(i * length, (i + 1) * length));
}

interface Waiting {
  readonly key: string;
  readonly since: number;
  readonly parts: (Uint8Array | undefined)[];
  missing: number;
  bytes: number;
}

/** Puts frames together that came in parts. Each part has a flood of its own, so that each is told of and asked for alone. */
export class Joiner {
  /** Frames given up: a part did not come in time, or there were too many. */
  incomplete = 0;
  /** Oldest first. */
  readonly #waiting = new Map<string, Waiting>();
  #bytes = 0;

  get size(): number {
    return this.#waiting.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a part that did not come before. Returns the frame when it is the last one; undefined as long as some are missing. */
  add({ root, epoch, sequence, part, lastPart, inner }: Frb, now: number): Uint8Array | undefined {
    if (lastPart === 0) return inner;
    this.expire(now);
    const key = `${root}/${epoch}/${sequence - part}/${lastPart}`;
    const waiting = this.#waiting.get(key) ?? this.#begin(key, lastPart + 1, now);
    if (waiting.parts[part] === undefined) {
      waiting.parts[part] = inner.slice();
      waiting.missing -= 1;
      waiting.bytes += inner.length;
      this.#bytes += inner.length;
    }
    if (waiting.missing > 0) {
      while (this.#bytes > maxWaitingBytes) this.#giveUpOldest();
      return undefined;
    }
    this.#remove(waiting);
    return joined(waiting);
  }

  expire(now: number): void {
    for (const { since } of this.#waiting.values()) {
      if (now - since < waitMs) return;
      this.#giveUpOldest();
    }
  }

  #begin(key: string, count: number, now: number): Waiting {
    if (this.#waiting.size >= maxWaiting) this.#giveUpOldest();
    const parts = new Array<Uint8Array | undefined>(count).fill(undefined);
    const waiting = { key, since: now, parts, missing: count, bytes: 0 };
    this.#waiting.set(key, waiting);
    return waiting;
  }

  #giveUpOldest(): void {
    this.incomplete += 1;
    this.#remove(this.#waiting.values().next().value!);
  }

  #remove(waiting: Waiting): void {
    this.#waiting.delete(waiting.key);
    this.#bytes -= waiting.bytes;
  }
}

function joined({ parts, bytes }: Waiting): Uint8Array {
  const frame = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    frame.set(part!, at);
    at += part!.length;
  }
  return frame;
}
