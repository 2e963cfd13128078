/** Way out to one controller. */
export interface ControllerTransport {
  /** Takes bytes of the stream, in order; they are the transport's from then on. */
  send(bytes: Uint8Array): void;
  /** Ends the connection after what was sent. The connection is not used afterwards. */
  close(reason: string): void;
}

/** Events are dropped while this much waits for a controller that does not read. */
export const eventBacklog = 1 << 20;
/** A controller that asks and does not read the answers is cut off here. */
export const replyBacklog = 1 << 25;
/** While it reads, what was gathered goes out at this size at the latest. */
const flushSize = 1 << 18;

/** What waits to be sent to one controller: gathered during a call, sent at its end, and bounded while nobody reads. */
export class Outbox {
  droppedEvents = 0;
  readonly #transport: ControllerTransport;
  #queue: Uint8Array[] = [];
  #bytes = 0;
  #isWritable = true;

  constructor(transport: ControllerTransport) {
    this.#transport = transport;
  }

  get backlog(): number {
    return this.#bytes;
  }

  /** A hint of the transport: false asks to hold back. */
  setWritable(isWritable: boolean): void {
    this.#isWritable = isWritable;
    if (isWritable) this.flush();
  }

  /** Something that was asked for. False: far too much waits already, the connection should end. */
  reply(bytes: Uint8Array): boolean {
    if (this.#bytes + bytes.length > replyBacklog) return false;
    this.#push(bytes);
    return true;
  }

  /** Something nobody asked for: dropped and counted while too much waits. */
  event(bytes: Uint8Array): void {
    if (!this.#isWritable && this.#bytes + bytes.length > eventBacklog) this.droppedEvents += 1;
    else this.#push(bytes);
  }

  flush(): void {
    if (!this.#isWritable || this.#queue.length === 0) return;
    const queue = this.#queue;
    const bytes = this.#bytes;
    this.#queue = [];
    this.#bytes = 0;
    this.#transport.send(queue.length === 1 ? queue[0]! : concat(queue, bytes));
  }

  #push(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes >= flushSize) this.flush();
  }
}

function concat(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
