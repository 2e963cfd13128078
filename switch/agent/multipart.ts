import {
  BadRequestCode,
  ErrorType,
  MeterModFailedCode,
  MeterNo,
  type MultipartReply,
  type MultipartRequest,
  type MultipartRequestType,
  PortNo,
  QueueNo,
  QueueOpFailedCode,
  TableFeaturesFailedCode,
  TableNo,
} from '../../ofp/index.ts';
import type { Bridge } from '../bridge.ts';
import { durationOf } from '../duration.ts';
import { OpenFlowRefusal } from '../errors.ts';
import type { FlowEntry } from '../flow/flow-entry.ts';
import { flowStatsOf } from '../flow/flow-stats.ts';
import type { FlowFilter } from '../flow/flow-tables.ts';
import { tableCount } from '../pipeline/program.ts';
import type { Port } from '../ports/port.ts';
import type { AgentConnection, ReplyFields } from './connection.ts';
import { portDescription } from './descriptions.ts';
import { encodeItem, packItems } from './multipart-items.ts';
import { tableFeatures } from './table-features.ts';

type Request<T extends MultipartRequestType> = Extract<MultipartRequest, { multipart: T }>;
type Answer<T extends MultipartRequestType> = (request: Request<T>, bridge: Bridge, now: number) => Content;
type Answers = { readonly [T in MultipartRequestType]?: Answer<T> };

/** What a reply holds: one body, or a list that may need several messages. */
type Content = { readonly multipart: MultipartReply['multipart'] } & (
  | { readonly body: object }
  | { readonly items: readonly object[] }
  | { readonly encoded: readonly Uint8Array[] }
);

/** Never changes: made once, as clients ask for it before every command. */
let encodedTableFeatures: readonly Uint8Array[] | undefined;

const answers: Answers = {
  desc: (_request, bridge) => ({
    multipart: 'desc',
    body: {
      mfrDesc: 'Ringlet',
      hwDesc: 'Software switch',
      swDesc: 'Ringlet',
      serialNum: bridge.datapathId.toString(16).padStart(16, '0'),
      dpDesc: bridge.description,
    },
  }),
  flow: ({ body }, bridge, now) => ({
    multipart: 'flow',
    items: selectFlows(bridge, body).map((entry) => flowStatsOf(entry, now)),
  }),
  aggregate: ({ body }, bridge) => {
    const entries = selectFlows(bridge, body);
    return {
      multipart: 'aggregate',
      body: {
        packetCount: BigInt(entries.reduce((sum, entry) => sum + entry.packets, 0)),
        byteCount: BigInt(entries.reduce((sum, entry) => sum + entry.bytes, 0)),
        flowCount: entries.length,
      },
    };
  },
  table: (_request, bridge) => ({
    multipart: 'table',
    items: Array.from({ length: tableCount }, (_, tableId) => {
      const table = bridge.flows.table(tableId);
      return {
        tableId,
        activeCount: table?.entries.size ?? 0,
        lookupCount: BigInt(table?.lookups ?? 0),
        matchedCount: BigInt(table?.matched ?? 0),
      };
    }),
  }),
  portStats: ({ body: { portNo } }, bridge, now) => {
    const wanted = bridge.port(portNo);
    if (!wanted && portNo !== PortNo.ANY) throw badRequest(BadRequestCode.BAD_PORT, `no port ${portNo}`);
    return { multipart: 'portStats', items: (wanted ? [wanted] : bridge.ports).map((port) => portStats(port, now)) };
  },
  portDesc: (_request, bridge) => ({ multipart: 'portDesc', items: bridge.ports.map(portDescription) }),
  tableFeatures: ({ body }) => {
    if (body.length > 0) {
      throw new OpenFlowRefusal(
        ErrorType.TABLE_FEATURES_FAILED,
        TableFeaturesFailedCode.EPERM,
        'tables are as they are',
      );
    }
    encodedTableFeatures ??= tableFeatures().map((item) => encodeItem('tableFeatures', item));
    return { multipart: 'tableFeatures', encoded: encodedTableFeatures };
  },
  queue: ({ body: { portNo, queueId } }, bridge) => {
    const code =
      portNo !== PortNo.ANY && !bridge.port(portNo)
        ? QueueOpFailedCode.BAD_PORT
        : queueId !== QueueNo.ALL
          ? QueueOpFailedCode.BAD_QUEUE
          : undefined;
    if (code !== undefined)
      throw new OpenFlowRefusal(ErrorType.QUEUE_OP_FAILED, code, `no queue ${queueId} of ${portNo}`);
    return { multipart: 'queue', items: [] };
  },
  group: () => ({ multipart: 'group', items: [] }),
  groupDesc: () => ({ multipart: 'groupDesc', items: [] }),
  groupFeatures: () => ({
    multipart: 'groupFeatures',
    body: { types: 0, capabilities: 0, maxGroups: [0, 0, 0, 0], actions: [0, 0, 0, 0] },
  }),
  meter: ({ body: { meterId } }) => {
    expectAllMeters(meterId);
    return { multipart: 'meter', items: [] };
  },
  meterConfig: ({ body: { meterId } }) => {
    expectAllMeters(meterId);
    return { multipart: 'meterConfig', items: [] };
  },
  meterFeatures: () => ({
    multipart: 'meterFeatures',
    body: { maxMeter: 0, bandTypes: 0, capabilities: 0, maxBands: 0, maxColor: 0 },
  }),
  experimenter: ({ body: { experimenter } }) => {
    throw badRequest(BadRequestCode.BAD_EXPERIMENTER, `no experimenter ${experimenter}`);
  },
};

/** Answers in as many messages as it takes. Throws `OpenFlowRefusal`. */
export function answerMultipart(request: MultipartRequest, connection: AgentConnection, now: number): void {
  const answer = answers[request.multipart] as Answer<MultipartRequestType> | undefined;
  if (!answer) throw badRequest(BadRequestCode.BAD_MULTIPART, `no multipart ${request.multipart}`);
  const content = answer(request, connection.agent.bridge, now);
  if ('body' in content) {
    connection.reply(request, { type: 'multipartReply', ...content } as ReplyFields);
    return;
  }
  const { multipart } = content;
  const items =
    'encoded' in content ? content.encoded : Array.from(content.items, (item) => encodeItem(multipart, item));
  for (const message of packItems(multipart, request.xid, items)) connection.replyBytes(message);
}

function selectFlows(bridge: Bridge, filter: FlowFilter): FlowEntry[] {
  if (filter.tableId >= tableCount && filter.tableId !== TableNo.ALL) {
    throw badRequest(BadRequestCode.BAD_TABLE_ID, `no table ${filter.tableId}`);
  }
  return bridge.flows.select(filter);
}

function portStats(port: Port, now: number): object {
  const counters = Object.fromEntries(Object.entries(port.counters).map(([name, value]) => [name, BigInt(value)]));
  return {
    portNo: port.no,
    ...counters,
    rxFrameErr: 0n,
    rxOverErr: 0n,
    rxCrcErr: 0n,
    collisions: 0n,
    ...durationOf(port.createdAt, now),
  };
}

function expectAllMeters(meterId: number): void {
  if (meterId === MeterNo.ALL) return;
  throw new OpenFlowRefusal(ErrorType.METER_MOD_FAILED, MeterModFailedCode.UNKNOWN_METER, `no meter ${meterId}`);
}

function badRequest(code: number, reason: string): OpenFlowRefusal {
  return new OpenFlowRefusal(ErrorType.BAD_REQUEST, code, reason);
}
