import { type FlowKey, keyWords } from '../packet/index.ts';
import type { FlowEntry } from './flow-entry.ts';
import { ImportanceIndex } from './importance.ts';
import { type FlowMatch, type MatchMask, overlaps, sameMatch } from './match.ts';
import { type CacheView, cachedWords, type MicroflowCache } from './microflow-cache.ts';

/** Entries with one masked key, highest priority first. */
type Chain = FlowEntry[];

/** All entries of a table whose matches have the same mask: a hash table over the masked key. */
interface Tuple {
  readonly mask: MatchMask;
  readonly chains: Map<number, Chain[]>;
  /** Priority -> number of entries. */
  readonly priorities: Map<number, number>;
  maxPriority: number;
}

/** With so few distinct masks, asking the classifier costs no more than asking the cache. */
const fewTuples = 2;

/**
 * One flow table: a tuple-space classifier behind a cache. The classifier hashes the key once for each distinct mask, in
 * order of the highest priority behind the mask, and stops where no better entry can follow; the cache takes one hash.
 */
export class FlowTable {
  readonly id: number;
  readonly entries = new Set<FlowEntry>();
  lookups = 0;
  matched = 0;
  /** Entries that the table may have. */
  maxEntries = Infinity;
  #importance: ImportanceIndex | undefined;
  readonly #tuples: Tuple[] = [];
  readonly #byMask = new Map<string, Tuple>();
  readonly #cache: MicroflowCache;
  /** Of the table as it is; undefined since it changed. */
  #view: CacheView | undefined;

  constructor(id: number, cache: MicroflowCache) {
    this.id = id;
    this.#cache = cache;
  }

  get isFull(): boolean {
    return this.entries.size >= this.maxEntries;
  }

  /** Whether a less important entry makes room when the table is full (1.4 section 7.3.4.1). */
  get evicts(): boolean {
    return this.#importance !== undefined;
  }

  set evicts(isOn: boolean) {
    if (isOn !== this.evicts) this.#importance = isOn ? new ImportanceIndex(this.entries) : undefined;
  }

  /** The entry that has to make room for one of this importance, if the table evicts and there is one. */
  victim(importance: number): FlowEntry | undefined {
    return this.#importance?.least(importance);
  }

  // HOT PATH
  /** The entry of highest priority that matches; counts the lookup. */
  lookup(key: FlowKey): FlowEntry | undefined {
    this.lookups += 1;
    const entry = this.peek(key);
    if (entry) this.matched += 1;
    return entry;
  }

  /** The same, uncounted: what `lookup` would find. */
  peek(key: FlowKey): FlowEntry | undefined {
    return this.#tuples.length > fewTuples ? this.#recall(key) : this.#classify(key);
  }

