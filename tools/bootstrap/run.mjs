import { spawn } from 'node:child_process';
import os from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** What a user can put right: shown as one line. */
export class Failure extends Error {}

export const say = (text) => process.stderr.write(`ringlet: ${text}\n`);

/** A program that a dependency brings. */
export const bin = (name) => join(ROOT, 'node_modules/.bin', name);

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** Two equal signals within this time are one wish of the user, sent twice. */
const SAME_SIGNAL_MS = 300;
const WAY_OUT = { 'g++': ': apt-get install g++', npm: ': apt-get install npm', flock: ': apt-get install util-linux' };

/**
 * Runs a program to its end and resolves to its exit code. The program leads a session of its own, so that a signal
 * reaches it only through us, and once: a terminal's Ctrl-C is sent to the whole foreground group, and npm sends the
 * same again. We never die before it, so what it has to clean up is cleaned up when we return.
 * `stdout`: where its standard output goes, as in spawn's `stdio`. `lifeline`: an IPC channel whose `disconnect` tells
 * the program that we were killed.
 */
export function run(file, args, { stdout = 'inherit', lifeline = false } = {}) {
  const stdio = ['inherit', stdout, 'inherit', ...(lifeline ? ['ipc'] : [])];
  const child = spawn(file, args, { cwd: ROOT, stdio, detached: true });
  const lastSent = new Map();
  const forward = (signal) => {
    const now = performance.now();
    if (now - (lastSent.get(signal) ?? -Infinity) < SAME_SIGNAL_MS) return;
    lastSent.set(signal, now);
    child.kill(signal);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.on('error', (error) => {
      reject(error.code === 'ENOENT' ? new Failure(`${file} is not installed${WAY_OUT[file] ?? ''}`) : error);
    });
    child.on('exit', (code, signal) => resolve(code ?? 128 + os.constants.signals[signal]));
  }).finally(() => {
    for (const signal of FORWARDED) process.off(signal, forward);
  });
}
