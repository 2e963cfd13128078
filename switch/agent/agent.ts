import {
  ControlChannelStatus,
  ControllerStatusReason,
  FlowModFlags,
  type Message,
  type OfpVersion,
  type Outgoing,
  type ReplyItem,
  RoleTable,
} from '../../ofp/index.ts';
import type { Bridge } from '../bridge.ts';
import type { FlowEntry } from '../flow/flow-entry.ts';
import type { PacketIn } from '../pipeline/pipeline.ts';
import type { Port } from '../ports/port.ts';
import type { AsyncEvent } from './async-config.ts';
import { usualVersions } from './by-version.ts';
import { AgentConnection, type AuxiliaryTo, type ConnectionKind } from './connection.ts';
import { portDescription } from './descriptions.ts';
import { flowRemovedMessage, packetInMessage, reasonFor } from './events.ts';
import { forwarded, forwardReason } from './forwards.ts';
import { pipelineFields } from './pipeline-fields.ts';
import { Tables } from './tables.ts';
import type { ControllerTransport } from './transport.ts';

export interface AgentOptions {
  /** Versions to speak, as on the wire. Default 1.0, 1.3, 1.4 and 1.5. */
  readonly versions?: readonly OfpVersion[];
}

/** Who asked for what is happening. */
export interface Cause {
  readonly connection: AgentConnection;
  readonly xid: number;
}

/** The OpenFlow side of a bridge: any number of controllers, which it answers and tells of events. */
export class Agent {
  readonly bridge: Bridge;
  readonly roles = new RoleTable();
  readonly tables: Tables;
  /** The request that is being carried out. */
  cause: Cause | undefined;
  readonly #versions: readonly OfpVersion[];
  readonly #connections = new Set<AgentConnection>();
  readonly #unobserve: () => void;
  /** Requests to tell other controllers of, while it is open whether they last. */
  #forwards: (() => void)[] | undefined;

  constructor(bridge: Bridge, options: AgentOptions = {}) {
    this.bridge = bridge;
    this.tables = new Tables(bridge);
    this.#versions = options.versions ?? usualVersions;
    this.#unobserve = bridge.observe({
      packetIn: (event) => this.#tellPacketIn(event),
      flowRemoved: (entry, reason, now) => this.#tellFlowRemoved(entry, reason, now),
      flowChanged: (entry, before) => {
        for (const { monitors } of this.#connections) monitors.changed(entry, before);
      },
      ticked: (now) => {
        for (const { bundles } of this.#connections) bundles.expire(now);
      },
      portStatus: (port, reason) => this.#tellPortStatus(port, reason),
      settled: () => {
        for (const event of this.tables.events())
          this.#tell('tableStatus', event.reason, () => ({ type: 'tableStatus', ...event }));
        for (const connection of this.#connections) {
          connection.monitors.settle();
          connection.flush();
        }
      },
    });
  }

  get connections(): ReadonlySet<AgentConnection> {
    return this.#connections;
  }

  /** A controller connected, from whichever side. It is greeted at once: `send` is called before this returns. */
  connect(transport: ControllerTransport, kind: ConnectionKind, auxiliary?: AuxiliaryTo): AgentConnection {
    const shortId = auxiliary?.main.shortId ?? this.#freeShortId();
    // It speaks as the main one does, whose end is its own.
    const versions = auxiliary ? [auxiliary.main.version] : this.#versions;
    const connection = new AgentConnection(this, transport, kind, { versions, shortId, auxiliary });
    this.#connections.add(connection);
    connection.greet();
    return connection;
  }

  /** What 1.5 says of the controllers of a switch. */
  controllerStatuses(): ReplyItem<'controllerStatus'>[] {
    return [...this.#connections]
      .filter(({ isReady, auxiliary }) => isReady && !auxiliary)
      .map((connection) => statusOf(connection, ControllerStatusReason.REQUEST, ControlChannelStatus.UP));
  }

  #tellControllerStatus(about: AgentConnection, reason: number, channelStatus: number): void {
    for (const connection of this.#connections) {
      if (connection === about || !connection.wants('controllerStatus', reason)) continue;
      connection.notify({ type: 'controllerStatus', status: statusOf(about, reason, channelStatus) });
      connection.flush();
    }
  }

