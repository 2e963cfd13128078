import { type Logger, pino } from 'pino';

const standardError = 2;

/** Structured lines (JSON) on standard error. */
export function makeLogger(level: string): Logger {
  return pino({ level }, pino.destination({ fd: standardError, sync: true }));
}
