import type { Logger } from 'pino';
import type { FloodEngine } from '../../switch/flood/index.ts';
import type { Links } from './links.ts';
import type { NodeSwitch } from './node-switch.ts';

/** One line for a neighbour that sends nonsense, however much of it. */
const everyMs = 1_000;
/** Drops of floods that make no sense; the others happen. */
const malformed = ['truncated', 'unknown-version', 'unknown-type', 'bad-epoch', 'bad-part'] as const;

/** Logs what is counted silently where it comes in, as it may be much: messages that make no sense, or are forged. */
export class MalformedWatch {
  readonly #switch: Pick<NodeSwitch, 'ports'>;
  readonly #flood: FloodEngine;
  readonly #links: Pick<Links, 'counters'>;
  readonly #log: Logger;
  /** Counts of the last time, and of this one: what is of ports that are gone is forgotten. */
  #before: ReadonlyMap<string, number> = new Map();
  #counts = new Map<string, number>();
  #nextAt = 0;

  constructor(nodeSwitch: Pick<NodeSwitch, 'ports'>, flood: FloodEngine, links: Pick<Links, 'counters'>, log: Logger) {
    this.#switch = nodeSwitch;
    this.#flood = flood;
    this.#links = links;
    this.#log = log;
  }

  tick(now: number): void {
    if (now < this.#nextAt) return;
    this.#nextAt = now + everyMs;
    this.#before = this.#counts;
    this.#counts = new Map();
    for (const { name, kind, no, counters } of this.#switch.ports) {
      if (kind === 'peer')
        this.#report(`${name}/${no}`, counters.rxErrors, { port: name }, 'malformed frames from a neighbour');
    }
    const { dropped } = this.#flood.counters;
    const total = malformed.reduce((sum, reason) => sum + (dropped[reason] ?? 0), 0);
    this.#report('flood', total, {}, 'malformed floods from neighbours');
    const { envelopesRefused, offersRefused } = this.#links.counters;
    this.#report('signalling', envelopesRefused, {}, 'signalling that is forged or makes no sense');
    this.#report('offers', offersRefused, {}, 'too many offers of links');
    this.#report('name', dropped['in-our-name'] ?? 0, {}, 'floods in the name of this node that it did not begin');
  }

  #report(key: string, total: number, fields: object, message: string): void {
    const before = this.#before.get(key) ?? 0;
    if (total > before) this.#log.warn({ ...fields, count: total - before, total }, message);
    if (total > 0) this.#counts.set(key, total);
  }
}
