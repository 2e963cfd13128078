import { setMaxListeners } from 'node:events';
import { constants } from 'node:os';
import { Interrupted } from './errors.ts';

const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface Lifetime {
  /** Aborted when this process is to end. The reason is `Interrupted`, or an error that nothing caught. */
  readonly ending: AbortSignal;
  /** Aborted when it is told so again. */
  readonly hurry: AbortSignal;
}

/**
 * Turns what ends a process into an AbortSignal, so that what it made can be removed: signals, an exception that nothing
 * caught, and the end of a parent that started it with an IPC channel.
 */
export function untilToldToEnd(): Lifetime {
  const ending = new AbortController();
  const hurry = new AbortController();
  // Each part that has to stop listens; there is no telling how many they are.
  setMaxListeners(0, ending.signal, hurry.signal);
  const end = (reason: Error) => (ending.signal.aborted ? hurry : ending).abort(reason);
  for (const signal of endingSignals) {
    process.on(signal, () => end(new Interrupted(signal, 128 + constants.signals[signal])));
  }
  process.on('disconnect', () => end(new Interrupted('the end of its parent', 128 + constants.signals.SIGHUP)));
  process.on('uncaughtException', (error) => end(error));
  return { ending: ending.signal, hurry: hurry.signal };
}

/** Resolves to the reason. */
export function aborted(signal: AbortSignal): Promise<unknown> {
  if (signal.aborted) return Promise.resolve(signal.reason);
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason), { once: true }));
}

/** Tells a parent that started this process with an IPC channel. */
export function tellParent(message: Readonly<Record<string, unknown>>): void {
  // A parent that went away meanwhile is heard of by `disconnect`.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}
