import { describe, expect, it } from 'vitest';
import {
  ErrorType,
  FlowRemovedReason,
  type MeterBand,
  MeterFlags,
  MeterModCommand,
  MeterModFailedCode,
  MeterNo,
  type OxmField,
  PortNo,
} from '../../ofp/index.ts';
import { type MeterChange, OpenFlowRefusal } from '../../switch/index.ts';
import { apply, BridgeLab, inPort, mac, output } from './support/switch-lab.ts';

const { KBPS, PKTPS, BURST } = MeterFlags;
const drop = (rate: number, burstSize = 0): MeterBand => ({ type: 'drop', rate, burstSize });
const remark = (rate: number, precLevel: number): MeterBand => ({ type: 'dscpRemark', rate, burstSize: 0, precLevel });

function meter(fields: Partial<MeterChange> = {}): MeterChange {
  return { command: MeterModCommand.ADD, flags: KBPS, meterId: 1, bands: [], ...fields };
}

function refusalOf(work: () => void): [number, number] {
  try {
    work();
  } catch (error) {
    if (error instanceof OpenFlowRefusal) return [error.errorType, error.errorCode];
    throw error;
  }
  throw new Error('was not refused');
}

/** An IPv4 or IPv6 packet of this length and DSCP. */
function packet(length: number, dscp = 0, version: 4 | 6 = 4): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set([...mac(2), ...mac(1)]);
  if (version === 4) bytes.set([8, 0, 0x45, dscp << 2, (length - 14) >> 8, length - 14, 0, 0, 0, 0, 64, 253], 12);
  else bytes.set([0x86, 0xdd, 0x60 | (dscp >> 2), (dscp & 3) << 6, 0, 0, (length - 54) >> 8, length - 54, 253, 64], 12);
  return bytes;
}

function dscpOf(bytes: Uint8Array): number {
  return bytes[14]! >> 4 === 4 ? bytes[15]! >> 2 : ((bytes[14]! & 15) << 2) | (bytes[15]! >> 6);
}

class MeterLab extends BridgeLab {
  readonly in = this.leaf();
  readonly out = this.leaf();

  meter(fields: Partial<MeterChange>, now = 0): void {
    this.bridge.changeMeters(meter(fields), now);
  }

  use(meterId: number): void {
    this.flow({ instructions: [{ type: 'meter', meterId }, apply(output(this.out.no))] });
  }

  /** Frames at an even rate over some seconds; `batch` of them at a time. Gives those that passed. */
  offer(frame: Uint8Array, perSecond: number, seconds: number, batch = 1, start = 0): Uint8Array[] {
    this.out.sent.length = 0;
    const count = perSecond * seconds;
    for (let i = 0; i < count; i += batch) {
      this.bridge.receive(this.in.no, Array<Uint8Array>(batch).fill(frame), start + Math.floor((i * 1000) / perSecond));
    }
    return this.out.sent;
  }
}

function expectWithin(actual: number, wanted: number, share = 0.1): void {
  expect(actual).toBeGreaterThan(wanted * (1 - share));
  expect(actual).toBeLessThan(wanted * (1 + share));
}

describe('a DROP band', () => {
  it.each([
    [1000, 1500, 1],
    [1000, 60, 1],
    [10_000, 1500, 32],
    [100_000, 1500, 32],
    [64, 1500, 1],
  ])('lets %i kb/s through in frames of %i bytes, %i at a time', (rate, length, batch) => {
    const lab = new MeterLab();
    lab.meter({ bands: [drop(rate)] });
    lab.use(1);
    const seconds = 10;
    const perSecond = Math.ceil((3 * rate * 1000) / (8 * length));
    const passed = lab.offer(packet(length), perSecond, seconds, batch).length;
    expectWithin((passed * length * 8) / 1000, rate * seconds);
    expect(lab.bridge.counters.meterDrops).toBeGreaterThan(passed);
  });

  it.each([
    [100, 1],
    [1000, 1],
    [10_000, 16],
    [3, 1],
  ])('lets %i packets a second through, %i at a time', (rate, batch) => {
    const lab = new MeterLab();
    lab.meter({ flags: PKTPS, bands: [drop(rate)] });
    lab.use(1);
    expectWithin(lab.offer(packet(60), rate * 2, 10, batch).length, rate * 10);
  });

  it('lets everything through below its rate', () => {
    const lab = new MeterLab();
    lab.meter({ bands: [drop(1000)] });
    lab.use(1);
    expect(lab.offer(packet(1250), 99, 10)).toHaveLength(990);
  });

  it('lets a burst of its size through at once, and no more until tokens came back', () => {
    const lab = new MeterLab();
    lab.meter({ flags: PKTPS | BURST, bands: [drop(10, 5)] });
    lab.use(1);
    const burst = (now: number) => {
      lab.out.sent.length = 0;
      lab.bridge.receive(lab.in.no, Array<Uint8Array>(20).fill(packet(60)), now);
      return lab.out.sent.length;
    };
    expect([burst(0), burst(0), burst(100), burst(300), burst(60_000)]).toEqual([5, 0, 1, 2, 5]);
  });
});

