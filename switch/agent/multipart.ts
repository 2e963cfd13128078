import {
  BadRequestCode,
  ErrorType,
  ExperimenterId,
  GroupNo,
  type MultipartReply,
  type MultipartRequest,
  type MultipartRequestType,
  type OfpVersion,
  type Outgoing,
  PortNo,
  TableFeaturesFailedCode,
  TableNo,
} from '../../ofp/index.ts';
import type { Bridge } from '../bridge.ts';
import { NiciraErrorCode, niciraError, OpenFlowRefusal } from '../errors.ts';
import type { FlowEntry } from '../flow/flow-entry.ts';
import type { FlowFilter } from '../flow/flow-tables.ts';
import { tableCount } from '../pipeline/program.ts';
import type { Port } from '../ports/port.ts';
import { niciraTypeOf } from './async-config.ts';
import type { AgentConnection } from './connection.ts';
import { actions10, portDescription } from './descriptions.ts';
import { takeCookie } from './flow-changes.ts';
import { flowDesc, flowStats, flowStats15, nxFlow } from './flow-replies.ts';
import { actionsFor } from './old-actions.ts';
import { portStats } from './port-stats.ts';
import { queueDesc, queueStats, queuesOf } from './queues.ts';
import { answerTableFeatures, tableStats } from './table-features.ts';

type Request<T extends MultipartRequestType> = Extract<MultipartRequest, { multipart: T }>;

interface Context {
  readonly connection: AgentConnection;
  readonly bridge: Bridge;
  readonly version: OfpVersion;
  readonly now: number;
}

/** Undefined: the answer was given. */
type Answer<T extends MultipartRequestType> = (request: Request<T>, context: Context) => Content | undefined;
type Answers = { readonly [T in MultipartRequestType]?: Answer<T> };

/** Statistics of Open vSwitch's IPFIX exporters, of a bridge and of flows. */
const ipfixTypes: ReadonlySet<number> = new Set([3, 4]);

/** What a reply holds. */
type Content = { readonly multipart: MultipartReply['multipart']; readonly body: object };

const answers: Answers = {
  desc: (_request, { bridge }) => ({
    multipart: 'desc',
    body: {
      mfrDesc: 'Ringlet',
      hwDesc: 'Software switch',
      swDesc: 'Ringlet',
      serialNum: bridge.datapathId.toString(16).padStart(16, '0'),
      dpDesc: bridge.description,
    },
  }),
  flow: ({ body }, { bridge, version, now }) => ({
    multipart: 'flow',
    body: selectFlows(bridge, body).map((entry) => flowStats(entry, version, now)),
  }),
  flowDesc: ({ body }, { bridge, now }) => ({
    multipart: 'flowDesc',
    body: selectFlows(bridge, body).map((entry) => flowDesc(entry, now)),
  }),
  flowStats: ({ body }, { bridge, now }) => ({
    multipart: 'flowStats',
    body: selectFlows(bridge, body).map((entry) => flowStats15(entry, now)),
  }),
  nxFlow: ({ body }, { bridge, version, now }) => ({
    multipart: 'nxFlow',
    body: selectFlows(bridge, nxFilter(body)).map((entry) => nxFlow(entry, version, now)),
  }),
  aggregate: ({ body }, { bridge }) => ({ multipart: 'aggregate', body: sumOf(selectFlows(bridge, body)) }),
  nxAggregate: ({ body }, { bridge }) => ({
    multipart: 'nxAggregate',
    body: sumOf(selectFlows(bridge, nxFilter(body))),
  }),
  table: (_request, { bridge }) => ({ multipart: 'table', body: tableStats(bridge) }),
  portStats: ({ body: { portNo } }, { bridge, now }) => ({
    multipart: 'portStats',
    body: portsOf(bridge, portNo).map((port) => portStats(port, now)),
  }),
  portDesc: ({ body: { portNo } }, { bridge, version }) => ({
    multipart: 'portDesc',
    body: portsOf(bridge, portNo ?? PortNo.ANY).map((port) => portDescription(port, version)),
  }),
  tableFeatures: (request, { connection }) => {
    if (request.body.length > 0) {
      throw new OpenFlowRefusal(
        ErrorType.TABLE_FEATURES_FAILED,
        TableFeaturesFailedCode.EPERM,
        'tables are as they are',
      );
    }
    answerTableFeatures(request, connection.session);
    return undefined;
  },
  tableDesc: (_request, { connection }) => ({ multipart: 'tableDesc', body: connection.agent.tables.describe() }),
  queue: ({ body: { portNo, queueId } }, { bridge }) => ({
    multipart: 'queue',
    body: queuesOf(bridge, portNo, queueId).map(queueStats),
  }),
  queueDesc: ({ body: { portNo, queueId } }, { bridge }) => ({
    multipart: 'queueDesc',
    body: queuesOf(bridge, portNo, queueId).map(queueDesc),
  }),
  group: ({ body: { groupId } }, { bridge, now }) => ({ multipart: 'group', body: bridge.groupStats(groupId, now) }),
  groupDesc: ({ body }, { bridge, version }) => ({
    multipart: 'groupDesc',
    body: bridge.groupDesc(body?.groupId ?? GroupNo.ALL).map((group) => ({
      ...group,
      buckets: group.buckets.map((bucket) => ({ ...bucket, actions: actionsFor(bucket.actions, version) })),
    })),
  }),
  groupFeatures: (_request, { bridge, version }) => {
    const features = bridge.groupFeatures();
    const actions = version === 1 ? features.actions.map(() => actions10) : features.actions;
    return { multipart: 'groupFeatures', body: { ...features, actions } };
  },
  meter: ({ body: { meterId } }, { bridge, now }) => ({ multipart: 'meter', body: bridge.meterStats(meterId, now) }),
  meterConfig: ({ body: { meterId } }, { bridge }) => ({
    multipart: 'meterConfig',
    body: bridge.meterConfig(meterId),
  }),
  meterFeatures: (_request, { bridge, connection }) => {
    // In 1.5, Open vSwitch's tools, which are not controllers, take the structure of 1.3 only.
    const features = connection.kind === 'service' ? null : 0;
    return { multipart: 'meterFeatures', body: { ...bridge.meterFeatures(), features } };
  },
  flowMonitor: ({ body }, { connection }) => ({ multipart: 'flowMonitor', body: connection.monitors.request(body) }),
  controllerStatus: (_request, { connection }) => ({
    multipart: 'controllerStatus',
    body: connection.agent.controllerStatuses(),
  }),
  bundleFeatures: () => ({ multipart: 'bundleFeatures', body: { capabilities: 3, properties: [] } }),
  experimenter: ({ body: { experimenter, expType, data } }, { version }) => {
    if (ipfixTypes.has(niciraTypeOf({ experimenter, expType, data }, version) ?? 0)) {
      throw new OpenFlowRefusal(niciraError, NiciraErrorCode.NOT_CONFIGURED, 'no IPFIX');
    }
    const isKnown = experimenter === ExperimenterId.NICIRA || experimenter === ExperimenterId.ONF;
    const code = isKnown ? BadRequestCode.BAD_EXP_TYPE : BadRequestCode.BAD_EXPERIMENTER;
    throw badRequest(code, `no experimenter ${experimenter}`);
  },
};

