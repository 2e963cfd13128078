import {
  ErrorType,
  FlowMonitorCommand,
  FlowMonitorFailedCode,
  FlowMonitorFlags,
  type FlowUpdate,
  GroupNo,
  type Outgoing,
  PortNo,
  type RequestBody,
  TableNo,
} from '../../ofp/index.ts';
import { OpenFlowRefusal } from '../errors.ts';
import type { FlowEntry } from '../flow/flow-entry.ts';
import { type FlowMatch, isCoveredBy } from '../flow/match.ts';
import { outputsTo, type Program } from '../pipeline/program.ts';
import type { AgentConnection } from './connection.ts';
import { instructionsFor } from './old-actions.ts';

type Request = RequestBody<'flowMonitor'>[number];

/** Monitors that one controller may have. */
const maxMonitors = 64;
/** While this many bytes wait for the controller, it is told only of removals. */
const pauseBacklog = 128 * 1024;

const knownFlags = Object.values(FlowMonitorFlags).reduce((all, flag) => all | flag, 0);

/**
 * Flags that ask for the controller's own changes in full. The second one is to leave out all others by 1.4; but Open
 * vSwitch and its tools, which set it always, mean this by it.
 */
const ownInFull = FlowMonitorFlags.NO_ABBREV | FlowMonitorFlags.ONLY_OWN;
const anyChange = FlowMonitorFlags.ADD | FlowMonitorFlags.MODIFY | FlowMonitorFlags.REMOVED;

/** Flags that ask for each kind of update. */
const askedBy = {
  initial: FlowMonitorFlags.INITIAL,
  added: FlowMonitorFlags.ADD,
  modified: FlowMonitorFlags.MODIFY,
  removed: FlowMonitorFlags.REMOVED,
} as const;
type Kind = keyof typeof askedBy;

interface Monitor {
  readonly flags: number;
  readonly tableId: number;
  readonly outPort: number;
  readonly outGroup: number;
  readonly match: FlowMatch;
}

/** What happened while a controller did not read; removals it was told of. */
interface Pause {
  readonly added: Set<FlowEntry>;
  readonly modified: Set<FlowEntry>;
}

/**
 * The flow monitors of one controller (1.4 section 7.3.5.18; before that, extensions of Open vSwitch and the ONF). Updates
 * are gathered during a call and told at its end. A controller that does not read is told nothing but removals; once it
 * has read everything, it is told what became of the rest.
 */
export class FlowMonitors {
  readonly #connection: AgentConnection;
  readonly #monitors = new Map<number, Monitor>();
  #updates: FlowUpdate[] = [];
  #pause: Pause | undefined;

  constructor(connection: AgentConnection) {
    this.#connection = connection;
  }

  /** Carries out requests, and gives the entries that new monitors start with. Throws `OpenFlowRefusal`. */
  request(requests: readonly Request[]): FlowUpdate[] {
    return requests.flatMap((request) => {
      const { monitorId, command = FlowMonitorCommand.ADD } = request;
      const act = this.#commands.get(command);
      if (!act) throw refusal(FlowMonitorFailedCode.BAD_COMMAND, `no command ${command}`);
      return act(monitorId, request);
    });
  }

  /** Throws `OpenFlowRefusal` when there is no such monitor. */
  cancel(monitorId: number): void {
    if (!this.#monitors.delete(monitorId)) {
      throw refusal(FlowMonitorFailedCode.UNKNOWN_MONITOR, `no monitor ${monitorId}`);
    }
  }

