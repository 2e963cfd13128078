import {
  ControllerRole,
  FlowRemovedReason,
  type Message,
  type OfpMessage,
  type OfpVersion,
  PortReason,
  type SessionEnd,
  type SwitchFeatures,
} from '../../../ofp/index.ts';
import type { App } from './app.ts';
import { Connection, type ConnectionOwner, type Transport } from './connection.ts';
import { cookieOf, unmarked } from './cookies.ts';
import { Journal, type LogSink } from './journal.ts';
import type { Meter } from './requests.ts';
import type { Rule } from './rule.ts';
import { ManagedSwitch, readPort } from './switch.ts';

export interface ControllerOptions {
  /** In the order of their tables. */
  readonly apps: readonly App[];
  /** Versions spoken, wire numbers. Default 1.0, 1.3, 1.4, 1.5. */
  readonly versions?: readonly OfpVersion[];
  /** `ControllerRole`. Default EQUAL. */
  readonly role?: number;
  /** Tells later claims to be master from earlier ones. */
  readonly generationId?: bigint;
  /** Datapath id of the only switch, which is to have no rules but those of the apps. Default: any switch, and rules of others are left alone. */
  readonly only?: bigint;
  /** Silence after which a switch is probed, ms; 0: never. */
  readonly probeMs?: number;
  readonly log: LogSink;
}

export interface ControllerCounters {
  connections: number;
  /** Connections that ended before the switch said who it is. */
  unfinished: number;
  /** Connections of switches whose id another one has. */
  duplicates: number;
  /** Packet-ins that no app wanted. */
  unwanted: number;
  /** Switches that were away, and were forgotten before their time since there were too many. */
  crowdedOut: number;
}

/** A switch that has been away for so long is forgotten, ms; until then it is taken to forward by the rules that it has. */
const forgetMs = 600_000;
/** Most switches that are remembered. */
const maxSwitches = 8192;
const noDatapath = 0n;
/** Table, group, meter configuration and the like need 1.3; 1.0 is kept for switches that know nothing else. */
const defaultVersions: readonly OfpVersion[] = [1, 4, 5, 6];

/**
 * An OpenFlow controller without any I/O: streams of bytes from switches come in, bytes for them go out. It keeps what is known of
 * each switch, hands events to apps, and brings the rules of a switch that comes back in line with what they want.
 */
export class Controller implements ConnectionOwner {
  readonly versions: readonly OfpVersion[];
  readonly role: number;
  readonly generationId: bigint;
  readonly probeMs: number;
  readonly apps: readonly App[];
  readonly isSole: boolean;
  readonly #only: bigint | undefined;
  readonly counters: ControllerCounters = { connections: 0, unfinished: 0, duplicates: 0, unwanted: 0, crowdedOut: 0 };
  readonly #journal: Journal;
  readonly #byOwner: ReadonlyMap<bigint, App>;
  readonly #switches = new Map<bigint, ManagedSwitch>();
  readonly #connections = new Map<ManagedSwitch, Connection>();
  readonly #streams = new Set<Connection>();
  /** When a switch was lost. */
  readonly #lostAt = new Map<ManagedSwitch, number>();
  readonly #tables: number;

