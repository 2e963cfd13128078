/** Asking whoever runs on this machine. It loads nothing heavy, so that commands answer at once. */
import { createConnection, type Socket } from 'node:net';
import { accepts } from '../lib/listen.ts';
import { ControlError } from './errors.ts';
import { controlSocket, socketNames } from './rundir.ts';
import type { Answer, Kind, Request } from './wire.ts';

const timeoutMs = 2_000;
/** Full tables come to a few megabytes. */
const maxAnswer = 64 * 1024 * 1024;
const newline = 10;

export type { Kind } from './wire.ts';

export interface Answered {
  readonly of: Kind;
  readonly data: unknown;
}

/** Throws CONTROL_NOT_RUNNING and CONTROL_REFUSED. */
export async function ask(directory: string, name: string, request: Request): Promise<Answered> {
  const socket = createConnection(controlSocket(directory, name));
  const text = exchange(socket, request).finally(() => socket.destroy());
  return read(name, await text.catch((cause) => explain(directory, name, cause)));
}

/** As `ask`, and `onBytes` gets what follows the answer, as the socket's own, until the returned promise resolves. */
export async function follow(
  directory: string,
  name: string,
  request: Request,
  onBytes: (bytes: Buffer, socket: Socket) => void,
  ending: AbortSignal,
): Promise<void> {
  const socket = createConnection(controlSocket(directory, name));
  const first = await firstLine(socket, request).catch((cause) => {
    socket.destroy();
    return explain(directory, name, cause);
  });
  try {
    read(name, first.line);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  await new Promise<void>((resolve, reject) => {
    const stop = () => socket.end();
    ending.addEventListener('abort', stop, { once: true });
    socket.once('error', reject);
    socket.once('close', () => {
      ending.removeEventListener('abort', stop);
      resolve();
    });
    if (ending.aborted) stop();
    if (first.rest.length > 0) onBytes(first.rest, socket);
    socket.on('data', (bytes: Buffer) => onBytes(bytes, socket));
  });
}

/** Names of nodes and bridges that accept a request now, sorted. */
export async function whoRuns(directory: string): Promise<string[]> {
  const names = socketNames(directory);
  const alive = await Promise.all(names.map((name) => accepts(controlSocket(directory, name))));
  return names.filter((_name, i) => alive[i]);
}

function read(name: string, text: string): Answered {
  const answer = JSON.parse(text) as Answer;
  if (!answer.ok) throw new ControlError('CONTROL_REFUSED', `${name}: ${answer.message}`);
  return { of: answer.of, data: answer.data };
}

async function explain(directory: string, name: string, cause: NodeJS.ErrnoException): Promise<never> {
  const running = await whoRuns(directory);
  const wayOut =
    running.length > 0
      ? `running here: ${running.join(', ')}`
      : 'nothing runs here; see: ringlet up --help, ringlet bridge --help';
  const reason = cause.code ?? cause.message;
  throw new ControlError(
    'CONTROL_NOT_RUNNING',
    `no node or bridge ${name} answers in ${directory} (${reason}); ${wayOut}`,
    { cause },
  );
}

function exchange(socket: Socket, request: Request): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error('no answer in time')));
    socket.once('error', reject);
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > maxAnswer) socket.destroy(new Error('the answer is too long'));
    });
    socket.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    socket.end(`${JSON.stringify(request)}\n`);
  });
}

function firstLine(socket: Socket, request: Request): Promise<{ line: string; rest: Buffer }> {
  return new Promise((resolve, reject) => {
    let got: Buffer = Buffer.alloc(0);
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error('no answer in time')));
    socket.once('error', reject);
    socket.once('end', () => reject(new Error('it hung up')));
    const take = (chunk: Buffer) => {
      got = Buffer.concat([got, chunk]);
      const end = got.indexOf(newline);
      if (end < 0) return;
      socket.setTimeout(0);
      socket.removeAllListeners();
      socket.pause();
      resolve({ line: got.toString('utf8', 0, end), rest: got.subarray(end + 1) });
    };
    socket.on('data', take);
    socket.write(`${JSON.stringify(request)}\n`);
  });
}
