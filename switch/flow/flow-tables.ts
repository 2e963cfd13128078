import {
  BadRequestCode,
  ErrorType,
  FlowModCommand,
  FlowModFailedCode,
  FlowModFlags,
  FlowRemovedReason,
  type Instruction,
  NO_BUFFER,
  type OxmField,
  TableNo,
} from '../../ofp/index.ts';
import { namesField } from '../actions/execution.ts';
import { OpenFlowRefusal } from '../errors.ts';
import { Journal } from '../journal.ts';
import { compileProgram, type Program, tableCount } from '../pipeline/program.ts';
import { noResources, type Resources } from '../resources.ts';
import { ExpiryQueue } from './expiry.ts';
import { type FlowChange, type FlowFilter, hasCookie, passes, type TableSettings } from './flow-change.ts';
import { type FlowEntry, hardDeadline } from './flow-entry.ts';
import { FlowTable } from './flow-table.ts';
import { compileMatch, type FlowMatch, isCoveredBy } from './match.ts';
import { MicroflowCache } from './microflow-cache.ts';
import { Uses } from './references.ts';

export type { FlowChange, FlowFilter, TableSettings } from './flow-change.ts';

/** Entries over all tables; a controller that fills them gets TABLE_FULL. */
export const maxFlows = 65_536;

/** Told of every entry that leaves a table, except those that an add replaced. `reason`: `FlowRemovedReason`. */
export type FlowRemovedSink = (entry: FlowEntry, reason: number, now: number) => void;

/** Told of every entry that was added, or modified: `before` is what it did until then. */
export type FlowChangedSink = (entry: FlowEntry, before: Program | undefined) => void;

type Change = (change: FlowChange, now: number) => void;

const knownFlags =
  FlowModFlags.SEND_FLOW_REM |
  FlowModFlags.CHECK_OVERLAP |
  FlowModFlags.RESET_COUNTS |
  FlowModFlags.NO_PKT_COUNTS |
  FlowModFlags.NO_BYT_COUNTS;

/** The flow tables of a bridge and the rules for changing them (OpenFlow 1.3 sections 5.5 and 6.4). */
export class FlowTables {
  /** Rises with every change, so that whoever caches lookups knows when they are stale. */
  generation = 0;
  readonly #tables: (FlowTable | undefined)[] = new Array(tableCount);
  readonly #cache = new MicroflowCache();
  readonly #expiry = new ExpiryQueue();
  readonly #removed: FlowRemovedSink;
  readonly #changed: FlowChangedSink;
  readonly #journal: Journal;
  readonly #resources: Resources;
  readonly #changes: ReadonlyMap<number, Change>;
  readonly #uses = new Uses();
  #size = 0;