  constructor(options: ControllerOptions) {
    const { apps, versions = defaultVersions, role = ControllerRole.EQUAL, generationId = 0n } = options;
    const needsStages = apps.some((app) => app.needsStages);
    this.versions = needsStages ? versions.filter((version) => version > 1) : versions;
    this.role = role;
    this.generationId = generationId;
    this.probeMs = options.probeMs ?? 5_000;
    this.apps = apps;
    this.isSole = options.only !== undefined;
    this.#only = options.only;
    this.#journal = new Journal(options.log);
    this.#byOwner = new Map(apps.map((app) => [cookieOf(app.owner), app]));
    this.#tables = apps.reduce((table, app) => {
      const next = table + app.tables;
      app.place({ table, next });
      return next;
    }, 0);
  }

  get meters(): readonly Meter[] | undefined {
    const meters = this.apps.flatMap((app) => (app.meters === undefined ? [] : [app.meters]));
    return meters.length === 0 ? undefined : meters.flat();
  }

  get switches(): Iterable<ManagedSwitch> {
    return this.#switches.values();
  }

  /** Of a switch that is connected. */
  connectionOf(sw: ManagedSwitch): Connection | undefined {
    return this.#connections.get(sw);
  }

  /** A stream was opened. `peer`: how people know its other end. */
  accept(peer: string, transport: Transport, now: number): Connection {
    const connection = new Connection(peer, transport, this, now);
    this.counters.connections += 1;
    this.#streams.add(connection);
    connection.start();
    return connection;
  }

  tick(now: number): void {
    for (const connection of this.#streams) connection.tick(now);
    for (const app of this.apps) app.tick?.(now);
    for (const [sw, at] of this.#lostAt) if (now - at >= forgetMs) this.#forget(sw, now);
  }

  /** Ends all connections. */
  close(detail: string): void {
    for (const connection of [...this.#streams]) connection.close(detail);
  }

  admit(connection: Connection, features: SwitchFeatures, now: number): ManagedSwitch | string {
    const { datapathId, auxiliaryId, nTables } = features;
    if (auxiliaryId !== 0) return 'auxiliary connections are not used';
    if (datapathId === noDatapath) return 'a switch has a datapath id';
    if (this.#only !== undefined && datapathId !== this.#only) return 'another switch is expected here';
    const known = this.#switches.get(datapathId);
    const incumbent = known && this.#connections.get(known);
    if (known !== undefined && incumbent !== undefined) {
      const { name } = known;
      this.counters.duplicates += 1;
      const fields = { peer: connection.peer, connected: incumbent.peer };
      this.#journal.say('warn', name, 'a second switch with this datapath id is refused', fields, now);
      incumbent.challenge(now);
      return `datapath id ${name} is taken`;
    }
    const isStaged = connection.version > 1 && nTables >= this.#tables;
    if (!isStaged && this.apps.some((app) => app.needsStages)) return `${this.#tables} tables are needed`;
    const sw = this.#switchOf(datapathId, isStaged, now);
    this.#remember(sw, now);
    this.#connections.set(sw, connection);
    sw.counters.connections += 1;
    const version = `1.${connection.version - 1}`;
    this.#journal.say('info', sw.name, 'switch connected', { peer: connection.peer, version }, now);
    return sw;
  }

  introduced(sw: ManagedSwitch, held: readonly Rule[], now: number): void {
    for (const app of this.apps) {
      const own = cookieOf(app.owner);
      app.connected?.(
        sw,
        held.filter(({ cookie }) => unmarked(cookie) === own),
        now,
      );
    }
  }

  *rulesBesides(sw: ManagedSwitch): Iterable<Rule> {
    for (const app of this.apps) yield* app.rulesBesides?.(sw) ?? [];
  }

  message(sw: ManagedSwitch, message: OfpMessage, now: number): void {
    if (message.type === 'packetIn') this.#packetIn(sw, message, now);
    else if (message.type === 'portStatus') this.#portStatus(sw, message, now);
    else if (message.type === 'flowRemoved') this.#flowRemoved(sw, message, now);
  }

  problem({ peer, switch: sw }: Connection, what: string, detail: string, now: number): void {
    this.#journal.say('warn', sw?.name ?? hostOf(peer), what, { peer, detail }, now);
  }

  ended(connection: Connection, { code, detail }: SessionEnd, now: number): void {
    this.#streams.delete(connection);
    const sw = connection.switch;
    const fields = { peer: connection.peer, reason: code, detail };
    if (sw === undefined) {
      // This side ended it, and has said why.
      if (code === 'CLOSED') return;
      this.counters.unfinished += 1;
      this.#journal.say('warn', hostOf(connection.peer), 'connection refused or broken', fields, now);
      return;
    }
    this.#connections.delete(sw);
    this.#lostAt.set(sw, now);
    this.#journal.say('info', sw.name, 'switch disconnected', fields, now);
    this.suspended(sw);
  }

  suspended(sw: ManagedSwitch): void {
    sw.voice = undefined;
    for (const app of this.apps) app.disconnected?.(sw);
  }

  #packetIn(sw: ManagedSwitch, message: Message<'packetIn'>, now: number): void {
    sw.counters.packetIns += 1;
    const [first] = message.match;
    const inPort = first?.field === 'in_port' ? first.value : inPortOf(message.match);
    if (inPort !== undefined && sw.voice !== undefined) {
      for (const app of this.apps) if (app.packetIn?.(sw, message, inPort, now)) return;
    }
    this.counters.unwanted += 1;
  }

  #portStatus(sw: ManagedSwitch, { reason, desc }: Message<'portStatus'>, now: number): void {
    const port = readPort(desc);
    if (port === undefined) return;
    if (reason === PortReason.DELETE) sw.ports.delete(port.no);
    else sw.notePort(port);
    if (sw.voice === undefined) return;
    for (const app of this.apps) app.portChanged?.(sw, port.no, now);
  }

  #flowRemoved(sw: ManagedSwitch, message: Message<'flowRemoved'>, now: number): void {
    // What was deleted was so by this controller, which need not be told; or by somebody whose business it is.
    if (message.reason === FlowRemovedReason.DELETE) return;
    this.#byOwner.get(unmarked(message.cookie))?.ruleGone?.(sw, message, now);
  }

  /** One that comes back with other tables needs other rules: it begins anew. */
  #switchOf(datapathId: bigint, isStaged: boolean, now: number): ManagedSwitch {
    const known = this.#switches.get(datapathId);
    if (known?.isStaged === isStaged) return known;
    if (known !== undefined) this.#forget(known, now);
    const sw = new ManagedSwitch(datapathId);
    sw.isStaged = isStaged;
    return sw;
  }

  #remember(sw: ManagedSwitch, now: number): void {
    this.#lostAt.delete(sw);
    this.#switches.set(sw.datapathId, sw);
    if (this.#switches.size <= maxSwitches) return;
    const oldest = this.#lostAt.keys().next().value;
    if (oldest === undefined) return;
    this.counters.crowdedOut += 1;
    this.#forget(oldest, now);
  }

  #forget(sw: ManagedSwitch, now: number): void {
    this.#lostAt.delete(sw);
    this.#switches.delete(sw.datapathId);
    for (const app of this.apps) app.forgotten?.(sw, now);
  }
}

function inPortOf(match: Message<'packetIn'>['match']): number | undefined {
  for (const field of match) if (field.field === 'in_port') return field.value;
  return undefined;
}

/** Without the port, which is another one with each connection. */
function hostOf(peer: string): string {
  return peer.replace(/:\d+$/, '');
}
