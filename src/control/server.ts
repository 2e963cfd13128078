import { createServer, type Server, type Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Answer, Kind, Request } from './wire.ts';

const maxRequest = 65_536;
const maxConnections = 64;
const idleMs = 5_000;

/**
 * By question. Reports are made from memory at once; who has to do something returns a promise. What is thrown with a `code` is
 * for the user.
 */
export type Answers = Readonly<Record<string, (request: Request) => unknown>>;

/** Where the bytes of an ongoing answer go. */
export interface Outlet {
  /** Bytes that wait to be taken. */
  readonly backlog: number;
  write(bytes: Uint8Array): void;
  end(): void;
}

/** An answer that goes on after its first line. */
export class OngoingAnswer {
  readonly data: unknown;
  /** Begins it; returns what ends it, which is called once the other side is gone. */
  readonly begin: (outlet: Outlet) => () => void;

  constructor(data: unknown, begin: (outlet: Outlet) => () => void) {
    this.data = data;
    this.begin = begin;
  }
}

/** Serves requests, one a connection. */
export function createControlServer(of: Kind, answers: Answers, log: Logger): Server {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let text = '';
    socket.setTimeout(idleMs, () => socket.destroy());
    socket.on('error', (error) => log.debug({ error: error.message }, 'control connection broke'));
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      const end = text.indexOf('\n');
      if (end < 0 && text.length <= maxRequest) return;
      socket.removeAllListeners('data');
      socket.resume();
      if (end < 0) reply(socket, { ok: false, message: 'the request is too long' });
      else void serve(socket, text.slice(0, end), of, answers, log);
    });
    socket.on('end', () => {
      // Before its request is whole: nothing is to come.
      if (!text.includes('\n')) socket.end();
    });
  });
  server.maxConnections = maxConnections;
  return server;
}

async function serve(socket: Socket, line: string, of: Kind, answers: Answers, log: Logger): Promise<void> {
  const request = parseRequest(line);
  const answer = request && Object.hasOwn(answers, request.ask) ? answers[request.ask] : undefined;
  if (request === undefined || answer === undefined) {
    const known = Object.keys(answers).join(', ');
    reply(socket, { ok: false, message: `a ${of} can be asked for ${known}` });
    return;
  }
  try {
    const data = await answer(request);
    if (data instanceof OngoingAnswer) goOn(socket, of, data);
    else reply(socket, { ok: true, of, data });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) log.error({ ask: request.ask, error }, 'a question was not answered');
    reply(socket, { ok: false, message });
  }
}

function parseRequest(line: string): Request | undefined {
  try {
    const request: unknown = JSON.parse(line);
    return isRequest(request) ? request : undefined;
  } catch {
    return undefined;
  }
}

function isRequest(value: unknown): value is Request {
  return typeof value === 'object' && value !== null && 'ask' in value && typeof value.ask === 'string';
}

function reply(socket: Socket, answer: Answer): void {
  socket.end(`${JSON.stringify(answer)}\n`);
}

function goOn(socket: Socket, of: Kind, { data, begin }: OngoingAnswer): void {
  if (socket.destroyed) return;
  socket.setTimeout(0);
  socket.write(`${JSON.stringify({ ok: true, of, data } satisfies Answer)}\n`);
  const stop = begin({
    get backlog() {
      return socket.writableLength;
    },
    write: (bytes) => socket.write(bytes),
    end: () => socket.end(),
  });
  socket.once('end', () => socket.end());
  socket.once('close', stop);
}