  /** An entry was added or modified. `before`: what it did until then. */
  changed(entry: FlowEntry, before: Program | undefined): void {
    const flags = this.#flagsFor(entry, before ? 'modified' : 'added', before);
    if (flags === 0) return;
    if (this.#pause) (before ? this.#pause.modified : this.#pause.added).add(entry);
    else this.#note(before ? 'modified' : 'added', entry, flags, 0);
  }

  /** `reason`: `FlowRemovedReason`. */
  removed(entry: FlowEntry, reason: number): void {
    const flags = this.#flagsFor(entry, 'removed', undefined);
    const wasUnknown = this.#pause?.added.delete(entry) ?? false;
    this.#pause?.modified.delete(entry);
    if (flags !== 0 && !wasUnknown) this.#note('removed', entry, flags, reason);
  }

  /** Tells what was gathered. */
  settle(): void {
    const updates = this.#updates;
    this.#updates = [];
    if (updates.length > 0) this.#tell(updates);
    if (this.#monitors.size > 0 && !this.#pause && this.#connection.backlog > pauseBacklog) {
      this.#pause = { added: new Set(), modified: new Set() };
      this.#tellState('paused');
    }
  }

  /** The controller reads again: it is told of everything that it missed, once it has read the rest. */
  resume(): void {
    if (!this.#pause || this.#connection.backlog > 0) return;
    const { added, modified } = this.#pause;
    this.#pause = undefined;
    for (const entry of added) this.changed(entry, undefined);
    for (const entry of modified) if (!added.has(entry)) this.changed(entry, entry.program);
    const updates = this.#updates;
    this.#updates = [];
    if (updates.length > 0) this.#tell(updates);
    this.#tellState('resumed');
  }

  readonly #commands = new Map<number, (id: number, request: Request) => FlowUpdate[]>([
    [
      FlowMonitorCommand.ADD,
      (id, request) => {
        if (this.#monitors.has(id)) throw refusal(FlowMonitorFailedCode.MONITOR_EXISTS, `monitor ${id} exists`);
        return this.#set(id, request);
      },
    ],
    [
      FlowMonitorCommand.MODIFY,
      (id, request) => {
        this.cancel(id);
        return this.#set(id, request);
      },
    ],
    [
      FlowMonitorCommand.DELETE,
      (id) => {
        this.cancel(id);
        return [];
      },
    ],
  ]);

  #set(id: number, request: Request): FlowUpdate[] {
    const { flags, tableId = TableNo.ALL, outPort = PortNo.ANY, outGroup = GroupNo.ANY } = request;
    if ((flags & ~knownFlags) !== 0 || (flags & anyChange) === 0)
      throw refusal(FlowMonitorFailedCode.BAD_FLAGS, `flags ${flags}`);
    if (this.#monitors.size >= maxMonitors) throw refusal(FlowMonitorFailedCode.UNKNOWN, `${maxMonitors} monitors`);
    const match = this.#connection.agent.bridge.compileMatch(request.match);
    const monitor = { flags, tableId, outPort, outGroup, match };
    this.#monitors.set(id, monitor);
    if ((flags & FlowMonitorFlags.INITIAL) === 0) return [];
    const { flows } = this.#connection.agent.bridge;
    const entries = [...flows.entries()].filter((entry) => covers(monitor, entry, undefined));
    return entries.map((entry) => this.#update('initial', entry, flags, 0));
  }

  /** Flags of all monitors that such an update is for; 0: none. */
  #flagsFor(entry: FlowEntry, kind: Kind, before: Program | undefined): number {
    let flags = 0;
    for (const monitor of this.#monitors.values()) {
      if ((monitor.flags & askedBy[kind]) !== 0 && covers(monitor, entry, before)) flags |= monitor.flags;
    }
    return flags;
  }

  #note(kind: Kind, entry: FlowEntry, flags: number, reason: number): void {
    const { cause } = this.#connection.agent;
    const isOwn = cause?.connection === this.#connection;
    if (!isOwn || (flags & ownInFull) !== 0) {
      this.#updates.push(this.#update(kind, entry, flags, reason));
      return;
    }
    const last = this.#updates.at(-1);
    if (last?.type !== 'abbrev' || last.xid !== cause.xid) this.#updates.push({ type: 'abbrev', xid: cause.xid });
  }

  #update(kind: Kind, entry: FlowEntry, flags: number, reason: number): FlowUpdate {
    const { version } = this.#connection;
    const { tableId, idleTimeout, hardTimeout, priority, cookie, match } = entry;
    const isWhole = (flags & FlowMonitorFlags.INSTRUCTIONS) !== 0;
    return {
      type: kind === 'initial' && version < 5 ? 'added' : kind,
      tableId,
      reason,
      idleTimeout,
      hardTimeout,
      priority,
      cookie,
      match: match.fields,
      instructions: isWhole ? instructionsFor(entry.instructions, version) : [],
    };
  }

  #tellState(state: 'paused' | 'resumed'): void {
    const { session, version } = this.#connection;
    if (version >= 5) this.#tell([{ type: state }]);
    else session.tell({ type: state === 'paused' ? 'flowMonitorPaused' : 'flowMonitorResumed' });
  }

  #tell(body: FlowUpdate[]): void {
    const message: Outgoing = { type: 'multipartReply', multipart: 'flowMonitor', body };
    this.#connection.session.tell(message);
  }
}

function covers(monitor: Monitor, entry: FlowEntry, before: Program | undefined): boolean {
  const { tableId, outPort, outGroup, match } = monitor;
  if (tableId !== TableNo.ALL && tableId !== entry.tableId) return false;
  const programs = before ? [entry.program, before] : [entry.program];
  if (outPort !== PortNo.ANY && !programs.some((program) => outputsTo(program, outPort))) return false;
  if (outGroup !== GroupNo.ANY && !entry.program.groups.includes(outGroup)) return false;
  return isCoveredBy(entry.match, match);
}

function refusal(code: number, reason: string): OpenFlowRefusal {
  return new OpenFlowRefusal(ErrorType.FLOW_MONITOR_FAILED, code, reason);
}