  /** `resources`: the groups and meters that entries may use. */
  constructor(
    removed: FlowRemovedSink,
    journal = new Journal(),
    resources: Resources = noResources,
    changed: FlowChangedSink = () => {},
  ) {
    this.#removed = removed;
    this.#changed = changed;
    this.#journal = journal;
    this.#resources = resources;
    this.#changes = new Map<number, Change>([
      [FlowModCommand.ADD, (change, now) => this.#add(change, now)],
      [FlowModCommand.MODIFY, (change, now) => this.#modify(change, now, false)],
      [FlowModCommand.MODIFY_STRICT, (change, now) => this.#modify(change, now, true)],
      [FlowModCommand.DELETE, (change, now) => this.#delete(change, now, false)],
      [FlowModCommand.DELETE_STRICT, (change, now) => this.#delete(change, now, true)],
    ]);
  }

  get size(): number {
    return this.#size;
  }

  /** Whether all entries' programs are plain. */
  get arePlain(): boolean {
    return this.#uses.arePlain;
  }

  /** Lookups that the cache of flows did not answer, in tables that use it. */
  get cacheMisses(): number {
    return this.#cache.misses;
  }

  /** Undefined for a table that never had an entry. */
  table(id: number): FlowTable | undefined {
    return this.#tables[id];
  }

  /** Like `table`, for the pipeline: makes the table, so that lookups are counted there from the first on. */
  open(id: number): FlowTable {
    const table = this.#tables[id] ?? new FlowTable(id, this.#cache);
    this.#tables[id] = table;
    return table;
  }

  /** Carries a flow-mod out, whole or not at all. Throws `OpenFlowRefusal`. */
  change(change: FlowChange, now: number): void {
    this.check(change);
    this.#changes.get(change.command)!(change, now);
  }

  /** Throws the `OpenFlowRefusal` of a flow-mod that would be refused whatever is in the tables then. */
  check({ command, flags, tableId }: FlowChange): void {
    if (!this.#changes.has(command)) throw refusal(FlowModFailedCode.BAD_COMMAND, `no command ${command}`);
    if ((flags & ~knownFlags) !== 0) throw refusal(FlowModFailedCode.BAD_FLAGS, `flags ${flags}`);
    if (tableId !== TableNo.ALL) expectTable(tableId);
  }

  /** All entries, table by table. */
  *entries(): IterableIterator<FlowEntry> {
    for (const table of this.#tables) if (table) yield* table.entries;
  }

  /** Throws `OpenFlowRefusal` for a match that makes no sense. */
  compile(match: readonly OxmField[]): FlowMatch {
    return compileMatch(match, this.#resources);
  }

  /** Entries that a filter selects. Throws `OpenFlowRefusal` for a match that makes no sense. */
  select(filter: FlowFilter): FlowEntry[] {
    const match = this.compile(filter.match);
    return this.#tablesFor(filter.tableId).flatMap((table) =>
      [...table.entries].filter((entry) => isCoveredBy(entry.match, match) && passes(entry, filter)),
    );
  }

  /** Removes every entry whose time has come. */
  expire(now: number): void {
    for (let entry = this.#expiry.takeExpired(now); entry; entry = this.#expiry.takeExpired(now)) {
      const isHard = hardDeadline(entry) <= now;
      this.#leave(entry);
      this.#removed(entry, isHard ? FlowRemovedReason.HARD_TIMEOUT : FlowRemovedReason.IDLE_TIMEOUT, now);
    }
  }

  /** No entry expires before this time. Infinity: none ever does. */
  get nextExpiry(): number {
    return this.#expiry.next;
  }

  /** Throws `OpenFlowRefusal` when there is no such table. Entries beyond a lower limit stay. */
  configure(tableId: number, settings: TableSettings): void {
    expectTable(tableId);
    const table = this.open(tableId);
    if (settings.evicts !== undefined) table.evicts = settings.evicts;
    if (settings.maxEntries !== undefined) table.maxEntries = settings.maxEntries;
  }

  /** Whether some entry matches on a field, or has actions that name it. */
  usesField(name: string): boolean {
    for (const { match, program } of this.entries()) {
      if (match.fields.some(({ field }) => field === name)) return true;
      if (namesField(program.apply, name) || namesField(program.write, name)) return true;
    }
    return false;
  }

  /** How many entries send to a group. */
  groupUsers(id: number): number {
    return this.#uses.groups.count(id);
  }

  /** How many entries use a meter. */
  meterUsers(id: number): number {
    return this.#uses.meters.count(id);
  }

  /** Removes the entries that send to groups which are gone. */
  dropGroupUsers(ids: readonly number[], now: number): void {
    for (const id of ids) this.#dropAll(this.#uses.groups.of(id), FlowRemovedReason.GROUP_DELETE, now);
  }

  /** Removes the entries that use meters which are gone. */
  dropMeterUsers(ids: readonly number[], now: number): void {
    for (const id of ids) this.#dropAll(this.#uses.meters.of(id), FlowRemovedReason.METER_DELETE, now);
  }

  #dropAll(entries: readonly FlowEntry[], reason: number, now: number): void {
    for (const entry of entries) {
      this.#take(entry);
      this.#removed(entry, reason, now);
    }
  }

  #add(change: FlowChange, now: number): void {
    expectTable(change.tableId);
    expectNoBuffer(change.bufferId);
    const compiled = this.compile(change.match);
    const program = compileProgram(change.instructions, change.tableId, compiled.facts, this.#resources);
    const table = this.open(change.tableId);
    const match = table.shared(compiled);
    if ((change.flags & FlowModFlags.CHECK_OVERLAP) !== 0 && table.findOverlap(match, change.priority)) {
      throw refusal(FlowModFailedCode.OVERLAP, 'overlaps an entry of the same priority');
    }
    const old = table.find(match, change.priority);
    if (!old) this.#makeRoom(table, change.importance ?? 0, now);
    const keepsCounts = old !== undefined && (change.flags & FlowModFlags.RESET_COUNTS) === 0;
    if (old) this.#take(old);
    const entry: FlowEntry = {
      tableId: change.tableId,
      priority: change.priority,
      match,
      cookie: change.cookie,
      idleTimeout: change.idleTimeout,
      hardTimeout: change.hardTimeout,
      flags: change.flags,
      importance: change.importance ?? 0,
      createdAt: now,
      instructions: change.instructions,
      program,
      usedAt: now,
      packets: keepsCounts ? old.packets : 0,
      bytes: keepsCounts ? old.bytes : 0,
      installed: false,
    };
    this.#enter(entry);
    this.#journal.record(() => this.#withdraw(entry));
    this.#changed(entry, undefined);
  }

  #makeRoom(table: FlowTable, importance: number, now: number): void {
    if (this.#size < maxFlows && !table.isFull) return;
    const victim = table.victim(importance);
    if (!victim)
      throw refusal(FlowModFailedCode.TABLE_FULL, `${this.#size} entries, ${table.entries.size} of them there`);
    this.#take(victim);
    this.#removed(victim, FlowRemovedReason.EVICTION, now);
  }

  #modify(change: FlowChange, now: number, strict: boolean): void {
    const isForAll = change.tableId === TableNo.ALL && change.addsMissing !== undefined;
    const firstTable = isForAll ? 0 : change.tableId;
    expectTable(firstTable);
    expectNoBuffer(change.bufferId);
    const match = this.compile(change.match);
    // Checked even when nothing is selected, against the match given here: that of every entry selected is narrower.
    const program = compileProgram(change.instructions, firstTable, match.facts, this.#resources);
    const all = strict ? this.#strictly(change, match) : this.#loosely(change, match);
    const selected = all.filter((entry) => hasCookie(entry, change));
    if (selected.length === 0 && change.addsMissing) {
      this.#add({ ...change, tableId: firstTable }, now);
      return;
    }
    for (const entry of selected) {
      const { instructions, program: oldProgram, cookie, packets, bytes } = entry;
      this.#journal.record(() => {
        Object.assign(entry, { cookie, packets, bytes });
        this.#setProgram(entry, instructions, oldProgram);
      });
      entry.cookie = change.newCookie ?? cookie;
      this.#setProgram(entry, change.instructions, program);
      this.#changed(entry, oldProgram);
      if ((change.flags & FlowModFlags.RESET_COUNTS) === 0) continue;
      entry.packets = 0;
      entry.bytes = 0;
    }
  }

  #setProgram(entry: FlowEntry, instructions: Instruction[], program: Program): void {
    this.#uses.remove(entry);
    entry.instructions = instructions;
    entry.program = program;
    this.#uses.add(entry);
    this.generation += 1;
  }

  #delete(change: FlowChange, now: number, strict: boolean): void {
    const match = this.compile(change.match);
    const selected = strict ? this.#strictly(change, match) : this.#loosely(change, match);
    for (const entry of selected) {
      if (!passes(entry, change)) continue;
      this.#take(entry);
      this.#removed(entry, FlowRemovedReason.DELETE, now);
    }
  }

