import { ControllerRole, FlowModFlags, NO_BUFFER, type OxmField } from '../../ofp/index.ts';
import type { Bridge } from '../bridge.ts';
import { durationOf } from '../duration.ts';
import type { FlowEntry } from '../flow/flow-entry.ts';
import { join64 } from '../packet/index.ts';
import type { PacketIn } from '../pipeline/pipeline.ts';
import type { Port } from '../ports/port.ts';
import { AgentConnection, type ConnectionKind, type ReplyFields } from './connection.ts';
import { portDescription } from './descriptions.ts';
import type { ControllerTransport } from './outbox.ts';
import { type AsyncMasks, Roles } from './roles.ts';

/** The OpenFlow side of a bridge: any number of controllers, which it answers and tells of events. */
export class Agent {
  readonly bridge: Bridge;
  readonly roles = new Roles();
  readonly #connections = new Set<AgentConnection>();
  readonly #unobserve: () => void;

  constructor(bridge: Bridge) {
    this.bridge = bridge;
    this.#unobserve = bridge.observe({
      packetIn: (event) => this.#tellPacketIn(event),
      flowRemoved: (entry, reason, now) => this.#tellFlowRemoved(entry, reason, now),
      portStatus: (port, reason) => this.#tellPortStatus(port, reason),
      settled: () => {
        for (const connection of this.#connections) connection.flush();
      },
    });
  }

  get connections(): ReadonlySet<AgentConnection> {
    return this.#connections;
  }

  /** A controller connected, from whichever side. It is greeted at once: `send` is called before this returns. */
  connect(transport: ControllerTransport, kind: ConnectionKind): AgentConnection {
    const connection = new AgentConnection(this, transport, kind);
    this.#connections.add(connection);
    connection.greet();
    return connection;
  }

  /** Closes every connection and stops listening to the bridge. */
  close(reason: string): void {
    this.#unobserve();
    for (const connection of [...this.#connections]) connection.close(reason);
  }

  /** Called by a connection that ended. */
  forget(connection: AgentConnection): void {
    this.#connections.delete(connection);
  }

  #tellPacketIn(event: PacketIn): void {
    this.#tell('packetInMask', event.reason, (connection) => {
      const length = Math.min(event.frame.length, event.maxLen ?? connection.missSendLen);
      return {
        type: 'packetIn',
        bufferId: NO_BUFFER,
        totalLen: Math.min(event.frame.length, 0xffff),
        reason: event.reason,
        tableId: event.tableId,
        cookie: event.cookie,
        match: pipelineFields(event),
        data: event.frame.subarray(0, Math.min(length, maxPacketInData)),
      };
    });
  }

  #tellFlowRemoved(entry: FlowEntry, reason: number, now: number): void {
    if ((entry.flags & FlowModFlags.SEND_FLOW_REM) === 0) return;
    this.#tell('flowRemovedMask', reason, () => ({
      type: 'flowRemoved',
      cookie: entry.cookie,
      priority: entry.priority,
      reason,
      tableId: entry.tableId,
      ...durationOf(entry.createdAt, now),
      idleTimeout: entry.idleTimeout,
      hardTimeout: entry.hardTimeout,
      packetCount: BigInt(entry.packets),
      byteCount: BigInt(entry.bytes),
      match: entry.match.fields,
    }));
  }

  #tellPortStatus(port: Port, reason: number): void {
    this.#tell('portStatusMask', reason, () => ({ type: 'portStatus', reason, desc: portDescription(port) }));
  }

  #tell(mask: keyof AsyncMasks, reason: number, event: (connection: AgentConnection) => ReplyFields): void {
    for (const connection of this.#connections) {
      const isSlave = connection.role === ControllerRole.SLAVE;
      const wanted = connection.masks[mask][isSlave ? 1 : 0];
      const isDeaf = connection.kind === 'service' && connection.missSendLen === 0;
      if (!connection.isReady || isDeaf || ((wanted >>> reason) & 1) === 0) continue;
      connection.notify(event(connection));
    }
  }
}

/** So that any match fits beside it in a message of 64 KiB. */
const maxPacketInData = 65_535 - 256;

function pipelineFields(event: PacketIn): OxmField[] {
  const fields: OxmField[] = [{ field: 'in_port', value: event.inPort }];
  const metadata = join64(...event.metadata);
  const tunnelId = join64(...event.tunnelId);
  if (metadata !== 0n) fields.push({ field: 'metadata', value: metadata });
  if (tunnelId !== 0n) fields.push({ field: 'tunnel_id', value: tunnelId });
  return fields;
}
