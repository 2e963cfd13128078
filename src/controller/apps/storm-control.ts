import { type Action, type Instruction, MeterFlags, MeterModCommand, MeterNo } from '../../../ofp/index.ts';
import {
  apply,
  Cookie,
  everywhere,
  inPort,
  output,
  type SwitchPorts,
  type SwitchView,
  Table,
  toController,
  toOne,
  wholeFrame,
} from '../pipeline.ts';
import type { MeterChange } from '../rules.ts';
import type { App, AppReach } from './app.ts';
import { meterOf, stormMeterId } from './meter-ids.ts';

/** What may become a storm, each with a meter of its own at each leaf port. */
export const stormKinds = ['broadcast', 'multicast', 'unknownUnicast'] as const;
export type StormKind = (typeof stormKinds)[number];
/** Frames a second of one leaf port; 0: no limit. */
export type StormLimits = Readonly<Record<StormKind, number>>;

/** Who is asked where unicast to unknown hosts goes: nobody, it is flooded; or the controller, before leaf ports have it or behind that. */
export type AsksUnknown = 'nobody' | 'first' | 'behind leaves';

const unknownTo: Readonly<Record<AsksUnknown, (ports: SwitchPorts) => Action[]>> = {
  nobody: everywhere,
  first: () => [toController(wholeFrame)],
  'behind leaves': ({ leaves }) => [...leaves.map((port) => output(port)), toController(wholeFrame)],
};

export const defaultStormLimits: StormLimits = { broadcast: 500, multicast: 2000, unknownUnicast: 500 };

/** The leaf port and the kind that a meter of storm control is for. */
export function stormMeterOf(meterId: number): { readonly port: number; readonly kind: StormKind } | undefined {
  const { port, kind: index } = meterOf(meterId);
  const kind = stormKinds[index];
  return kind === undefined ? undefined : { port, kind };
}

/** `storm-control`: meters that bound what one leaf port makes all others hear. What exceeds them is dropped at once. */
export class StormControl implements App {
  readonly counters = {};
  readonly #reach: AppReach;
  readonly #limits: StormLimits;
  readonly #asks: AsksUnknown;
  #leaves: readonly number[] = [];

  constructor(reach: AppReach, limits: StormLimits, asks: AsksUnknown) {
    this.#reach = reach;
    this.#asks = asks;
    this.#limits = limits;
  }

  /** The instruction that bounds frames of a kind, if there is a limit. */
  meter(port: number, kind: StormKind): Instruction[] {
    return this.#limits[kind] === 0 ? [] : [{ type: 'meter', meterId: meterId(port, kind) }];
  }

  connected(): void {
    const none = { ...change(MeterNo.ALL, MeterModCommand.DELETE), bands: [] };
    this.#reach.send([none, ...this.#meters(this.#leaves, MeterModCommand.ADD)]);
  }

  viewed({ ports }: SwitchView): void {
    const leaves = ports?.leaves ?? [];
    const added = leaves.filter((port) => !this.#leaves.includes(port));
    const gone = this.#leaves.filter((port) => !leaves.includes(port));
    this.#leaves = leaves;
    this.#reach.send([...this.#meters(gone, MeterModCommand.DELETE), ...this.#meters(added, MeterModCommand.ADD)]);
    this.#reach.rules.holdFor('storm', ports, (known) =>
      known.leaves.map((port) => ({
        table: Table.destination,
        cookie: this.#asks === 'nobody' ? Cookie.storm : Cookie.unknown,
        priority: 5,
        match: [inPort(port), toOne],
        instructions: [...this.meter(port, 'unknownUnicast'), apply(...unknownTo[this.#asks](known))],
      })),
    );
  }

  #meters(ports: readonly number[], command: number): MeterChange[] {
    const kinds = stormKinds.filter((kind) => this.#limits[kind] > 0);
    return ports.flatMap((port) =>
      kinds.map((kind) => {
        const rate = this.#limits[kind];
        // The burst is what a second gives: hosts ask for many neighbours at once, and then are quiet.
        return { ...change(meterId(port, kind), command), bands: [{ type: 'drop', rate, burstSize: rate }] };
      }),
    );
  }
}

function change(id: number, command: number): Omit<MeterChange, 'bands'> {
  return { type: 'meterMod', command, flags: MeterFlags.PKTPS | MeterFlags.BURST | MeterFlags.STATS, meterId: id };
}

function meterId(port: number, kind: StormKind): number {
  return stormMeterId(port, stormKinds.indexOf(kind));
}
