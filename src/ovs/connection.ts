import { OvsError } from './errors.ts';
import { JsonSplitter } from './json-splitter.ts';

/** A connection to the database; a socket, or what a test puts in its place. */
export interface DatabaseStream {
  write(bytes: Uint8Array): boolean;
  /** Ends it at once. `close` is still called. */
  destroy(): void;
}

export interface DatabaseStreamEvents {
  open(): void;
  data(bytes: Uint8Array): void;
  drain(): void;
  /** The end, whatever the cause. Nothing is called after it. */
  close(reason: string): void;
}

/** Begins to connect. */
export type DialDatabase = (events: DatabaseStreamEvents) => DatabaseStream;

export interface ConnectionEvents {
  open(): void;
  notification(method: string, params: readonly unknown[]): void;
  close(reason: string): void;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: OvsError): void;
}

/** One connection to an OVSDB server: JSON-RPC 1.0 with requests, notifications and echoes (RFC 7047 section 4). */
export class DatabaseConnection {
  readonly #stream: DatabaseStream;
  readonly #splitter = new JsonSplitter();
  readonly #waiting = new Map<number, Waiting>();
  readonly #events: ConnectionEvents;
  #nextId = 0;
  #fault: string | undefined;
  /** Whether anything came since it was last asked. */
  #heard = false;
  /** The server does not read. */
  #isBlocked = false;

  constructor(dial: DialDatabase, events: ConnectionEvents) {
    this.#events = events;
    this.#stream = dial({
      open: () => events.open(),
      data: (bytes) => this.#receive(bytes),
      drain: () => {
        this.#isBlocked = false;
      },
      close: (reason) => this.#closed(this.#fault ?? reason),
    });
  }

  /** Rejects with OVS_REFUSED when the server answers with an error, OVS_LOST when the connection ends before. */
  request(method: string, params: readonly unknown[]): Promise<unknown> {
    const id = this.#nextId++;
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#send({ method, params, id });
    return answer;
  }

  /** Whether the server said anything since the last call. */
  wasHeard(): boolean {
    const heard = this.#heard;
    this.#heard = false;
    return heard;
  }

  close(reason: string): void {
    this.#fault ??= reason;
    this.#stream.destroy();
  }

  #send(message: object): void {
    if (!this.#stream.write(Buffer.from(JSON.stringify(message)))) this.#isBlocked = true;
  }

  #receive(bytes: Uint8Array): void {
    this.#heard = true;
    if (this.#fault !== undefined) return;
    try {
      for (const text of this.#splitter.push(bytes)) this.#message(parseMessage(text));
    } catch (error) {
      if (!(error instanceof OvsError)) throw error;
      this.close(error.message);
    }
  }

  #message({ method, params, id, result, error }: RpcMessage): void {
    if (method === 'echo') {
      if (!this.#isBlocked) this.#send({ id, result: params ?? [], error: null });
    } else if (typeof method === 'string') this.#events.notification(method, Array.isArray(params) ? params : []);
    else this.#answered(id, result, error);
  }

  #answered(id: unknown, result: unknown, error: unknown): void {
    const waiting = typeof id === 'number' ? this.#waiting.get(id) : undefined;
    // An answer to nothing: servers repeat none, but nothing depends on it.
    if (waiting === undefined) return;
    this.#waiting.delete(id as number);
    if (error === null || error === undefined) waiting.resolve(result);
    else waiting.reject(new OvsError('OVS_REFUSED', `the database refuses: ${describe(error)}`));
  }

  #closed(reason: string): void {
    for (const { reject } of this.#waiting.values())
      reject(new OvsError('OVS_LOST', `the database is lost: ${reason}`));
    this.#waiting.clear();
    this.#events.close(reason);
  }
}

interface RpcMessage {
  readonly method?: unknown;
  readonly params?: unknown;
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
}

function parseMessage(text: string): RpcMessage {
  try {
    return JSON.parse(text) as RpcMessage;
  } catch (cause) {
    throw new OvsError('OVS_PROTOCOL', 'the database sent broken JSON', { cause });
  }
}

/** Errors are objects with `error` and `details`, or a text (RFC 7047 section 3.1). */
export function describe(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const { error: what, details } = error as { error?: unknown; details?: unknown };
  return [what, details].filter((part) => typeof part === 'string').join(': ') || JSON.stringify(error);
}
