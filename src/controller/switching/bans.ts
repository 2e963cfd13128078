import type { ManagedSwitch } from '../runtime/switch.ts';
import type { Host } from './hosts.ts';

export interface BanCounters {
  /** Ports that were banned for hosts that there was no room for, and hosts that were banned since they moved too often. */
  portsBanned: number;
  hostsBanned: number;
}

/** A host that moves more often than so many times in so many ms is at two places at once, or behind a loop. */
const maxMoves = 5;
const movesMs = 10_000;
const banSeconds = 10;

/** A host anywhere, or all hosts at a port that are not known. */
export type Banned = { readonly mac: number } | { readonly port: number };

/** Has switches drop for a while what would keep the controller busy. */
export class Bans {
  readonly #ban: (sw: ManagedSwitch, what: Banned, seconds: number) => void;
  readonly #counters: BanCounters;
  /** When the ban of a port ends, ms. */
  readonly #ports = new Map<ManagedSwitch, Map<number, number>>();

  /** `ban`: sends a rule that drops frames and ends by itself. */
  constructor(ban: (sw: ManagedSwitch, what: Banned, seconds: number) => void, counters: BanCounters) {
    this.#ban = ban;
    this.#counters = counters;
  }

  port(sw: ManagedSwitch, port: number, now: number): void {
    const bans: Map<number, number> = this.#ports.get(sw) ?? new Map();
    this.#ports.set(sw, bans);
    if ((bans.get(port) ?? 0) > now) return;
    bans.set(port, now + banSeconds * 1000);
    this.#counters.portsBanned += 1;
    this.#ban(sw, { port }, banSeconds);
  }

  /** At both of its places. */
  host({ mac }: Host, places: readonly ManagedSwitch[]): void {
    this.#counters.hostsBanned += 1;
    for (const sw of new Set(places)) this.#ban(sw, { mac }, banSeconds);
  }

  /** A host turned up somewhere else. True: once too often. */
  isRestless(host: Host, now: number): boolean {
    if (now - host.movesSince > movesMs) Object.assign(host, { moves: 0, movesSince: now });
    host.moves += 1;
    return host.moves > maxMoves;
  }

  /** It has no rules any more, or is gone. */
  forget(sw: ManagedSwitch): void {
    this.#ports.delete(sw);
  }
}
