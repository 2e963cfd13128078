import { type Action, GroupModCommand, GroupNo, GroupType, PortNo } from '../../../ofp/index.ts';
import { output } from '../pipeline.ts';
import type { Way } from '../routes.ts';
import type { GroupChange, SwitchChange } from '../rules.ts';

interface Held {
  readonly id: number;
  readonly way: Way;
  isUsed: boolean;
}

/**
 * Groups of next hops, each for all ways that it is good for: equals share the flows (SELECT), and a spare takes over at once when
 * the port of the only hop goes down (FAST FAILOVER). Every bucket watches its port.
 */
export class NextHopGroups {
  readonly #send: (changes: readonly SwitchChange[]) => void;
  readonly #held = new Map<string, Held>();
  readonly #freeIds: number[] = [];

  constructor(send: (changes: readonly SwitchChange[]) => void) {
    this.#send = send;
  }

  get size(): number {
    return this.#held.size;
  }

  /** What sends a frame to the next hops; a group that it needs is there from now on. */
  action(way: Way): Action {
    const { ports, spare } = way;
    if (ports.length === 1 && spare === undefined) return output(ports[0]!);
    const key = `${ports.join()}/${spare ?? ''}`;
    let held = this.#held.get(key);
    if (held === undefined) {
      held = { id: this.#freeIds.pop() ?? this.#held.size + 1, way, isUsed: true };
      this.#held.set(key, held);
      this.#send([addition(held)]);
    }
    held.isUsed = true;
    return { type: 'group', groupId: held.id };
  }

  /** From here on, groups count as used that `action` is asked for. */
  startOver(): void {
    for (const held of this.#held.values()) held.isUsed = false;
  }

  /** Removes groups that nobody uses; rules that did must be gone. */
  sweep(): void {
    for (const [key, { id, isUsed }] of this.#held) {
      if (isUsed) continue;
      this.#held.delete(key);
      this.#freeIds.push(id);
      this.#send([removal(id)]);
    }
  }

  /** To a switch that may hold anything. */
  renew(): void {
    this.#send([removal(GroupNo.ALL), ...Array.from(this.#held.values(), addition)]);
  }
}

function addition({ id, way: { ports, spare } }: Held): GroupChange {
  const isShared = ports.length > 1;
  const hops = spare === undefined ? ports : [...ports, spare];
  return {
    ...{ type: 'groupMod', command: GroupModCommand.ADD, groupId: id },
    groupType: isShared ? GroupType.SELECT : GroupType.FF,
    buckets: hops.map((port) => ({
      ...{ weight: isShared ? 1 : 0, watchPort: port, watchGroup: PortNo.ANY, actions: [output(port)] },
    })),
  };
}

function removal(groupId: number): GroupChange {
  return { type: 'groupMod', command: GroupModCommand.DELETE, groupType: GroupType.ALL, groupId, buckets: [] };
}