  #recall(key: FlowKey): FlowEntry | undefined {
    const cache = this.#cache;
    this.#view ??= this.#makeView();
    if (this.#view.words.length > cachedWords) return this.#classify(key);
    if (cache.find(this.#view, key)) return cache.answer;
    const entry = this.#classify(key);
    cache.remember(this.#view, key, entry);
    return entry;
  }

  #classify(key: FlowKey): FlowEntry | undefined {
    let best: FlowEntry | undefined;
    const tuples = this.#tuples;
    for (let i = 0; i < tuples.length; i++) {
      const tuple = tuples[i]!;
      if (best && best.priority >= tuple.maxPriority) break;
      const found = find(tuple, key)?.[0];
      if (found && (!best || found.priority > best.priority)) best = found;
    }
    return best;
  }

  /** The entry with this very match and priority. */
  find(match: FlowMatch, priority: number): FlowEntry | undefined {
    const chains = this.#byMask.get(match.mask.id)?.chains.get(hashOfValues(match.values));
    const chain = chains?.find(([first]) => sameMatch(first!.match, match));
    return chain?.find((entry) => entry.priority === priority);
  }

  /** Some entry of this priority that a packet could match together with `match`. */
  findOverlap(match: FlowMatch, priority: number): FlowEntry | undefined {
    for (const tuple of this.#tuples) {
      if (!tuple.priorities.has(priority)) continue;
      for (const entry of entriesOf(tuple)) {
        if (entry.priority === priority && overlaps(entry.match, match)) return entry;
      }
    }
    return undefined;
  }

  /** The same match with the mask that entries have which look at the same. */
  shared(match: FlowMatch): FlowMatch {
    const tuple = this.#byMask.get(match.mask.id);
    return tuple === undefined ? match : { ...match, mask: tuple.mask };
  }

  /** No entry with the same match and priority may be in the table. */
  insert(entry: FlowEntry): void {
    const tuple = this.#byMask.get(entry.match.mask.id) ?? this.#addTuple(entry.match.mask);
    const hash = hashOfValues(entry.match.values);
    const chains = tuple.chains.get(hash);
    const chain = chains?.find(([first]) => first && sameMatch(first.match, entry.match));
    if (chain) {
      const place = chain.findIndex((other) => other.priority < entry.priority);
      chain.splice(place < 0 ? chain.length : place, 0, entry);
    } else if (chains) {
      chains.push([entry]);
    } else {
      tuple.chains.set(hash, [[entry]]);
    }
    tuple.priorities.set(entry.priority, (tuple.priorities.get(entry.priority) ?? 0) + 1);
    if (entry.priority > tuple.maxPriority) this.#setMaxPriority(tuple, entry.priority);
    this.#view = undefined;
    this.entries.add(entry);
    this.#importance?.add(entry);
    entry.installed = true;
  }

  remove(entry: FlowEntry): void {
    const tuple = this.#byMask.get(entry.match.mask.id);
    if (!tuple || !this.entries.delete(entry)) return;
    this.#view = undefined;
    this.#importance?.remove(entry);
    entry.installed = false;
    const hash = hashOfValues(entry.match.values);
    const chains = tuple.chains.get(hash)!;
    const chain = chains.find((candidates) => candidates.includes(entry))!;
    chain.splice(chain.indexOf(entry), 1);
    if (chain.length === 0) chains.splice(chains.indexOf(chain), 1);
    if (chains.length === 0) tuple.chains.delete(hash);
    const left = tuple.priorities.get(entry.priority)! - 1;
    if (left > 0) {
      tuple.priorities.set(entry.priority, left);
      return;
    }
    tuple.priorities.delete(entry.priority);
    if (tuple.priorities.size === 0) this.#dropTuple(tuple);
    else if (entry.priority === tuple.maxPriority) this.#setMaxPriority(tuple, Math.max(...tuple.priorities.keys()));
  }

  /** All bits that some entry looks at. */
  #makeView(): CacheView {
    const union = new Int32Array(keyWords);
    for (const { mask } of this.#tuples) {
      for (const [i, word] of mask.words.entries()) union[word]! |= mask.bits[i]!;
    }
    const words = Uint8Array.from([...union.keys()].filter((word) => union[word] !== 0));
    return { words, masks: Int32Array.from(words, (word) => union[word]!), stamp: this.#cache.newStamp() };
  }

  #addTuple(mask: MatchMask): Tuple {
    const tuple: Tuple = { mask, chains: new Map(), priorities: new Map(), maxPriority: -1 };
    this.#tuples.push(tuple);
    this.#byMask.set(mask.id, tuple);
    return tuple;
  }

  #dropTuple(tuple: Tuple): void {
    this.#tuples.splice(this.#tuples.indexOf(tuple), 1);
    this.#byMask.delete(tuple.mask.id);
  }

  #setMaxPriority(tuple: Tuple, priority: number): void {
    tuple.maxPriority = priority;
    this.#tuples.sort((a, b) => b.maxPriority - a.maxPriority);
  }
}

function* entriesOf(tuple: Tuple): Iterable<FlowEntry> {
  for (const chains of tuple.chains.values()) for (const chain of chains) yield* chain;
}

function hashOf({ words, bits }: MatchMask, key: FlowKey): number {
  let hash = 0;
  for (let i = 0; i < words.length; i++) {
    hash = Math.imul(hash ^ (key[words[i]!]! & bits[i]!), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
}

/** As `hashOf` for keys with these values. */
function hashOfValues(values: readonly number[]): number {
  let hash = 0;
  for (const value of values) {
    hash = Math.imul(hash ^ value, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
}

function find(tuple: Tuple, key: FlowKey): Chain | undefined {
  const chains = tuple.chains.get(hashOf(tuple.mask, key));
  if (!chains) return undefined;
  for (let i = 0; i < chains.length; i++) if (isIn(tuple.mask, chains[i]![0]!.match.values, key)) return chains[i];
  return undefined;
}

function isIn({ words, bits }: MatchMask, values: readonly number[], key: FlowKey): boolean {
  for (let i = 0; i < words.length; i++) {
    if ((key[words[i]!]! & bits[i]!) !== values[i]) return false;
  }
  return true;
}
