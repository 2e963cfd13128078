import { backoffMs } from '../lib/backoff.ts';
import type { Clock, Random, Timer } from '../lib/clock.ts';
import { type ConnectionEvents, DatabaseConnection, type DialDatabase, describe } from './connection.ts';
import { OvsError } from './errors.ts';
import { type Columns, Replica } from './replica.ts';
import { isRow, type Row, type Value } from './values.ts';

/** An operation of a transaction (RFC 7047 section 5.2). */
export type Operation =
  | { readonly op: 'insert'; readonly table: string; readonly row: Row; readonly 'uuid-name'?: string }
  | { readonly op: 'update'; readonly table: string; readonly where: readonly Condition[]; readonly row: Row }
  | {
      readonly op: 'mutate';
      readonly table: string;
      readonly where: readonly Condition[];
      readonly mutations: readonly Mutation[];
    }
  | { readonly op: 'delete'; readonly table: string; readonly where: readonly Condition[] }
  | {
      readonly op: 'select';
      readonly table: string;
      readonly where: readonly Condition[];
      readonly columns?: readonly string[];
    }
  | {
      readonly op: 'wait';
      readonly table: string;
      readonly where: readonly Condition[];
      readonly columns: readonly string[];
      readonly until: '==' | '!=';
      readonly rows: readonly Row[];
      readonly timeout: number;
    }
  | { readonly op: 'comment'; readonly comment: string };

export type Condition = readonly [column: string, how: '==' | '!=' | 'includes' | 'excludes', value: Value];
export type Mutation = readonly [column: string, how: '+=' | '-=' | 'insert' | 'delete', value: Value];

/** What an operation answers: `uuid` of an insert, `rows` of a select, `count` of the others. */
export interface OperationResult {
  readonly uuid?: readonly ['uuid', string];
  readonly rows?: readonly Row[];
  readonly count?: number;
}

export interface DatabaseOptions {
  readonly dial: DialDatabase;
  /** Of the database: `Open_vSwitch`. */
  readonly name: string;
  /** What is mirrored in `replica`. */
  readonly columns: Columns;
  /** For messages: where it is. */
  readonly where: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: DatabaseEvents;
}

export interface DatabaseEvents {
  /** The replica is whole: after connecting, and after connecting anew. */
  synced(): void;
  /** The replica changed. */
  changed(): void;
  /** The connection is lost; it is dialled again and again. */
  lost(reason: string): void;
}

const probeMs = 5_000;
const answerMs = 10_000;

/**
 * A mirror of some columns of an OVSDB database, and transactions on it (RFC 7047). What is lost is dialled again, 200 ms to
 * 8 s later, and mirrored anew.
 */
export class Database {
  readonly replica: Replica;
  readonly #options: DatabaseOptions;
  #connection: DatabaseConnection | undefined;
  #isSynced = false;
  #isClosed = false;
  #failures = 0;
  #timers = new Set<Timer>();

