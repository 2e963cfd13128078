import { type Action, type OxmField, PortNo } from '../../../ofp/index.ts';
import { apply, Cookie, inPort, markAs, output, type Rule, type SwitchView, Table } from '../pipeline.ts';
import { isSameWay, switchIdBits, type Way } from '../routes.ts';
import type { App, AppReach } from './app.ts';
import type { LinkLimiter } from './link-limits.ts';
import { NextHopGroups } from './next-hop-groups.ts';

interface Held {
  readonly way: Way;
  readonly rules: readonly Rule[];
}

/** `overlay-routing`: a frame for another switch leaves by the link to the next hop. */
export class OverlayRouting implements App {
  readonly counters = {};
  readonly #reach: AppReach;
  readonly #limits: LinkLimiter;
  readonly #groups: NextHopGroups;
  /** By mark and bits, then by target. A rule that stays is the same object, so that nobody compares it again. */
  #held: ReadonlyMap<number, ReadonlyMap<bigint, Held>> = new Map();
  #actions = new Map<bigint, Action>();
  #isSwept = true;

  constructor(reach: AppReach, limits: LinkLimiter) {
    this.#reach = reach;
    this.#limits = limits;
    this.#groups = new NextHopGroups(reach.send);
  }

  /** What sends a frame with this tunnel id on its way; undefined: there is none, or a detour only. */
  actionTo(switchId: bigint): Action | undefined {
    return this.#actions.get(switchId);
  }

  connected(): void {
    this.#groups.renew();
  }

  viewed({ ways }: SwitchView): void {
    const held = new Map<number, Map<bigint, Held>>();
    const rules: Rule[] = [];
    this.#groups.startOver();
    this.#actions = new Map();
    for (const given of ways) {
      const way = this.#limits.areSet ? oneHop(given) : given;
      const action = this.#groups.action(way);
      const kind = way.mark * 2 * switchIdBits + way.bits;
      const before = this.#held.get(kind)?.get(way.target);
      const now = before && isSameWay(before.way, way) ? before : { way, rules: this.#rulesOf(way, action) };
      rules.push(...now.rules);
      const ofKind = held.get(kind) ?? new Map<bigint, Held>();
      held.set(kind, ofKind.set(way.target, now));
      if (way.mark === 0 && way.nextMark === 0 && way.bits === switchIdBits) this.#actions.set(way.target, action);
    }
    this.#held = held;
    this.#reach.rules.hold('routes', rules);
    this.#isSwept = false;
  }

  /** Groups go when the rules of all apps that used them are gone. */
  tick(): void {
    if (this.#isSwept) return;
    this.#isSwept = true;
    this.#groups.sweep();
  }

  #rulesOf({ target, bits, mark, nextMark, ports }: Way, action: Action): Rule[] {
    const base = { table: Table.transit, cookie: bits === switchIdBits ? target : Cookie.area, priority: bits };
    const match: OxmField[] = [{ field: 'pkt_mark', value: mark }, tunnelId(target, bits)];
    if (nextMark === mark) return [{ ...base, match, instructions: [...this.#meter(ports), apply(action)] }];
    // The detour may begin with the way back.
    const [port] = ports;
    const back = { ...base, priority: bits + switchIdBits, match: [inPort(port!), ...match] };
    const ahead = (next: Action) => [...this.#meter(ports), apply(markAs(nextMark), next)];
    return [
      { ...back, instructions: ahead(output(PortNo.IN_PORT)) },
      { ...base, match, instructions: ahead(action) },
    ];
  }

  #meter(ports: readonly number[]) {
    return this.#limits.areSet ? this.#limits.meter(ports[0]!) : [];
  }
}

/** Each link has its own limit, which only a rule can have, and no bucket. */
function oneHop(way: Way): Way {
  const { target, ports } = way;
  return { ...way, ports: [ports[Number(target % BigInt(ports.length))]!], spare: undefined };
}

function tunnelId(value: bigint, bits: number): OxmField {
  if (bits === switchIdBits) return { field: 'tunnel_id', value };
  return { field: 'tunnel_id', value, mask: BigInt.asUintN(switchIdBits, -1n << BigInt(switchIdBits - bits)) };
}
