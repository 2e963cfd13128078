/** What the command line itself refuses; `message` is for the user and names the way out. */
export type CliErrorCode =
  /** No node, or not just one, runs here, and none was named. */
  | 'CLI_WHICH_NODE'
  /** The file of `--config` cannot be read or is not JSON. */
  | 'CLI_CONFIG_FILE'
  /** A flag for one node, but files for several. */
  | 'CLI_SEVERAL_NODES'
  /** `--listen` is not an address with a port. */
  | 'CLI_LISTEN'
  /** Bytes that a terminal cannot show. */
  | 'CLI_TERMINAL'
  /** A file cannot be read or written. */
  | 'CLI_FILE'
  /** More than one option is a range of values. */
  | 'CLI_SWEEP';

export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: CliErrorCode;

  constructor(code: CliErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Asked to end by a signal before the work was done. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly exitCode: number;

  constructor(signal: string, exitCode: number) {
    super(`ended by ${signal}`);
    this.exitCode = exitCode;
  }
}

export const ExitCode = {
  ok: 0,
  failed: 1,
  usage: 2,
  /** EX_SOFTWARE of sysexits.h: a fault of ours. */
  fault: 70,
} as const;

export interface Fault {
  readonly exitCode: number;
  /** To be said on standard error, one after the other. */
  readonly lines: readonly string[];
}

/** Our errors have a code of the form FOLDER_WHAT; Node's are EWHAT or ERR_WHAT. Their messages are for the user. */
const ownCode = /^(?!ERR_)[A-Z]+(_[A-Z0-9]+)+$/;

export function describeFault(error: unknown, debug: boolean): Fault {
  if (error instanceof Interrupted) return { exitCode: error.exitCode, lines: [] };
  const stack = debug && error instanceof Error && error.stack !== undefined ? [error.stack] : [];
  if (isOwn(error)) return { exitCode: ExitCode.failed, lines: [...error.message.split('\n'), ...stack] };
  const what = error instanceof Error ? error.message : String(error);
  const line = `unexpected: ${what} - a fault in Ringlet: please report it with the output under --log-level debug`;
  return { exitCode: ExitCode.fault, lines: [line.replaceAll('\n', ' '), ...stack] };
}

function isOwn(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && ownCode.test(error.code);
}

/** Commander's report of a wrong command line as one line, with where to look. */
export function usageLine(message: string, command: readonly string[]): string {
  const what = message
    .replace(/^error: /, '')
    .replaceAll('\n', ' ')
    .trim();
  return `${what} - see: ${['ringlet', ...command, '--help'].join(' ')}`;
}
