import type { NodeId } from '../../topology/ring.ts';
import type { HeldFlood } from './root-log.ts';

/** Floods of this long are told together. */
export const announceMs = 75;
/** A child that got an eager copy tells of it by itself within this time, unless the copy was lost. */
const childGraceMs = 225;
/** After this long without a word from a neighbour that was told, it is told again, each time later. */
const retellMs = 450;
const maxTells = 5;

/**
 * Tells every neighbour once which floods are here. A neighbour's own telling is the answer that it has a flood, too;
 * one that stays silent is told again, so that a node with a single link misses nothing.
 */
export class Announcer {
  /** Tellings beyond the first. */
  retold = 0;
  readonly #open = new Set<HeldFlood>();
  #nextAt = Number.POSITIVE_INFINITY;

  add(flood: HeldFlood, now: number): void {
    this.#open.add(flood);
    this.#nextAt = Math.min(this.#nextAt, now + announceMs);
  }

  /** `peer` told of a flood that is here. When it does so again, the answer it had was lost: it gets another. */
  heard(flood: HeldFlood, peer: NodeId, now: number): void {
    const told = flood.told.get(peer);
    if (!flood.holders.has(peer)) flood.holders.add(peer);
    else if (told !== undefined && told.times < maxTells && now - told.at >= childGraceMs) {
      told.owed = true;
      this.add(flood, now);
    }
  }

  remove(flood: HeldFlood): void {
    this.#open.delete(flood);
  }

  nextDue(): number {
    return this.#nextAt;
  }

  /** What to tell whom now. */
  due(now: number, peers: ReadonlySet<NodeId>): Map<NodeId, HeldFlood[]> {
    const tells = new Map<NodeId, HeldFlood[]>();
    if (now < this.#nextAt) return tells;
    this.#nextAt = Number.POSITIVE_INFINITY;
    for (const flood of this.#open) {
      let next = Number.POSITIVE_INFINITY;
      for (const peer of peers) {
        if (!isSilent(flood, peer)) continue;
        const dueAt = dueTime(flood, peer);
        if (dueAt > now) {
          next = Math.min(next, dueAt);
          continue;
        }
        next = Math.min(next, this.#tell(flood, peer, now, tells));
      }
      this.#nextAt = Math.min(this.#nextAt, Math.max(next, now + announceMs));
      if (next === Number.POSITIVE_INFINITY) this.#open.delete(flood);
    }
    return tells;
  }

  #tell(flood: HeldFlood, peer: NodeId, now: number, tells: Map<NodeId, HeldFlood[]>): number {
    const times = (flood.told.get(peer)?.times ?? 0) + 1;
    if (times > 1) this.retold += 1;
    flood.told.set(peer, { at: now, times, owed: false });
    const list = tells.get(peer);
    if (list === undefined) tells.set(peer, [flood]);
    else list.push(flood);
    return dueTime(flood, peer);
  }
}

/**
 * Who is not known to have it, and was not told often enough. Who has it is told once, too, since that is the answer it
 * waits for; only a child knows already that this switch has it.
 */
function isSilent(flood: HeldFlood, peer: NodeId): boolean {
  const { times, owed } = flood.told.get(peer) ?? { times: 0, owed: false };
  return owed || times < (flood.holders.has(peer) ? (flood.children.has(peer) ? 0 : 1) : maxTells);
}

function dueTime(flood: HeldFlood, peer: NodeId): number {
  const told = flood.told.get(peer);
  if (told?.owed) return told.at;
  if (told !== undefined) return told.at + retellMs * 2 ** (told.times - 1);
  return flood.since + (flood.children.has(peer) ? childGraceMs : 0);
}