  constructor(options: DatabaseOptions) {
    this.#options = options;
    this.replica = new Replica(options.columns);
  }

  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** Resolves when the replica is whole. Rejects with OVS_UNREACHABLE or OVS_REFUSED when the first attempt fails. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => this.#connect({ resolve, reject }));
  }

  /**
   * All of it or nothing; resolves to one result for each operation. Rejects with OVS_REFUSED for what the database refuses,
   * OVS_LOST without a connection, OVS_TIMEOUT after 10 s.
   */
  async transact(operations: readonly Operation[]): Promise<readonly OperationResult[]> {
    const { name, where } = this.#options;
    if (this.#connection === undefined || !this.#isSynced) throw new OvsError('OVS_LOST', `no connection to ${where}`);
    const results = await this.#inTime(this.#connection.request('transact', [name, ...operations]));
    const list: readonly unknown[] = Array.isArray(results) ? results : [];
    const refused = list.find((result) => typeof (result as { error?: unknown } | null)?.error === 'string');
    if (refused !== undefined) throw new OvsError('OVS_REFUSED', `the database refuses: ${describe(refused)}`);
    if (list.length < operations.length || !list.every(isResult))
      throw new OvsError('OVS_PROTOCOL', 'a transaction was answered with something else than its results');
    return list;
  }

  /** Ends the connection. Idempotent. */
  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    this.#connection?.close('closed');
  }

  #connect(first?: { resolve(): void; reject(error: OvsError): void }): void {
    const { dial, where, clock, events } = this.#options;
    let told = first;
    const connection: DatabaseConnection = new DatabaseConnection(dial, {
      open: () => {
        this.#mirror(connection).then(
          () => {
            told?.resolve();
            told = undefined;
            this.#failures = 0;
            events.synced();
          },
          (error: OvsError) => {
            this.#isClosed ||= told !== undefined;
            told?.reject(error);
            told = undefined;
            connection.close(error.message);
          },
        );
        this.#probe(connection, clock);
      },
      notification: (method, params) => this.#notified(method, params),
      close: (reason) => {
        this.#connection = undefined;
        if (told !== undefined) {
          this.#isClosed = true;
          const way = 'start ovsdb-server, or say where it is with --ovs-database';
          told.reject(new OvsError('OVS_UNREACHABLE', `no database at ${where} (${reason}): ${way}`));
          return;
        }
        this.#lost(reason);
      },
    } satisfies ConnectionEvents);
    this.#connection = connection;
    this.#after(answerMs, () => {
      if (this.#connection === connection && !this.#isSynced) connection.close(`no answer within ${answerMs / 1000} s`);
    });
  }

  async #mirror(connection: DatabaseConnection): Promise<void> {
    const { name, columns } = this.#options;
    const wanted = Object.fromEntries(
      Object.entries(columns).map(([table, kinds]) => [table, { columns: Object.keys(kinds) }]),
    );
    const content = await this.#inTime(connection.request('monitor', [name, null, wanted]));
    this.replica.clear();
    this.replica.apply(content);
    this.#isSynced = true;
  }

  #notified(method: string, params: readonly unknown[]): void {
    if (method !== 'update') return;
    this.replica.apply(params[1]);
    this.#options.events.changed();
  }

  #lost(reason: string): void {
    this.#isSynced = false;
    if (this.#isClosed) return;
    const { random, events } = this.#options;
    events.lost(reason);
    this.#after(backoffMs(this.#failures++, random()), () => this.#connect());
  }

  /** A server that says nothing for 5 s is asked, and given up 5 s later. */
  #probe(connection: DatabaseConnection, clock: Clock): void {
    this.#after(probeMs, () => {
      if (this.#connection !== connection) return;
      if (connection.wasHeard()) {
        this.#probe(connection, clock);
        return;
      }
      connection.request('echo', []).catch(() => {});
      this.#after(probeMs, () => {
        if (this.#connection !== connection) return;
        if (connection.wasHeard()) this.#probe(connection, clock);
        else connection.close(`nothing heard for ${(2 * probeMs) / 1000} s`);
      });
    });
  }

  #inTime<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = this.#after(answerMs, () =>
        reject(new OvsError('OVS_TIMEOUT', `no answer of ${this.#options.where} within ${answerMs / 1000} s`)),
      );
      answer.then(resolve, reject).finally(() => this.#cancel(timer));
    });
  }

  #after(ms: number, task: () => void): Timer {
    const timer = this.#options.clock.after(ms, () => {
      this.#timers.delete(timer);
      task();
    });
    this.#timers.add(timer);
    return timer;
  }

  #cancel(timer: Timer): void {
    timer.cancel();
    this.#timers.delete(timer);
  }
}

function isResult(result: unknown): result is OperationResult {
  if (typeof result !== 'object' || result === null) return false;
  const { rows = [] } = result as { rows?: unknown };
  return Array.isArray(rows) && rows.every(isRow);
}
