import {
  BadRequestCode,
  ControllerRole,
  ErrorType,
  ExperimenterId,
  type Message,
  type MessageType,
  RoleRequestFailedCode,
} from '../../ofp/index.ts';
import { OpenFlowRefusal } from '../errors.ts';
import { optionRoom } from '../packet/index.ts';
import { tableCount } from '../pipeline/program.ts';
import { maxOptions } from '../tunnel-options.ts';
import {
  asyncPropertiesOf,
  maskProperties,
  masks13,
  niciraTypeOf,
  withMasks13,
  withProperties,
} from './async-config.ts';
import { inVersion } from './by-version.ts';
import type { AgentConnection } from './connection.ts';
import { actions10, capabilities, portDescription } from './descriptions.ts';
import { PacketInFormat } from './events.ts';
import { flowChangeOf, nxFlowChangeOf } from './flow-changes.ts';
import { answerMultipart } from './multipart.ts';
import { standardActions } from './old-actions.ts';
import { packetOutOf } from './packet-outs.ts';
import { queuesOf } from './queues.ts';

/** What is done with one type of message. */
export interface Handler<T extends MessageType> {
  /** It changes the switch: refused to slaves (OpenFlow 1.3 section 6.3.4). */
  readonly changes?: boolean;
  /** What can be said against it as soon as it is put into a bundle. Throws `OpenFlowRefusal`. */
  check?(message: Message<T>, connection: AgentConnection, frame: Uint8Array): void;
  /** May throw `OpenFlowRefusal` and `OfpDecodeError`, which are answered. `frame`: the bytes of the message. */
  handle(message: Message<T>, connection: AgentConnection, now: number, frame: Uint8Array): void;
}

type Handlers = { readonly [T in MessageType]?: Handler<T> };

const ignored = { handle() {} };
/** Type of the message that asks to forget some of the connections tracked (Open vSwitch's `nicira-ext.h`). */
const ctFlush = 32;