  /** Closes every connection and stops listening to the bridge. */
  close(reason: string): void {
    this.#unobserve();
    for (const connection of [...this.#connections]) connection.close(reason);
  }

  /** Makes all the changes that `work` makes, or none if it throws. */
  atomically(work: () => void): void {
    const forwards: (() => void)[] = [];
    this.#forwards = forwards;
    try {
      this.bridge.atomically(work);
    } finally {
      this.#forwards = undefined;
    }
    for (const forward of forwards) forward();
  }

  /** Tells other controllers of a change of groups or meters (1.4 section 7.4.6). */
  forward(request: Message<'groupMod'> | Message<'meterMod'>): void {
    const { cause } = this;
    const tell = () => {
      for (const connection of this.#connections) {
        if (connection === cause?.connection || !connection.wants('requestForward', forwardReason[request.type]))
          continue;
        connection.notify({ type: 'requestForward', request: forwarded(request, connection.version) });
        connection.flush();
      }
    };
    if (this.#forwards) this.#forwards.push(tell);
    else tell();
  }

  /** Called by a connection that is ready. */
  welcome(connection: AgentConnection): void {
    if (connection.auxiliary) return;
    this.#tellControllerStatus(connection, ControllerStatusReason.CONTROLLER_ADDED, ControlChannelStatus.UP);
  }

  /** Called by a connection that ended. */
  forget(connection: AgentConnection): void {
    this.#connections.delete(connection);
    if (connection.auxiliary) return;
    for (const other of [...this.#connections]) {
      if (other.auxiliary?.main === connection) other.close('the main connection is gone');
    }
    this.#tellControllerStatus(connection, ControllerStatusReason.CONTROLLER_REMOVED, ControlChannelStatus.DOWN);
  }

  /** The lowest that no connection has; 1.5 has 16 bits for it. */
  #freeShortId(): number {
    const taken = new Set([...this.#connections].map(({ shortId }) => shortId));
    let id = 1;
    while (taken.has(id)) id += 1;
    return id;
  }

  #tellPacketIn(event: PacketIn): void {
    for (const connection of this.#connections) {
      const { version, packetInFormat, missSendLen } = connection;
      if (connection.controllerId !== event.controllerId) continue;
      if (!connection.wants('packetIn', reasonFor(event, version))) continue;
      const fields = pipelineFields(event, this.bridge.optionMappings);
      const message = packetInMessage(event, fields, { version, format: packetInFormat, missSendLen });
      this.#forPacketsOf(connection, event.inPort).notify(message);
    }
  }

  /** Packets go by auxiliary connections, where there are any, so that nothing else waits for them; those of a port stay in order. */
  #forPacketsOf(main: AgentConnection, inPort: number): AgentConnection {
    const auxiliaries = [...this.#connections].filter((other) => other.auxiliary?.main === main && other.isReady);
    return auxiliaries[inPort % auxiliaries.length] ?? main;
  }

  #tellFlowRemoved(entry: FlowEntry, reason: number, now: number): void {
    for (const { monitors } of this.#connections) monitors.removed(entry, reason);
    if ((entry.flags & FlowModFlags.SEND_FLOW_REM) === 0) return;
    this.#tell('flowRemoved', reason, ({ usesNxm }) => flowRemovedMessage(entry, reason, usesNxm, now));
  }

  #tellPortStatus(port: Port, reason: number): void {
    this.#tell('portStatus', reason, ({ version }) => ({
      type: 'portStatus',
      reason,
      desc: portDescription(port, version),
    }));
  }

  #tell(event: AsyncEvent, reason: number, message: (connection: AgentConnection) => Outgoing): void {
    for (const connection of this.#connections) {
      if (connection.wants(event, reason)) connection.notify(message(connection));
    }
  }
}

function statusOf(
  { shortId, role }: AgentConnection,
  reason: number,
  channelStatus: number,
): ReplyItem<'controllerStatus'> {
  return { shortId, role, reason, channelStatus, properties: [] };
}
