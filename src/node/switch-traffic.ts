import { type NodeId, switchIdOf } from '../../topology/index.ts';
import type { NodeSwitch } from './node-switch.ts';

const everyMs = 1_000;

/** How much this node's hosts send to hosts at other switches. */
export class SwitchTraffic {
  readonly #switch: Pick<NodeSwitch, 'bytesTo'>;
  #counted: ReadonlyMap<bigint, number> = new Map();
  #nextAt = Number.NEGATIVE_INFINITY;

  constructor(nodeSwitch: Pick<NodeSwitch, 'bytesTo'>) {
    this.#switch = nodeSwitch;
  }

  /** Bytes to each member since the last time, once a second. */
  take(members: readonly NodeId[], now: number): [NodeId, number][] {
    if (now < this.#nextAt) return [];
    this.#nextAt = now + everyMs;
    const before = this.#counted;
    this.#counted = new Map(this.#switch.bytesTo);
    return members.flatMap((id): [NodeId, number][] => {
      const bytes = (this.#counted.get(switchIdOf(id)) ?? 0) - (before.get(switchIdOf(id)) ?? 0);
      // Less than before: a rule is gone, with what it counted.
      return bytes > 0 ? [[id, bytes]] : [];
    });
  }
}
