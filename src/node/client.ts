/** Asking a live node: the light part of this folder's face. It loads nothing heavy, so that commands answer at once. */
import { createConnection } from 'node:net';
import { accepts } from '../lib/listen.ts';
import { NodeError } from './errors.ts';
import type { Question, Reports } from './report.ts';
import { controlSocket, socketNames } from './rundir.ts';

export { NodeError } from './errors.ts';
export * from './report.ts';
export { runDirectory } from './rundir.ts';
export { version } from './version.ts';

const timeoutMs = 2_000;
/** A node with full tables answers in a few megabytes. */
const maxAnswer = 64 * 1024 * 1024;

export type Answer<Q extends Question> =
  | { readonly ok: true; readonly data: Reports[Q] }
  | { readonly ok: false; readonly message: string };

export async function askNode<Q extends Question>(directory: string, name: string, question: Q): Promise<Reports[Q]> {
  const path = controlSocket(directory, name);
  const text = await exchange(path, `${JSON.stringify({ ask: question })}\n`).catch(
    async (cause: NodeJS.ErrnoException) => {
      const running = await runningNodes(directory);
      const wayOut =
        running.length > 0 ? `running here: ${running.join(', ')}` : 'no node runs here; see: ringlet up --help';
      throw new NodeError(
        'NODE_NOT_RUNNING',
        `no node ${name} answers in ${directory} (${reasonOf(cause)}); ${wayOut}`,
        { cause },
      );
    },
  );
  const answer = JSON.parse(text) as Answer<Q>;
  if (!answer.ok) throw new NodeError('NODE_NOT_RUNNING', `node ${name} refused: ${answer.message}`);
  return answer.data;
}

/** Names of nodes that accept a question now, sorted. */
export async function runningNodes(directory: string): Promise<string[]> {
  const names = socketNames(directory);
  const alive = await Promise.all(names.map((name) => accepts(controlSocket(directory, name))));
  return names.filter((_name, i) => alive[i]);
}

/** Why a connection failed, in a word. */
function reasonOf(error: NodeJS.ErrnoException): string {
  return error.code ?? error.message;
}

function exchange(path: string, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
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
    socket.end(request);
  });
}
