import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from './errors.ts';
import { isAlive, type ProcessId, processId } from './processes.ts';

/** What a lab leaves behind when it is killed, so that the next one can remove it. */
interface LabState {
  readonly lab: ProcessId;
  readonly children: readonly ProcessId[];
  /** Nodes whose sockets are in the run directory. */
  readonly nodes: readonly string[];
}

export interface Leftovers {
  readonly children: readonly ProcessId[];
  readonly nodes: readonly string[];
}

const maxAttempts = 10;

/**
 * The file that says whose the run directory is. It appears and changes in one step each time, so that nobody reads half
 * of it; whether its owner lives is told from pid and start time.
 */
export class LabStateFile {
  /** Of a lab that was killed. */
  readonly leftovers: Leftovers;
  readonly #path: string;
  readonly #self: ProcessId;
  #children: readonly ProcessId[];
  #nodes: readonly string[];

  /** Throws LAB_RUNNING while another lab lives. */
  static claim(runDirectory: string): LabStateFile {
    return new LabStateFile(join(runDirectory, 'lab.json'));
  }

  private constructor(path: string) {
    this.#path = path;
    this.#self = processId(process.pid)!;
    this.leftovers = this.#claim();
    // Until they are removed, they are ours to remember.
    this.#children = this.leftovers.children;
    this.#nodes = this.leftovers.nodes;
    this.#write();
  }

  record(children: readonly ProcessId[], nodes: readonly string[]): void {
    this.#children = children;
    this.#nodes = nodes;
    this.#write();
  }

  remove(): void {
    rmSync(this.#path, { force: true });
  }

  #claim(): Leftovers {
    const own = this.#temporary('new');
    writeFileSync(own, this.#text([], []));
    try {
      for (let attempt = 0; attempt < maxAttempts; attempt++) {
        if (tryLink(own, this.#path)) return { children: [], nodes: [] };
        const other = readState(this.#path);
        if (other !== undefined && isAlive(other.lab)) throw running(other.lab.pid);
        const leftovers = this.#takeOver(other);
        if (leftovers !== undefined && tryLink(own, this.#path)) return leftovers;
      }
      throw new LabError('LAB_RUNNING', `other labs start in this run directory all the time: ${wayOut}`);
    } finally {
      rmSync(own, { force: true });
    }
  }

  /** Moves the file of a dead lab out of the way; undefined when somebody else was faster. */
  #takeOver(seen: LabState | undefined): Leftovers | undefined {
    const aside = this.#temporary('old');
    try {
      renameSync(this.#path, aside);
    } catch {
      return undefined;
    }
    const moved = readState(aside);
    const isSame = JSON.stringify(moved) === JSON.stringify(seen);
    // Between the look and the move another lab may have claimed the directory: it gets its file back.
    if (!isSame) tryLink(aside, this.#path);
    rmSync(aside, { force: true });
    return isSame ? { children: moved?.children ?? [], nodes: moved?.nodes ?? [] } : undefined;
  }

  #write(): void {
    const fresh = this.#temporary('new');
    writeFileSync(fresh, this.#text(this.#children, this.#nodes));
    renameSync(fresh, this.#path);
  }

  #text(children: readonly ProcessId[], nodes: readonly string[]): string {
    return JSON.stringify({ lab: this.#self, children, nodes } satisfies LabState);
  }

  #temporary(what: string): string {
    return `${this.#path}.${what}-${this.#self.pid}`;
  }
}

const wayOut = 'end it, or take another run directory: RINGLET_RUNDIR=/tmp/another-lab';

function running(pid: number): LabError {
  return new LabError('LAB_RUNNING', `a lab is running in this run directory (process ${pid}): ${wayOut}`);
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Undefined: there is none, or it is not ours. */
function readState(path: string): LabState | undefined {
  try {
    const state: LabState = JSON.parse(readFileSync(path, 'utf8'));
    const isWhole = isProcessId(state.lab) && state.children.every(isProcessId) && state.nodes.every(isNodeName);
    return isWhole ? state : undefined;
  } catch {
    return undefined;
  }
}

function isProcessId(value: ProcessId): boolean {
  return Number.isInteger(value.pid) && value.pid > 1 && typeof value.startTime === 'string';
}

function isNodeName(value: unknown): boolean {
  return typeof value === 'string' && /^n\d{1,2}$/.test(value);
}