describe('a DSCP_REMARK band', () => {
  it.each([
    ['of assured forwarding within the class', 10, 1, 12],
    ['up to the highest drop precedence', 12, 3, 14],
    ['of a class selector to a lower class', 24, 1, 16],
    ['not below best effort', 8, 2, 0],
    ['not of expedited forwarding', 46, 1, 46],
  ])('raises the drop precedence %s', (_name, dscp, levels, wanted) => {
    for (const version of [4, 6] as const) {
      const lab = new MeterLab();
      lab.meter({ flags: PKTPS | BURST, bands: [{ type: 'dscpRemark', rate: 1, burstSize: 1, precLevel: levels }] });
      lab.use(1);
      const sent = lab.offer(packet(100, dscp, version), 10, 1).slice();
      expect(sent).toHaveLength(10);
      expect([dscpOf(sent[0]!), dscpOf(sent[1]!)]).toEqual([dscp, wanted]);
    }
  });

  it('passes what is no IP packet, and what it let through keeps its code point', () => {
    const lab = new MeterLab();
    lab.meter({ bands: [remark(1000, 1)] });
    lab.use(1);
    const seconds = 10;
    const sent = lab.offer(packet(1500, 24), 175, seconds);
    expect(sent).toHaveLength(175 * seconds);
    expectWithin((sent.filter((bytes) => dscpOf(bytes) === 24).length * 12) / seconds, 1000);
    const other = new Uint8Array(60).fill(2, 0, 12);
    expect(lab.offer(other, 1000, 1, 1, 60_000)).toHaveLength(1000);
  });
});

describe('a meter', () => {
  it('applies the band of the highest rate that is exceeded, and counts packets by band', () => {
    const lab = new MeterLab();
    lab.meter({ flags: PKTPS, bands: [drop(200), remark(100, 1)] }, 0);
    lab.use(1);
    const seconds = 10;
    const sent = lab.offer(packet(100, 10), 400, seconds);
    expectWithin(sent.length, 200 * seconds);
    expectWithin(sent.filter((bytes) => dscpOf(bytes) === 10).length, 100 * seconds);
    const [stats] = lab.bridge.meterStats(1, 12_500);
    expect(stats).toMatchObject({ meterId: 1, flowCount: 1, packetInCount: 4000n, byteInCount: 400_000n });
    expect(stats).toMatchObject({ durationSec: 12, durationNsec: 500e6 });
    const [dropped, marked] = stats!.bandStats.map(({ packetBandCount }) => Number(packetBandCount));
    expect(dropped).toBe(4000 - sent.length);
    expect(marked).toBe(sent.filter((bytes) => dscpOf(bytes) === 12).length);
  });

  it('shows its configuration as it was given', () => {
    const lab = new MeterLab();
    lab.meter({ meterId: 7, flags: KBPS | BURST, bands: [drop(5, 6), remark(7, 2)] });
    expect(lab.bridge.meterConfig(MeterNo.ALL)).toEqual([
      { meterId: 7, flags: KBPS | BURST, bands: [drop(5, 6), remark(7, 2)] },
    ]);
    expect(lab.bridge.meterConfig(7)).toHaveLength(1);
  });

  it('limits what goes to the controllers when it is theirs', () => {
    const lab = new MeterLab();
    lab.meter({ meterId: MeterNo.CONTROLLER, flags: PKTPS, bands: [drop(50)] });
    lab.flow({ instructions: [apply(output(PortNo.CONTROLLER), output(lab.out.no))] });
    expect(lab.offer(packet(60), 500, 10)).toHaveLength(5000);
    expectWithin(lab.eventsNamed('packetIn').length, 500);
  });

  it('limits flows that are not known yet when it is that of the slow path', () => {
    const lab = new MeterLab();
    lab.meter({ meterId: MeterNo.SLOWPATH, flags: PKTPS | BURST, bands: [drop(1, 3)] });
    for (let port = 1; port <= 9; port++) {
      const field: OxmField = { field: 'eth_type', value: 0x800 };
      lab.flow({ match: [inPort(port)], instructions: [apply(output(lab.out.no))] });
      lab.flow({ match: [field], priority: 1 });
      lab.flow({ match: [field, { field: 'ip_dscp', value: port }], priority: 2 });
    }
    expect(lab.offer(packet(60, 1), 10, 1)).toHaveLength(10);
    const flows = Array.from({ length: 9 }, (_, dscp) => packet(60, dscp + 10));
    lab.out.sent.length = 0;
    lab.bridge.receive(lab.in.no, [...flows, ...flows], 1000);
    expect(lab.out.sent).toHaveLength(12);
  });

  it('is an action too', () => {
    const lab = new MeterLab();
    lab.meter({ flags: PKTPS | BURST, bands: [drop(1, 1)] });
    lab.flow({ instructions: [apply(output(lab.out.no), { type: 'meter', meterId: 1 }, output(lab.out.no))] });
    expect(lab.offer(packet(60), 10, 1)).toHaveLength(11);
    expect(lab.bridge.meterStats(1, 0)).toMatchObject([{ flowCount: 1 }]);
  });
});

