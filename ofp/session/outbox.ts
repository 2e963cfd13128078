/** While the peer reads, what was gathered goes out at this size at the latest, bytes. */
const flushSize = 1 << 18;

/** What waits for one peer: gathered during a call, sent at its end, bounded while the peer does not read. */
export class Outbox {
  /** Events that were dropped because too much waited. */
  droppedEvents = 0;
  readonly #send: (bytes: Uint8Array) => void;
  readonly #maxEvents: number;
  readonly #maxAll: number;
  #queue: Uint8Array[] = [];
  #bytes = 0;
  #writable = true;
  #held = 0;

  constructor(send: (bytes: Uint8Array) => void, maxEvents: number, maxAll: number) {
    this.#send = send;
    this.#maxEvents = maxEvents;
    this.#maxAll = maxAll;
  }

  get queuedBytes(): number {
    return this.#bytes;
  }

  /** False asks to hold back; true says that the transport takes more. */
  setWritable(writable: boolean): void {
    this.#writable = writable;
    this.#flushIfFree();
  }

  /** From here to the matching `release`, what is sent is gathered. May be nested. */
  hold(): void {
    this.#held++;
  }

  release(): void {
    this.#held--;
    this.#flushIfFree();
  }

  /** Something that must arrive. False: too much waits already, and the connection has to end. */
  mustSend(bytes: Uint8Array): boolean {
    if (!this.#writable && this.#bytes + bytes.length > this.#maxAll) return false;
    this.#push(bytes);
    return true;
  }

  /** Something that may be lost. False: it was dropped, and counted. */
  maySend(bytes: Uint8Array): boolean {
    if (!this.#writable && this.#bytes + bytes.length > this.#maxEvents) {
      this.droppedEvents++;
      return false;
    }
    this.#push(bytes);
    return true;
  }

  /** Hands over what waits, whether the transport wants it or not: the connection ends with it. */
  flush(): void {
    if (this.#queue.length === 0) return;
    const queue = this.#queue;
    const bytes = this.#bytes;
    this.#queue = [];
    this.#bytes = 0;
    this.#send(queue.length === 1 ? queue[0]! : joined(queue, bytes));
  }

  #push(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes >= flushSize && this.#writable) this.flush();
    else this.#flushIfFree();
  }

  #flushIfFree(): void {
    if (this.#writable && this.#held === 0) this.flush();
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
