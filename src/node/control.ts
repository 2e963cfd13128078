import { createServer, type Server, type Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Answer } from './client.ts';
import { type Question, questions, type Reports } from './report.ts';

const maxRequest = 4_096;
const maxConnections = 64;
const idleMs = 5_000;

export type Answers = { readonly [Q in Question]: () => Reports[Q] };

/**
 * Serves the reports of a node: one JSON question a line, `{"ask":"status"}`, and one JSON answer, then the end.
 * Answers are made from memory at once.
 */
export function createControlServer(answers: Answers, log: Logger): Server {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let text = '';
    socket.setTimeout(idleMs, () => socket.destroy());
    socket.on('error', (error) => log.debug({ error: error.message }, 'control connection broke'));
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      if (text.length > maxRequest) reply(socket, { ok: false, message: 'the question is too long' });
      else if (text.includes('\n')) reply(socket, answer(answers, text.slice(0, text.indexOf('\n'))));
    });
    socket.on('end', () => socket.end());
  });
  server.maxConnections = maxConnections;
  return server;
}

function answer(answers: Answers, line: string): Answer<Question> {
  const question = parseQuestion(line);
  if (question === undefined) return { ok: false, message: `ask one of ${questions.join(', ')}` };
  return { ok: true, data: answers[question]() };
}

function parseQuestion(line: string): Question | undefined {
  try {
    const { ask } = JSON.parse(line) as { ask?: unknown };
    return questions.find((question) => question === ask);
  } catch {
    return undefined;
  }
}

function reply(socket: Socket, value: Answer<Question>): void {
  socket.removeAllListeners('data');
  socket.resume();
  socket.end(`${JSON.stringify(value)}\n`);
}
