import { macNumber, type Packet } from './packet/index.ts';

/** As Open vSwitch and the Linux bridge have it. */
export const macAgeMs = 300_000;
export const maxMacs = 8192;
/** A port's order of use is kept up at most this often for one address: it decides evictions only. */
const refreshMs = 1000;

export interface MacEntry {
  /** The address as a number below 2^48. */
  readonly mac: number;
  /** VLAN id, 0 for untagged frames. */
  readonly vlan: number;
  portNo: number;
  seenAt: number;
}

/**
 * Which port an address was last heard on, by VLAN. Entries age out; a full table makes room at the port that holds most,
 * so that one host inventing addresses does not push out the others' (least recently used first).
 */
export class MacTable {
  moves = 0;
  evictions = 0;
  readonly #byVlan = new Map<number, Map<number, MacEntry>>();
  /** Of each port, least recently used first. */
  readonly #byPort = new Map<number, Set<MacEntry>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Remembers where the source of a frame of a VLAN is, unless it is a group address, which no host has. */
  learn(packet: Packet, vlan: number, portNo: number, now: number): void {
    if ((packet.frame[6]! & 1) !== 0) return;
    const mac = macNumber(packet.frame, 6);
    const known = this.#byVlan.get(vlan)?.get(mac);
    if (!known) {
      if (this.#size >= maxMacs) this.#evict();
      this.#put({ mac, vlan, portNo, seenAt: now });
    } else if (known.portNo !== portNo) {
      this.moves += 1;
      this.#remove(known);
      this.#put({ mac, vlan, portNo, seenAt: now });
    } else if (now - known.seenAt >= refreshMs) {
      known.seenAt = now;
      const order = this.#byPort.get(portNo)!;
      order.delete(known);
      order.add(known);
    }
  }

  /** The port of the destination of a frame of a VLAN, if it was heard in the last 300 s. */
  lookup(packet: Packet, vlan: number, now: number): number | undefined {
    const entry = this.#byVlan.get(vlan)?.get(macNumber(packet.frame, 0));
    if (!entry) return undefined;
    if (now - entry.seenAt < macAgeMs) return entry.portNo;
    this.#remove(entry);
    return undefined;
  }

  forgetPort(portNo: number): void {
    for (const entry of this.#byPort.get(portNo) ?? []) this.#remove(entry);
  }

  /** Drops what has aged. */
  expire(now: number): void {
    for (const order of this.#byPort.values()) {
      for (const entry of order) {
        if (now - entry.seenAt < macAgeMs) break;
        this.#remove(entry);
      }
    }
  }

  /** No entry ages before this time. Infinity: there is none. */
  get nextExpiry(): number {
    let next = Infinity;
    for (const order of this.#byPort.values()) {
      const oldest = order.values().next().value;
      if (oldest) next = Math.min(next, oldest.seenAt + macAgeMs);
    }
    return next;
  }

  *entries(): IterableIterator<Readonly<MacEntry>> {
    for (const order of this.#byPort.values()) yield* order;
  }

  #put(entry: MacEntry): void {
    const vlan = this.#byVlan.get(entry.vlan) ?? new Map<number, MacEntry>();
    this.#byVlan.set(entry.vlan, vlan.set(entry.mac, entry));
    const order = this.#byPort.get(entry.portNo) ?? new Set<MacEntry>();
    this.#byPort.set(entry.portNo, order.add(entry));
    this.#size += 1;
  }

  #remove(entry: MacEntry): void {
    const vlan = this.#byVlan.get(entry.vlan)!;
    vlan.delete(entry.mac);
    if (vlan.size === 0) this.#byVlan.delete(entry.vlan);
    const order = this.#byPort.get(entry.portNo)!;
    order.delete(entry);
    if (order.size === 0) this.#byPort.delete(entry.portNo);
    this.#size -= 1;
  }

  #evict(): void {
    let largest: Set<MacEntry> | undefined;
    for (const order of this.#byPort.values()) if (!largest || order.size > largest.size) largest = order;
    const oldest = largest?.values().next().value;
    if (!oldest) return;
    this.#remove(oldest);
    this.evictions += 1;
  }
}
