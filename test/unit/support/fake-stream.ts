import type { Dial, Stream, StreamEvents } from '../../../src/openflow/index.ts';

/** A connection that a test plays the other side of. */
export class FakeStream implements Stream {
  readonly security = undefined;
  readonly events: StreamEvents;
  readonly written: Uint8Array[] = [];
  /** What `write` returns. */
  takesMore = true;
  isClosed = false;
  isEnding = false;
  isPaused = false;

  constructor(events: StreamEvents) {
    this.events = events;
  }

  write(bytes: Uint8Array): boolean {
    this.written.push(bytes);
    return this.takesMore;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  end(): void {
    this.isEnding = true;
    this.close('ended here');
  }

  destroy(): void {
    this.close('destroyed here');
  }

  close(reason: string): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.events.close(reason);
  }

  /** The types of the messages that were written, and forgets them. */
  takeTypes(): number[] {
    const types: number[] = [];
    for (const bytes of this.written.splice(0)) {
      for (let at = 0; at < bytes.length; at += (bytes[at + 2]! << 8) | bytes[at + 3]!) types.push(bytes[at + 1]!);
    }
    return types;
  }
}

/** Dials nobody, and keeps what was dialled. */
export function fakeDial(): { dial: Dial; streams: FakeStream[] } {
  const streams: FakeStream[] = [];
  const dial: Dial = (events) => {
    const stream = new FakeStream(events);
    streams.push(stream);
    return stream;
  };
  return { dial, streams };
}

/** A header alone is a whole message where a type has no body. */
export const message = (type: number, version = 4, xid = 7): Uint8Array =>
  Uint8Array.of(version, type, 0, 8, 0, 0, 0, xid);
export const [hello, echoRequest, echoReply, featuresRequest] = [0, 2, 3, 5];
