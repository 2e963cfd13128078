import {
  BadRequestCode,
  ControllerRole,
  ErrorType,
  GroupModCommand,
  GroupModFailedCode,
  type Message,
  type MessageType,
  MeterModCommand,
  MeterModFailedCode,
  type OfpMessage,
  PortNo,
  QueueOpFailedCode,
  TableModFailedCode,
  TableNo,
} from '../../ofp/index.ts';
import { OpenFlowRefusal } from '../errors.ts';
import { tableCount } from '../pipeline/program.ts';
import type { AgentConnection } from './connection.ts';
import { answerMultipart } from './multipart.ts';
import { switchCapabilities } from './table-features.ts';

/** What is done with one type of message. */
export interface Handler<T extends MessageType> {
  /** It changes the switch: refused to slaves (OpenFlow 1.3 section 6.3.4). */
  readonly changes?: boolean;
  /** May throw `OpenFlowRefusal` and `OfpDecodeError`, which are answered. */
  handle(message: Message<T>, connection: AgentConnection, now: number): void;
}

type Handlers = { readonly [T in MessageType]?: Handler<T> };

const ignored = { handle() {} };

/** Types that are not here are answered with BAD_REQUEST / BAD_TYPE. */
export const handlers: Handlers = {
  hello: ignored,
  error: ignored,
  echoReply: ignored,
  echoRequest: {
    handle: (message, connection) => connection.reply(message, { type: 'echoReply', data: message.data }),
  },
  featuresRequest: {
    handle: (message, connection) =>
      connection.reply(message, {
        type: 'featuresReply',
        datapathId: connection.agent.bridge.datapathId,
        nBuffers: 0,
        nTables: tableCount,
        auxiliaryId: 0,
        capabilities: switchCapabilities,
      }),
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
    handle: (message, connection, now) => connection.agent.bridge.packetOut(message, now),
  },
  flowMod: {
    changes: true,
    handle: (message, connection, now) => connection.agent.bridge.changeFlows(message, now),
  },
  groupMod: {
    changes: true,
    // There are no groups: any may be deleted, none is there to be modified, and there is room for none.
    handle: ({ command, groupId }) => {
      const code = groupErrors.get(command);
      if (code !== undefined) throw refusal(ErrorType.GROUP_MOD_FAILED, code, `group ${groupId}`);
    },
  },
  meterMod: {
    changes: true,
    handle: ({ command, meterId }) => {
      const code = meterErrors.get(command);
      if (code !== undefined) throw refusal(ErrorType.METER_MOD_FAILED, code, `meter ${meterId}`);
    },
  },
  portMod: {
    changes: true,
    handle: (message, connection) => connection.agent.bridge.changePort(message),
  },
  tableMod: {
    changes: true,
    // Its configuration bits are all deprecated in 1.3 (section 7.3.3); there is nothing to set.
    handle: ({ tableId }) => {
      if (tableId < tableCount || tableId === TableNo.ALL) return;
      throw refusal(ErrorType.TABLE_MOD_FAILED, TableModFailedCode.BAD_TABLE, `no table ${tableId}`);
    },
  },
  barrierRequest: {
    // Messages are carried out whole and in order: what came before is done.
    handle: (message, connection) => connection.reply(message, { type: 'barrierReply' }),
  },
  roleRequest: {
    handle: (message, connection) => {
      const { roles, connections } = connection.agent;
      roles.request(connection, connections, message.role, message.generationId);
      const { role } = connection;
      connection.reply(message, { type: 'roleReply', role, generationId: roles.generationId });
    },
  },
  getAsyncRequest: {
    handle: (message, connection) => connection.reply(message, { type: 'getAsyncReply', ...connection.masks }),
  },
  setAsync: {
    handle: ({ packetInMask, portStatusMask, flowRemovedMask }, connection) => {
      connection.masks = { packetInMask, portStatusMask, flowRemovedMask };
    },
  },
  queueGetConfigRequest: {
    handle: (message, connection) => {
      const { port } = message;
      if (port !== PortNo.ANY && !connection.agent.bridge.port(port)) {
        throw refusal(ErrorType.QUEUE_OP_FAILED, QueueOpFailedCode.BAD_PORT, `no port ${port}`);
      }
      connection.reply(message, { type: 'queueGetConfigReply', port, queues: [] });
    },
  },
  multipartRequest: { handle: answerMultipart },
  experimenter: {
    handle: ({ experimenter }: OfpMessage & { type: 'experimenter' }) => {
      throw refusal(ErrorType.BAD_REQUEST, BadRequestCode.BAD_EXPERIMENTER, `no experimenter ${experimenter}`);
    },
  },
};

const groupErrors: ReadonlyMap<number, number | undefined> = new Map([
  [GroupModCommand.ADD, GroupModFailedCode.OUT_OF_GROUPS],
  [GroupModCommand.MODIFY, GroupModFailedCode.UNKNOWN_GROUP],
  [GroupModCommand.DELETE, undefined],
]);

const meterErrors: ReadonlyMap<number, number | undefined> = new Map([
  [MeterModCommand.ADD, MeterModFailedCode.OUT_OF_METERS],
  [MeterModCommand.MODIFY, MeterModFailedCode.UNKNOWN_METER],
  [MeterModCommand.DELETE, undefined],
]);

function refusal(type: number, code: number, reason: string): OpenFlowRefusal {
  return new OpenFlowRefusal(type, code, reason);
}
