import type { FlowKey } from '../packet/index.ts';
import type { FlowEntry } from './flow-entry.ts';

/** It grows by need up to this size: some 8 MiB for one bridge. */
const maxSlots = 65_536;
const firstSlots = 512;
/** Words of a key that a slot has room for: rules that look at more than that between them are not cached. */
export const cachedWords = 32;
/** Slots that one key may be in; a power of two. */
const ways = 4;

/** The bits of keys that some entry of a table looks at, and what the answers remembered for it are valid for. */
export interface CacheView {
  readonly words: Uint8Array;
  readonly masks: Int32Array;
  /** From `MicroflowCache.newStamp`, whenever the table changes. */
  readonly stamp: number;
}

/**
 * Answers of lookups by the bits of the key that mattered, for all tables of a bridge. A slot is valid only while its stamp
 * is that of its table, so that a changed table forgets everything at once and at no cost.
 */
export class MicroflowCache {
  /** Lookups that were not answered from here. */
  misses = 0;
  #slots = 0;
  #keys = new Int32Array(0);
  #stamps = new Uint32Array(0);
  #entries: (FlowEntry | undefined)[] = [];
  #lastStamp = 0;
  /** Valid slots that were overwritten since the cache last grew. */
  #collisions = 0;
  /** Where the last `find` looked. */
  #slot = 0;

  /** Never 0 and never one that a slot may still have. Has to be asked for before anything is looked for. */
  newStamp(): number {
    if (this.#slots === 0) this.#resize(firstSlots);
    this.#lastStamp = (this.#lastStamp + 1) >>> 0;
    if (this.#lastStamp === 0) {
      this.#stamps.fill(0);
      this.#lastStamp = 1;
    }
    return this.#lastStamp;
  }

  // HOT PATH
  /** True when the answer is known: `answer` gives it. Otherwise `remember` takes it for the same key. */
  find(view: CacheView, key: FlowKey): boolean {
    const { words, masks, stamp } = view;
    const count = words.length;
    let hash = stamp;
    for (let i = 0; i < count; i++) {
      hash = Math.imul(hash ^ (key[words[i]!]! & masks[i]!), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    const first = hash & (this.#slots - 1);
    let free = first;
    // A group of neighbouring slots may hold an answer, whichever of them the hash names.
    for (let way = 0; way < ways; way++) {
      const slot = first ^ way;
      if (this.#stamps[slot] !== stamp) {
        free = slot;
      } else if (this.#isAt(slot, words, masks, key)) {
        this.#slot = slot;
        return true;
      }
    }
    this.#slot = free;
    this.misses += 1;
    return false;
  }

  /** Of the `find` that came before. */
  get answer(): FlowEntry | undefined {
    return this.#entries[this.#slot];
  }

  /** After a `find` that found nothing. */
  remember({ words, masks, stamp }: CacheView, key: FlowKey, entry: FlowEntry | undefined): void {
    const slot = this.#slot;
    if (this.#stamps[slot] === stamp) this.#collisions += 1;
    const base = slot * cachedWords;
    for (let i = 0; i < words.length; i++) this.#keys[base + i] = key[words[i]!]! & masks[i]!;
    this.#stamps[slot] = stamp;
    this.#entries[slot] = entry;
    if (this.#collisions > this.#slots >> 2 && this.#slots < maxSlots) this.#resize(this.#slots * 2);
  }

  #isAt(slot: number, words: Uint8Array, masks: Int32Array, key: FlowKey): boolean {
    const keys = this.#keys;
    const base = slot * cachedWords;
    for (let i = 0; i < words.length; i++) {
      if (keys[base + i] !== (key[words[i]!]! & masks[i]!)) return false;
    }
    return true;
  }

  /** Begins empty again: what is in use comes back with the next packets. */
  #resize(slots: number): void {
    this.#slots = slots;
    this.#keys = new Int32Array(slots * cachedWords);
    this.#stamps = new Uint32Array(slots);
    this.#entries = new Array(slots).fill(undefined);
    this.#collisions = 0;
    this.#slot = 0;
  }
}
