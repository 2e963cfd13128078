import { LinkEncoder, type LinkRecord } from '../../switch/packet/index.ts';
import type { FramePort } from '../tap/index.ts';

/** A link as a port of an Open vSwitch: the TAP that stands for it there, and what waits to be sent over it. */
export class OvsLink {
  readonly name: string;
  isUp = true;
  /** Undefined while it is being made. */
  tap: FramePort | undefined;
  isOpening = false;
  /** The switch takes frames from the TAP, and has rules for them. */
  isAttached = false;
  /** It was asked whether it has. */
  isAttaching = false;
  readonly #send: (messages: readonly Uint8Array[]) => number;
  readonly #encoder = new LinkEncoder();
  /** Link messages whose rest made no sense. */
  malformed = 0;
  #frames: Uint8Array[] = [];

  /** `name`: of the TAP. `send`: over the link. */
  constructor(name: string, send: (messages: readonly Uint8Array[]) => number) {
    this.name = name;
    this.#send = send;
  }

  /** Queues a frame for the neighbour; it is copied. False: no record can hold it. */
  queueRecord(record: Readonly<LinkRecord>, frame: Uint8Array): boolean {
    return this.#encoder.append(record, frame);
  }

  /** Queues a labelled frame for the switch. */
  queueFrame(frame: Uint8Array): void {
    this.#frames.push(frame);
  }

  /** Hands on what is queued. `detour`: for frames to the switch as long as the TAP is not attached. */
  flush(detour: FramePort): void {
    const messages = this.#encoder.take();
    if (messages.length > 0) this.#send(messages);
    if (this.#frames.length === 0) return;
    const frames = this.#frames;
    this.#frames = [];
    const tap = this.isAttached && this.tap !== undefined ? this.tap : detour;
    tap.send(frames);
  }
}
