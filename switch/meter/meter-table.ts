import {
  ErrorType,
  type MeterBand,
  MeterBandType,
  MeterFlags,
  MeterModCommand,
  MeterModFailedCode,
  MeterNo,
  type ReplyBody,
  type ReplyItem,
} from '../../ofp/index.ts';
import { durationOf } from '../duration.ts';
import { OpenFlowRefusal } from '../errors.ts';
import type { Journal } from '../journal.ts';
import { Band, type KnownBand } from './band.ts';
import { Meter } from './meter.ts';

export const maxMeters = 16_384;
export const maxBands = 16;

/** A meter-mod message, or anything of its shape. */
export interface MeterChange {
  readonly command: number;
  /** `MeterFlags`. */
  readonly flags: number;
  readonly meterId: number;
  readonly bands: readonly MeterBand[];
}

type Removed = readonly number[];

const nothing: Removed = [];
const knownFlags = MeterFlags.KBPS | MeterFlags.PKTPS | MeterFlags.BURST | MeterFlags.STATS;

/** The meters of a bridge and the rules for changing them (OpenFlow 1.3 sections 5.7 and 6.6). */
export class MeterTable {
  readonly #meters = new Map<number, Meter>();
  readonly #journal: Journal;
  readonly #changes: ReadonlyMap<number, (change: MeterChange, now: number) => Removed>;

  constructor(journal: Journal) {
    this.#journal = journal;
    this.#changes = new Map([
      [MeterModCommand.ADD, (change, now) => this.#add(change, now)],
      [MeterModCommand.MODIFY, (change, now) => this.#modify(change, now)],
      [MeterModCommand.DELETE, (change) => this.#delete(change)],
    ]);
  }

  get(id: number): Meter | undefined {
    return this.#meters.get(id);
  }

  get hasSlowpath(): boolean {
    return this.#meters.has(MeterNo.SLOWPATH);
  }

  /** Carries a meter-mod out, whole or not at all, and says which meters are gone. Throws `OpenFlowRefusal`. */
  change(change: MeterChange, now: number): Removed {
    const apply = this.#changes.get(change.command);
    if (!apply) throw refusal(MeterModFailedCode.BAD_COMMAND, `no command ${change.command}`);
    return apply(change, now);
  }

  /** Of one meter or of all. `flows`: how many flow entries use a meter. Throws `OpenFlowRefusal` when there is none. */
  stats(id: number, now: number, flows: (id: number) => number): ReplyItem<'meter'>[] {
    return this.#select(id).map((meter) => ({
      meterId: meter.id,
      flowCount: flows(meter.id),
      packetInCount: BigInt(meter.packets),
      byteInCount: BigInt(meter.bytes),
      ...durationOf(meter.createdAt, now),
      bandStats: meter.bands.map(({ packets, bytes }) => ({
        packetBandCount: BigInt(packets),
        byteBandCount: BigInt(bytes),
      })),
    }));
  }

  /** Throws `OpenFlowRefusal` when there is no such meter. */
  config(id: number): ReplyItem<'meterConfig'>[] {
    return this.#select(id).map(({ id: meterId, flags, bands }) => ({
      meterId,
      flags,
      bands: bands.map(({ given }) => given),
    }));
  }

  features(): ReplyBody<'meterFeatures'> {
    return {
      maxMeter: maxMeters,
      bandTypes: (1 << MeterBandType.DROP) | (1 << MeterBandType.DSCP_REMARK),
      capabilities: knownFlags,
      maxBands,
      maxColor: 0,
      features: 0,
    };
  }

  #select(id: number): Meter[] {
    if (id === MeterNo.ALL) return [...this.#meters.values()].sort((a, b) => a.id - b.id);
    return [this.#expect(id)];
  }

  #add(change: MeterChange, now: number): Removed {
    const { meterId: id, flags } = change;
    const isPseudo = id === MeterNo.CONTROLLER || id === MeterNo.SLOWPATH;
    if (id === 0 || (id > MeterNo.MAX && !isPseudo)) {
      throw refusal(MeterModFailedCode.INVALID_METER, `no meter may be ${id}`);
    }
    if (this.#meters.has(id)) throw refusal(MeterModFailedCode.METER_EXISTS, `meter ${id} exists`);
    if (this.#meters.size >= maxMeters) throw refusal(MeterModFailedCode.OUT_OF_METERS, `${maxMeters} meters`);
    this.#set(id, new Meter(id, flags, bandsOf(change, now), now));
    return nothing;
  }

  /** The meter's own counters go on, those of its bands start anew (1.5 section 6.8). */
  #modify(change: MeterChange, now: number): Removed {
    const old = this.#expect(change.meterId);
    this.#set(old.id, new Meter(old.id, change.flags, bandsOf(change, now), now, old));
    return nothing;
  }

  #delete({ meterId }: MeterChange): Removed {
    const ids = meterId === MeterNo.ALL ? [...this.#meters.keys()] : this.#meters.has(meterId) ? [meterId] : nothing;
    for (const id of ids) this.#set(id, undefined);
    return ids;
  }

  #expect(id: number): Meter {
    const meter = this.#meters.get(id);
    if (!meter) throw refusal(MeterModFailedCode.UNKNOWN_METER, `no meter ${id}`);
    return meter;
  }

  #set(id: number, meter: Meter | undefined): void {
    const old = this.#meters.get(id);
    if (meter) this.#meters.set(id, meter);
    else this.#meters.delete(id);
    this.#journal.record(() => this.#set(id, old));
  }
}

/** Rates are in kb/s unless the flags say packets. */
function bandsOf({ flags, bands }: MeterChange, now: number): Band[] {
  const bothUnits = MeterFlags.KBPS | MeterFlags.PKTPS;
  if ((flags & ~knownFlags) !== 0 || (flags & bothUnits) === bothUnits) {
    throw refusal(MeterModFailedCode.BAD_FLAGS, `flags ${flags}`);
  }
  if (bands.length > maxBands) throw refusal(MeterModFailedCode.OUT_OF_BANDS, `${bands.length} bands`);
  const unit = (flags & MeterFlags.PKTPS) !== 0 ? 'packets' : 'bits';
  return bands.map((band) => {
    if (!isKnown(band)) throw refusal(MeterModFailedCode.BAD_BAND, `no band of type ${band.type}`);
    if (band.rate === 0) throw refusal(MeterModFailedCode.BAD_RATE, 'a rate of 0');
    return new Band(band, unit, (flags & MeterFlags.BURST) !== 0 ? band.burstSize : undefined, now);
  });
}

function isKnown(band: MeterBand): band is KnownBand {
  return band.type === 'drop' || band.type === 'dscpRemark';
}

function refusal(code: number, reason: string): OpenFlowRefusal {
  return new OpenFlowRefusal(ErrorType.METER_MOD_FAILED, code, reason);
}
