import type { ReplyItem } from '../../messages.ts';
import type { Port } from '../../tables/values.ts';
import { formatMac } from '../addresses.ts';
import { formatDuration } from '../flow-stats.ts';
import { ANY, formatBits, formatPort } from '../names.ts';
import { PORT_CONFIG, PORT_FEATURES, PORT_FEATURES_10, PORT_STATE, PORT_STATE_10, STP_STATES } from './names.ts';
import type { PrintContext, ReplyWriters, RequestWriters, Writers } from './writer.ts';

const ALL_PORTS = 0xfffffffc;
const ALL_QUEUES = 0xffffffff;
const UNKNOWN_64 = 0xffff_ffff_ffff_ffffn;
const UNKNOWN_DURATION = 0xffffffff;
const STP_SHIFT = 8;
const STP_BITS = 3;

export const PORT_WRITERS: Writers = {
  portStatus: ({ reason, desc }, context) =>
    `${[' ADD:', ' DEL:', ' MOD:'][reason] ?? ''}${describePort(desc, context)}`,
  portMod: ({ portNo, hwAddr, config, mask, advertise, properties }, context) => {
    const ethernet = properties?.findLast((property) => property.type === 'ethernet');
    const wanted = ethernet?.advertise ?? advertise;
    return [
      ` port: ${formatPort(portNo, context.ports)}: addr:${formatMac(hwAddr)}`,
      `     config: ${formatBits(config & mask, PORT_CONFIG, ' ')}`,
      `     mask:   ${formatBits(mask, PORT_CONFIG, ' ')}`,
      `     advertise: ${wanted === 0 ? 'UNCHANGED' : formatFeatureBits(wanted, context)}`,
    ].join('\n');
  },
  queueGetConfigRequest: ({ port }, { ports }) => ` port=${formatPort(port, ports)}`,
  queueGetConfigReply: ({ port, queues }, { ports }) => {
    const sorted = [...queues].sort((a, b) => a.queueId - b.queueId);
    const lines = sorted.map(({ queueId, properties }) => `queue ${queueId}:${queueRates(properties)}\n`);
    return lines.length === 0 || port === 0
      ? ` ${lines.join('')}`
      : ` port=${formatPort(port, ports)}\n${lines.join('')}`;
  },
};

export const PORT_REQUEST_WRITERS: RequestWriters = {
  portStats: ({ body }, { ports }) => ` port_no=${formatPort(body.portNo, ports)}`,
  portDesc: ({ body }, { ports }) => ` port=${formatPort(body.portNo ?? ANY, ports)}`,
  // In 1.0 all ports are ALL where they are ANY later.
  queue: ({ body }, { ports, version }) =>
    ` port=${formatPort(version === 1 && body.portNo === ALL_PORTS ? ANY : body.portNo, ports)} queue=${queueName(body.queueId)}`,
  queueDesc: ({ body }, { ports }) => {
    const queue = body.queueId === ALL_QUEUES ? '' : ` queue=${queueName(body.queueId)}`;
    return ` port=${formatPort(body.portNo, ports)}${queue}`;
  },
};

export const PORT_REPLY_WRITERS: ReplyWriters = {
  portStats: ({ body }, context) =>
    ` ${body.length} ports\n${body.map((stats) => formatPortStats(stats, context)).join('')}`,
  portDesc: ({ body }, context) => `\n${formatPorts(body, context)}`,
  queue: ({ body }, { ports, version }) =>
    ` ${body.length} queues\n${body
      .map(
        (stats) =>
          `  port ${formatPort(stats.portNo, ports)} queue ${queueName(stats.queueId)}: ` +
          `bytes=${counter(stats.txBytes)}, pkts=${counter(stats.txPackets)}, errors=${counter(stats.txErrors)}, ` +
          `duration=${durationOr(stats, version, '?')}\n`,
      )
      .join('')}`,
  queueDesc: ({ body }, { ports }) => {
    const sorted = [...body].sort((a, b) => a.portNo - b.portNo || a.queueId - b.queueId);
    let last = 0;
    const lines = sorted.map(({ portNo, queueId, properties }) => {
      const head = portNo === last ? '' : `port=${formatPort(portNo, ports)}\n`;
      last = portNo;
      return `${head}queue ${queueId}:${queueRates(properties)}\n`;
    });
    return ` ${lines.join('')}`;
  },
};

/** The lines of ports in the order of their numbers. */
export function formatPorts(ports: readonly Port[], context: PrintContext): string {
  return [...ports]
    .sort((a, b) => a.portNo - b.portNo)
    .map((port) => describePort(port, context))
    .join('');
}

