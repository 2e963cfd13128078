import { formatFlowStats, parseMatch } from '../../ofp/index.ts';
import { type Answers, macText, OngoingAnswer, type Request, reportPort } from '../control/index.ts';
import type { Clock } from '../lib/clock.ts';
import { version } from '../lib/version.ts';
import type { BridgeConfig } from './config.ts';
import { formatDatapathId } from './datapath-id.ts';
import { BridgeError } from './errors.ts';
import { parsePortSpec } from './port-spec.ts';
import type { BridgeMacReport, BridgeReports, BridgeStatus, ControllerReport, TraceReport } from './report.ts';
import { type BridgeRuntime, roleNames } from './runtime.ts';
import { composeFrame } from './trace/compose.ts';
import { Replica } from './trace/replica.ts';

type BridgeAnswers = Answers & {
  readonly [Q in keyof BridgeReports]: (
    request: Request,
  ) => BridgeReports[Q] | Promise<BridgeReports[Q]> | OngoingAnswer;
};

/** What a bridge can be asked, and what it can be told to do. */
export function answersOf(
  runtime: BridgeRuntime,
  config: BridgeConfig,
  clock: Clock,
  openflow: readonly string[],
): BridgeAnswers {
  const { bridge } = runtime;
  return {
    status: () => status(runtime, config, clock, openflow),
    ports: () => {
      runtime.countDrops();
      return bridge.ports.map(reportPort);
    },
    flows: () => bridge.flowStats(clock.now()).map((entry) => formatFlowStats(entry)),
    macs: () => macs(runtime, clock.now()),
    'add-port': async (request) => {
      const { no, spec } = await runtime.addPort(parsePortSpec(text(request, 'spec')));
      return { port: no, name: spec.name };
    },
    'del-port': (request) => {
      const port = runtime.findPort(text(request, 'port'));
      runtime.removePort(port);
      return { port: port.no, name: port.spec.name };
    },
    trace: (request) => trace(runtime, text(request, 'flow'), text(request, 'frame'), clock.now()),
    capture: (request) => {
      const port = runtime.findPort(text(request, 'port'));
      const data: BridgeReports['capture'] = { port: port.no, name: port.spec.name };
      return new OngoingAnswer(data, (outlet) => runtime.capture(port, outlet));
    },
  };
}

function status(runtime: BridgeRuntime, config: BridgeConfig, clock: Clock, openflow: readonly string[]): BridgeStatus {
  const { bridge, startedAt, isAlone, controllers } = runtime;
  return {
    name: config.name,
    datapathId: formatDatapathId(bridge.datapathId),
    version,
    pid: process.pid,
    uptimeMs: Math.round(clock.now() - startedAt),
    failMode: config.failMode,
    isAlone,
    controllers: controllers.map(
      ({ target, state, since, connection, lastProblem }): ControllerReport => ({
        target,
        state,
        stateMs: Math.round(clock.now() - since),
        role: state === 'connected' && connection ? roleNames.get(connection.role) : undefined,
        problem: lastProblem,
      }),
    ),
    openflow,
    ports: bridge.ports.length,
    flows: bridge.flows.size,
    macs: bridge.macs.size,
    drops: dropsOf(runtime),
  };
}

function dropsOf({ bridge, agent, ports }: BridgeRuntime): Record<string, number> {
  const events = [...agent.connections].reduce((sum, { droppedEvents }) => sum + droppedEvents, 0);
  const captures = ports.reduce((sum, port) => sum + port.captures.missed, 0);
  const all = { ...bridge.counters, eventsNotRead: events, framesNotCaptured: captures };
  return Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0));
}

function macs({ bridge }: BridgeRuntime, now: number): BridgeMacReport[] {
  return Array.from(bridge.macs.entries(), ({ mac, vlan, portNo, seenAt }) => ({
    mac: macText(bytesOf(mac)),
    vlan,
    port: portNo,
    portName: bridge.port(portNo)?.name,
    ageMs: Math.round(now - seenAt),
  }));
}

/** From a number below 2^48. */
function bytesOf(mac: number): Uint8Array {
  return Uint8Array.from({ length: 6 }, (_, i) => Math.floor(mac / 2 ** (40 - 8 * i)) & 0xff);
}

function trace(runtime: BridgeRuntime, flow: string, hex: string, now: number): TraceReport {
  const { bridge, isAlone } = runtime;
  const byName = new Map(bridge.ports.map(({ name, no }) => [name, no]));
  const composed = composeFrame(parseMatch(flow, { byName }));
  const frame = hex === '' ? composed.frame : parseHex(hex);
  const port = bridge.port(composed.inPort);
  if (!port) throw new BridgeError('BRIDGE_NO_PORT', 'in_port=PORT, a port of this bridge, has to be in the flow');
  return new Replica(bridge, isAlone, now).run(port.no, frame, now);
}

function parseHex(hex: string): Uint8Array {
  const digits = hex.replace(/[\s:]/g, '');
  if (/^([0-9a-fA-F]{2})+$/.test(digits)) return Buffer.from(digits, 'hex');
  throw new BridgeError('BRIDGE_REQUEST', 'the bytes of a frame are pairs of hexadecimal digits');
}

function text(request: Request, argument: string): string {
  const value = request[argument];
  if (typeof value === 'string') return value;
  throw new BridgeError('BRIDGE_REQUEST', `'${request.ask}' needs a text '${argument}'`);
}