  #strictly(change: FlowChange, match: FlowMatch): FlowEntry[] {
    return this.#tablesFor(change.tableId).flatMap((table) => table.find(match, change.priority) ?? []);
  }

  #loosely(change: FlowChange, match: FlowMatch): FlowEntry[] {
    return this.#tablesFor(change.tableId).flatMap((table) =>
      [...table.entries].filter((entry) => isCoveredBy(entry.match, match)),
    );
  }

  #tablesFor(id: number): FlowTable[] {
    if (id === TableNo.ALL) return this.#tables.filter((table) => table !== undefined);
    expectTable(id);
    return [this.#tables[id] ?? []].flat();
  }

  /** Removes an entry before its time. */
  #take(entry: FlowEntry): void {
    this.#withdraw(entry);
    this.#journal.record(() => this.#enter(entry));
  }

  #withdraw(entry: FlowEntry): void {
    this.#leave(entry);
    this.#expiry.noteRemoved(entry);
  }

  #enter(entry: FlowEntry): void {
    this.open(entry.tableId).insert(entry);
    this.#size += 1;
    this.generation += 1;
    this.#uses.add(entry);
    this.#expiry.add(entry);
  }

  #leave(entry: FlowEntry): void {
    this.#tables[entry.tableId]?.remove(entry);
    this.#size -= 1;
    this.generation += 1;
    this.#uses.remove(entry);
  }
}

function expectTable(id: number): void {
  if (id === tableCount) throw new OpenFlowRefusal(ErrorType.BAD_REQUEST, BadRequestCode.EPERM, 'table of the switch');
  if (id >= tableCount) throw refusal(FlowModFailedCode.BAD_TABLE_ID, `no table ${id}`);
}

function expectNoBuffer(bufferId: number): void {
  if (bufferId === NO_BUFFER) return;
  throw new OpenFlowRefusal(ErrorType.BAD_REQUEST, BadRequestCode.BUFFER_UNKNOWN, 'packets are not buffered');
}

function refusal(code: number, reason: string): OpenFlowRefusal {
  return new OpenFlowRefusal(ErrorType.FLOW_MOD_FAILED, code, reason);
}
