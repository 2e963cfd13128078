import type { Bridge } from '../../switch/index.ts';
import { type NodeId, switchIdOf } from '../../topology/index.ts';
import { Table } from '../controller/index.ts';

const everyMs = 1_000;

/** How much this node's hosts send to hosts at other switches: the counters of the rules that say where those are. */
export class SwitchTraffic {
  readonly #bridge: Bridge;
  #counted = new Map<bigint, number>();
  #nextAt = Number.NEGATIVE_INFINITY;

  constructor(bridge: Bridge) {
    this.#bridge = bridge;
  }

  /** Bytes to each member since the last time, once a second. */
  take(members: readonly NodeId[], now: number): [NodeId, number][] {
    if (now < this.#nextAt) return [];
    this.#nextAt = now + everyMs;
    const before = this.#counted;
    this.#counted = new Map();
    for (const { tableId, cookie, bytes } of this.#bridge.flows.entries()) {
      if (tableId === Table.destination) this.#counted.set(cookie, (this.#counted.get(cookie) ?? 0) + bytes);
    }
    return members.flatMap((id): [NodeId, number][] => {
      const bytes = (this.#counted.get(switchIdOf(id)) ?? 0) - (before.get(switchIdOf(id)) ?? 0);
      // Less than before: a rule is gone, with what it counted.
      return bytes > 0 ? [[id, bytes]] : [];
    });
  }
}