function describePort(port: Port, context: PrintContext): string {
  const { curr, advertised, supported, peer, currSpeed, maxSpeed } = ethernetOf(port, context);
  const shown = Array.from(port.name).findIndex((char) => char < ' ' || char > '~');
  const name = shown < 0 ? port.name : port.name.slice(0, shown);
  const features = [
    ['current:   ', curr],
    ['advertised:', advertised],
    ['supported: ', supported],
    ['peer:      ', peer],
  ] as const;
  return [
    ` ${formatPort(port.portNo)}(${name}): addr:${formatMac(port.hwAddr)}`,
    `     config:     ${formatBits(port.config, PORT_CONFIG, ' ')}`,
    `     state:      ${formatState(port.state, context)}`,
    ...features.flatMap(([label, bits]) => (bits === 0 ? [] : [`     ${label} ${formatFeatureBits(bits, context)}`])),
    `     speed: ${Math.floor(currSpeed / 1000)} Mbps now, ${Math.floor(maxSpeed / 1000)} Mbps max\n`,
  ].join('\n');
}

type Ethernet = Pick<Port, 'curr' | 'advertised' | 'supported' | 'peer' | 'currSpeed' | 'maxSpeed'>;

/** Features and speeds: in 1.4 and later a property, in 1.0 the speeds by what the features say. */
function ethernetOf(port: Port, { version }: PrintContext): Ethernet {
  const property = port.properties?.findLast((each) => each.type === 'ethernet');
  if (property) return property;
  if (version > 1) return port;
  return { ...port, currSpeed: fastest(port.curr), maxSpeed: fastest(port.supported) };
}

/** Speeds of the features of 1.0 in kb/s, by bit. */
const SPEEDS = [10_000, 10_000, 100_000, 100_000, 1_000_000, 1_000_000, 10_000_000];
const fastest = (features: number) => Math.max(0, ...SPEEDS.filter((_, bit) => (features >>> bit) & 1));

const formatFeatureBits = (bits: number, { version }: PrintContext) =>
  formatBits(bits, version === 1 ? PORT_FEATURES_10 : PORT_FEATURES, ' ');

function formatState(state: number, { version }: PrintContext): string {
  if (version > 1) return formatBits(state, PORT_STATE, ' ');
  const stp = STP_STATES[(state >>> STP_SHIFT) & STP_BITS]!;
  const rest = state & ~(STP_BITS << STP_SHIFT);
  if (stp === '') return formatBits(rest, PORT_STATE_10, ' ');
  return rest === 0 ? stp : `${stp}${formatBits(rest, PORT_STATE_10, ' ')}`;
}

function formatPortStats(stats: ReplyItem<'portStats'>, { ports, version }: PrintContext): string {
  const ethernet =
    stats.properties?.findLast((property) => property.type === 'ethernet') ?? (stats.properties ? NOT_KEPT : stats);
  const list = (...pairs: [string, bigint][]) => pairs.map(([name, value]) => `${name}=${counter(value)}`).join(', ');
  const duration = durationOr(stats, version, '');
  return [
    `  port ${stats.portNo < 10 ? ' ' : ''}${formatPort(stats.portNo, ports)}: rx ${list(
      ['pkts', stats.rxPackets],
      ['bytes', stats.rxBytes],
      ['drop', stats.rxDropped],
      ['errs', stats.rxErrors],
      ['frame', ethernet.rxFrameErr],
      ['over', ethernet.rxOverErr],
      ['crc', ethernet.rxCrcErr],
    )}`,
    `           tx ${list(
      ['pkts', stats.txPackets],
      ['bytes', stats.txBytes],
      ['drop', stats.txDropped],
      ['errs', stats.txErrors],
      ['coll', ethernet.collisions],
    )}`,
    ...(duration === '' ? [] : [`           duration=${duration}`]),
    '',
  ].join('\n');
}

/** Counters of Ethernet where 1.4 and later do not say any. */
const NOT_KEPT = { rxFrameErr: UNKNOWN_64, rxOverErr: UNKNOWN_64, rxCrcErr: UNKNOWN_64, collisions: UNKNOWN_64 };

/** A counter that a switch does not keep is all ones. */
const counter = (value: bigint) => (value === UNKNOWN_64 ? '?' : String(value));

/** Durations came with 1.3. */
function durationOr(
  { durationSec, durationNsec }: { durationSec: number; durationNsec: number },
  version: number,
  unknown: string,
): string {
  return version < 4 || durationSec === UNKNOWN_DURATION ? unknown : formatDuration(durationSec, durationNsec);
}

const queueName = (id: number) => (id === ALL_QUEUES ? 'ALL' : String(id));

const MAX_RATE = 1000;
const NO_RATE = 0xffff;

/** Rates in tenths of a percent; more than all of it switches them off. */
function queueRates(properties: readonly { type: string; rate?: number }[]): string {
  return (['minRate', 'maxRate'] as const)
    .map((type) => {
      const rate = properties.findLast((property) => property.type === type)?.rate ?? NO_RATE;
      const name = type === 'minRate' ? 'min_rate' : 'max_rate';
      if (rate <= MAX_RATE) return ` ${name}:${Math.floor(rate / 10)}.${rate % 10}%`;
      return rate < NO_RATE ? ` ${name}:(disabled)` : '';
    })
    .join('');
}