/** Types that are not here are answered with BAD_REQUEST / BAD_TYPE. */
export const handlers: Handlers = {
  error: ignored,
  featuresRequest: {
    handle: (message, connection) => {
      const { bridge } = connection.agent;
      const { version } = connection;
      connection.reply(message, {
        type: 'featuresReply',
        datapathId: bridge.datapathId,
        nBuffers: 0,
        nTables: tableCount,
        auxiliaryId: connection.auxiliary?.id ?? 0,
        capabilities: inVersion(capabilities, version),
        actions: actions10,
        ports: bridge.ports.map((port) => portDescription(port, version)),
      });
    },
  },
  getConfigRequest: {
    handle: (message, connection) =>
      connection.reply(message, {
        type: 'getConfigReply',
        flags: connection.agent.bridge.fragments,
        missSendLen: connection.missSendLen,
      }),
  },
  setConfig: {
    handle: (message, connection) => {
      // A slave may set its own miss_send_len, but not what the switch does with fragments.
      if (connection.role !== ControllerRole.SLAVE) connection.agent.bridge.setFragments(message.flags);
      connection.missSendLen = message.missSendLen;
    },
  },
  packetOut: {
    changes: true,
    handle: (message, connection, now) =>
      connection.agent.bridge.packetOut(packetOutOf(message, connection.version), now),
  },
  flowMod: {
    changes: true,
    check: (message, connection, frame) => connection.agent.bridge.checkFlows(flowChangeOf(message, connection, frame)),
    handle: (message, connection, now, frame) =>
      connection.agent.bridge.changeFlows(flowChangeOf(message, connection, frame), now),
  },
  nxFlowMod: {
    changes: true,
    handle: (message, connection, now) => connection.agent.bridge.changeFlows(nxFlowChangeOf(message, connection), now),
  },
  groupMod: {
    changes: true,
    handle: (message, { agent, version }, now) => {
      const buckets = message.buckets.map((bucket) => ({
        ...bucket,
        actions: standardActions(bucket.actions, [], version),
      }));
      agent.bridge.changeGroups({ ...message, buckets }, now);
      agent.forward(message);
    },
  },
  meterMod: {
    changes: true,
    handle: (message, { agent }, now) => {
      agent.bridge.changeMeters(message, now);
      agent.forward(message);
    },
  },
  bundleControl: {
    changes: true,
    handle: (message, { bundles }, now, frame) => bundles.control(message, now, frame),
  },
  bundleAddMessage: {
    changes: true,
    handle: (message, { bundles }, now, frame) => bundles.add(message, now, frame),
  },
  flowMonitorCancel: {
    handle: ({ monitorId }, { monitors }) => monitors.cancel(monitorId),
  },
  portMod: {
    changes: true,
    handle: (message, connection) => connection.agent.bridge.changePort(message),
  },
  tableMod: {
    changes: true,
    handle: (message, connection) => connection.agent.tables.change(message),
  },
  barrierRequest: {
    // Messages are carried out whole and in order: what came before is done.
    handle: (message, connection) => connection.reply(message, { type: 'barrierReply' }),
  },
  getAsyncRequest: {
    handle: (message, connection) =>
      connection.reply(message, {
        type: 'getAsyncReply',
        ...masks13(connection.masks),
        properties: maskProperties(connection.masks, connection.version),
      }),
  },
  setAsync: {
    handle: (message, connection) => {
      const { masks, version } = connection;
      connection.setMasks(version < 5 ? withMasks13(masks, message) : withProperties(masks, message.properties));
    },
  },
  queueGetConfigRequest: {
    handle: (message, connection) => {
      const { port } = message;
      const queues = queuesOf(connection.agent.bridge, port).map((each) => ({
        queueId: 0,
        port: each.no,
        properties: [],
      }));
      connection.reply(message, { type: 'queueGetConfigReply', port, queues });
    },
  },
  multipartRequest: { handle: answerMultipart },
  experimenter: {
    handle: (message, connection) => {
      const { experimenter } = message;
      const properties = asyncPropertiesOf(message, connection.version);
      if (properties) {
        connection.setMasks(withProperties(connection.masks, properties));
        return;
      }
      if (niciraTypeOf(message, connection.version) === ctFlush) return;
      const isKnown = experimenter === ExperimenterId.NICIRA || experimenter === ExperimenterId.ONF;
      const code = isKnown ? BadRequestCode.BAD_EXP_TYPE : BadRequestCode.BAD_EXPERIMENTER;
      throw refusal(ErrorType.BAD_REQUEST, code, `experimenter ${experimenter}`);
    },
  },

  // Extensions of Open vSwitch.

  nxSetFlowFormat: {
    handle: ({ format }, connection) => {
      if (format !== flowFormat.OPENFLOW10 && format !== flowFormat.NXM) {
        throw refusal(ErrorType.BAD_REQUEST, BadRequestCode.EPERM, `flow format ${format}`);
      }
      connection.usesNxm = format === flowFormat.NXM;
    },
  },
  nxFlowModTableId: {
    handle: ({ set }, connection) => {
      connection.hasTableId = set !== 0;
    },
  },
  nxSetPacketInFormat: {
    handle: ({ format }, connection) => {
      if (!(Object.values(PacketInFormat) as number[]).includes(format)) {
        throw refusal(ErrorType.BAD_REQUEST, BadRequestCode.EPERM, `packet-in format ${format}`);
      }
      connection.packetInFormat = format;
    },
  },
  nxTlvTableRequest: {
    handle: (message, connection) =>
      connection.reply(message, {
        type: 'nxTlvTableReply',
        maxOptionSpace: optionRoom.bytes,
        maxFields: maxOptions,
        mappings: [...connection.agent.bridge.optionMappings],
      }),
  },
  nxTlvTableMod: {
    changes: true,
    handle: ({ command, mappings }, connection) => connection.agent.bridge.changeOptions(command, mappings),
  },
  // No connections are tracked: there is nothing to forget.
  nxCtFlushZone: ignored,
  nxSetControllerId: {
    handle: ({ controllerId }, connection) => {
      connection.controllerId = controllerId;
    },
  },
  nxSetAsyncConfig: {
    handle: (message, connection) => {
      connection.setMasks(withMasks13(connection.masks, message));
    },
  },
  nxRoleRequest: {
    // Roles are 0 to 2 there, without a generation id.
    handle: (message, connection) => {
      const { roles } = connection.agent;
      const role = message.role + ControllerRole.EQUAL;
      const answer = roles.request(connection.session, role, roles.generationId);
      if ('refused' in answer || message.role > 2) {
        throw refusal(ErrorType.ROLE_REQUEST_FAILED, RoleRequestFailedCode.BAD_ROLE, `role ${message.role}`);
      }
      connection.reply(message, { type: 'nxRoleReply', role: message.role });
    },
  },
};

const flowFormat = { OPENFLOW10: 0, NXM: 2 } as const;

function refusal(type: number, code: number, reason: string): OpenFlowRefusal {
  return new OpenFlowRefusal(type, code, reason);
}
