import { type Instruction, type MeterBand, MeterFlags, MeterModCommand } from '../../../ofp/index.ts';
import type { SwitchView } from '../pipeline.ts';
import type { MeterChange } from '../rules.ts';
import type { App, AppReach } from './app.ts';
import { linkMeterId } from './meter-ids.ts';

/** What each link carries of frames for other switches, kbit/s, the same for all of them; 0: no limit. */
export interface LinkLimits {
  /** What exceeds it is dropped. */
  readonly rate: number;
  /** What exceeds it has the drop precedence in its DSCP raised by one (OpenFlow 1.3 section 5.7.1), for those further on to choose. */
  readonly remark: number;
}

export const noLinkLimits: LinkLimits = { rate: 0, remark: 0 };

/**
 * `link-limits`: a meter for each link, as the tunnels of P2P-XBone have their quality of service (section II-E). Floods are not metered:
 * storm control bounds them where they begin.
 */
export class LinkLimiter implements App {
  readonly counters = {};
  readonly #reach: AppReach;
  readonly #bands: readonly MeterBand[];
  #links: readonly number[] = [];

  constructor(reach: AppReach, { rate, remark }: LinkLimits) {
    this.#reach = reach;
    this.#bands = [
      ...(rate > 0 ? [{ type: 'drop', rate, burstSize: burst(rate) } as const] : []),
      ...(remark > 0 ? [{ type: 'dscpRemark', rate: remark, burstSize: burst(remark), precLevel: 1 } as const] : []),
    ];
  }

  get areSet(): boolean {
    return this.#bands.length > 0;
  }

  /** The instruction that bounds what leaves by a link, if there is a limit. */
  meter(port: number): Instruction[] {
    return this.areSet ? [{ type: 'meter', meterId: linkMeterId(port) }] : [];
  }

  connected(): void {
    this.#reach.send(this.#meters(this.#links, MeterModCommand.ADD));
  }

  viewed({ ports }: SwitchView): void {
    const links = [...(ports?.peers.values() ?? [])];
    const added = links.filter((port) => !this.#links.includes(port));
    const gone = this.#links.filter((port) => !links.includes(port));
    this.#links = links;
    this.#reach.send([...this.#meters(gone, MeterModCommand.DELETE), ...this.#meters(added, MeterModCommand.ADD)]);
  }

  #meters(links: readonly number[], command: number): MeterChange[] {
    if (!this.areSet) return [];
    const flags = MeterFlags.KBPS | MeterFlags.BURST | MeterFlags.STATS;
    return links.map((port) => ({
      ...{ type: 'meterMod', command, flags, meterId: linkMeterId(port) },
      bands: command === MeterModCommand.DELETE ? [] : [...this.#bands],
    }));
  }
}

/** A tenth of a second, kbit: enough for what TCP sends at once. */
function burst(rate: number): number {
  return Math.max(1, Math.ceil(rate / 10));
}