describe('a meter-mod', () => {
  const code = MeterModFailedCode;
  it.each<[string, number, Partial<MeterChange>]>([
    ['that adds a meter again', code.METER_EXISTS, { meterId: 5 }],
    ['of meter 0', code.INVALID_METER, { meterId: 0 }],
    ['of a reserved number', code.INVALID_METER, { meterId: MeterNo.ALL }],
    ['that changes no meter', code.UNKNOWN_METER, { command: MeterModCommand.MODIFY }],
    ['of an unknown command', code.BAD_COMMAND, { command: 9 }],
    ['of an unknown flag', code.BAD_FLAGS, { flags: 0x80 }],
    ['of both units', code.BAD_FLAGS, { flags: KBPS | PKTPS }],
    ['of a rate of 0', code.BAD_RATE, { bands: [drop(0)] }],
    ['of an unknown band', code.BAD_BAND, { bands: [{ type: 'unknown', code: 9, data: new Uint8Array(8) }] }],
    ['of too many bands', code.OUT_OF_BANDS, { bands: Array.from({ length: 17 }, () => drop(1)) }],
  ])('%s is refused', (_name, expected, change) => {
    const lab = new MeterLab();
    lab.meter({ meterId: 5 });
    expect(refusalOf(() => lab.meter(change))).toEqual([ErrorType.METER_MOD_FAILED, expected]);
    expect(lab.bridge.meterConfig(MeterNo.ALL)).toHaveLength(1);
  });

  it('refuses more meters than there is room for', () => {
    const lab = new MeterLab();
    for (let id = 1; id <= 16_384; id++) lab.meter({ meterId: id });
    expect(refusalOf(() => lab.meter({ meterId: 99_999 }))).toEqual([ErrorType.METER_MOD_FAILED, code.OUT_OF_METERS]);
  });

  it('is in force at once; the counts of the meter go on', () => {
    const lab = new MeterLab();
    lab.meter({ flags: PKTPS, bands: [drop(10)] });
    lab.use(1);
    lab.offer(packet(60), 100, 1);
    lab.meter({ command: MeterModCommand.MODIFY, flags: PKTPS, bands: [drop(1000), drop(2000)] }, 1000);
    expect(lab.offer(packet(60), 100, 1, 1, 1000)).toHaveLength(100);
    expect(lab.bridge.meterStats(1, 0)).toMatchObject([
      { packetInCount: 200n, bandStats: [{ packetBandCount: 0n }, { packetBandCount: 0n }] },
    ]);
  });

  it('that deletes a meter takes its flows along', () => {
    const lab = new MeterLab();
    lab.meter({ meterId: 1 });
    lab.meter({ meterId: 2 });
    lab.flow({ match: [inPort(1)], instructions: [{ type: 'meter', meterId: 1 }] });
    lab.flow({ match: [inPort(2)], instructions: [{ type: 'meter', meterId: 2 }] });
    lab.flow({ match: [inPort(3)] });
    lab.meter({ command: MeterModCommand.DELETE, meterId: 9 });
    lab.meter({ command: MeterModCommand.DELETE, meterId: 1 });
    expect(lab.eventsNamed('flowRemoved').map(([, reason]) => reason)).toEqual([FlowRemovedReason.METER_DELETE]);
    lab.meter({ command: MeterModCommand.DELETE, meterId: MeterNo.ALL });
    expect(lab.bridge.flows.size).toBe(1);
    expect(refusalOf(() => lab.bridge.meterStats(1, 0))).toEqual([ErrorType.METER_MOD_FAILED, code.UNKNOWN_METER]);
    expect(lab.bridge.meterStats(MeterNo.ALL, 0)).toEqual([]);
  });
});
