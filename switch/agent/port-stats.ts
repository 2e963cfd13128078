import { ExperimenterId, type PortStatsProperty, type ReplyItem } from '../../ofp/index.ts';
import { durationOf } from '../duration.ts';
import { put16 } from '../packet/index.ts';
import type { OwnCounters, Port } from '../ports/port.ts';

/** Statistics of a port (1.3 section 7.3.5.6, 1.4 section 7.3.5.6). Counters that are not kept have all bits set. */
export function portStats(port: Port, now: number): ReplyItem<'portStats'> {
  const { counters } = port;
  const of = (count: number) => BigInt.asUintN(64, BigInt(count));
  const detail = counters.rxErrors < 0 ? of(-1) : 0n;
  const ethernet = { rxFrameErr: detail, rxOverErr: detail, rxCrcErr: detail, collisions: detail };
  return {
    portNo: port.no,
    rxPackets: of(counters.rxPackets),
    txPackets: of(counters.txPackets),
    rxBytes: of(counters.rxBytes),
    txBytes: of(counters.txBytes),
    rxDropped: of(counters.rxDropped),
    txDropped: of(counters.txDropped),
    rxErrors: of(counters.rxErrors),
    txErrors: of(counters.txErrors),
    ...ethernet,
    ...durationOf(port.createdAt, now),
    properties: [{ type: 'ethernet', ...ethernet }, ...customStats(port.ownCounters)],
  };
}

/** Experimenter's type of the property below. */
const customStatsType = 2;
/** So that it fits beside the rest, bytes. */
const maxCustomStats = 32_768;

/**
 * Counters by name, as Open vSwitch passes them on (its `intel-ext.h`). Behind the experimenter's type:
 *
 * ```
 * +-------------------------------+-------------------------------+
 * | padding                       | number of counters            |
 * +---------------+---------------+-------------------------------+
 * | length of name| name ...                                      |
 * +---------------+-----------------------------------------------+
 * | count, 64 bits                                                |
 * +                                                               +
 * |                                                               |
 * +---------------------------------------------------------------+
 * | the next counter, unaligned ...                               |
 * ```
 *
 * Zeros fill the last word up: os-ken reads what experimenters send as 32-bit words.
 */
function customStats(counters: OwnCounters): PortStatsProperty[] {
  const data = new Uint8Array(maxCustomStats);
  const view = new DataView(data.buffer);
  let at = 4;
  let count = 0;
  for (const [name, value] of Object.entries(counters)) {
    const text = new TextEncoder().encode(name).subarray(0, 255);
    if (at + 1 + text.length + 8 > maxCustomStats) break;
    data[at] = text.length;
    data.set(text, at + 1);
    view.setBigUint64(at + 1 + text.length, BigInt(value));
    at += 1 + text.length + 8;
    count += 1;
  }
  if (count === 0) return [];
  put16(data, 2, count);
  const words = data.slice(0, (at + 3) & ~3);
  return [{ type: 'experimenter', experimenter: ExperimenterId.INTEL, expType: customStatsType, data: words }];
}