/** Answers in as many messages as it takes. Throws `OpenFlowRefusal`. */
export function answerMultipart(request: MultipartRequest, connection: AgentConnection, now: number): void {
  const answer = answers[request.multipart] as Answer<MultipartRequestType> | undefined;
  if (!answer) throw badRequest(BadRequestCode.BAD_MULTIPART, `no multipart ${request.multipart}`);
  const { agent, version } = connection;
  const content = answer(request, { connection, bridge: agent.bridge, version, now });
  if (content) connection.reply(request, { type: 'multipartReply', ...content } as Outgoing);
}

function selectFlows(bridge: Bridge, filter: FlowFilter): FlowEntry[] {
  if (filter.tableId >= tableCount && filter.tableId !== TableNo.ALL) {
    throw badRequest(BadRequestCode.BAD_TABLE_ID, `no table ${filter.tableId}`);
  }
  return bridge.flows.select(filter);
}

function nxFilter(body: Request<'nxFlow'>['body']): FlowFilter {
  return { ...body, ...takeCookie(body.match), outGroup: PortNo.ANY };
}

function sumOf(entries: readonly FlowEntry[]): object {
  const packetCount = BigInt(entries.reduce((sum, entry) => sum + entry.packets, 0));
  const byteCount = BigInt(entries.reduce((sum, entry) => sum + entry.bytes, 0));
  const flowCount = entries.length;
  return {
    packetCount,
    byteCount,
    flowCount,
    stats: [
      { field: 'flow_count', value: flowCount },
      { field: 'packet_count', value: packetCount },
      { field: 'byte_count', value: byteCount },
    ],
  };
}

function portsOf(bridge: Bridge, portNo: number): readonly Port[] {
  const port = bridge.port(portNo);
  if (port) return [port];
  if (portNo !== PortNo.ANY) throw badRequest(BadRequestCode.BAD_PORT, `no port ${portNo}`);
  return bridge.ports;
}

function badRequest(code: number, reason: string): OpenFlowRefusal {
  return new OpenFlowRefusal(ErrorType.BAD_REQUEST, code, reason);
}
