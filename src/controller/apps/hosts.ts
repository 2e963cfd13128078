import { macNumber } from '../../../switch/packet/index.ts';

/** Where a MAC address lives: at a leaf port of this switch, or at another switch. */
export type HostLocation =
  | { readonly kind: 'local'; readonly port: number }
  | { readonly kind: 'remote'; readonly switchId: bigint };

/** A host as a VLAN knows it: the same MAC address in another one is another host (IEEE 802.1Q: independent learning). */
export interface Station {
  /** Six bytes. */
  readonly mac: Uint8Array;
  /** 0: frames without a tag, or with one that has a priority only. */
  readonly vlan: number;
}

export interface Host extends Station {
  readonly location: HostLocation;
  /** When it was seen there first, ms. */
  readonly since: number;
  /** How often it moved, as far as its switches said so: see `serialAfter`. */
  readonly sequence: number;
  /** Until then it stays where it is, whoever else claims it; ms. */
  readonly dampedUntil: number;
}

interface Entry extends Host {
  location: HostLocation;
  since: number;
  sequence: number;
  dampedUntil: number;
  /** When a frame of it, or a claim, was last seen. */
  seenAt: number;
  /** Nothing was known of it when it turned up at a port of this switch: its sequence is a guess. */
  isGuess: boolean;
  /** Of the announcement that its place comes from. */
  stamp: Stamp | undefined;
  /** When its place was last claimed, by its switch or by this one; `never`: only frames tell. */
  claimedAt: number;
  /** Where it was before; frames from there that are under way still do not bring it back. */
  former: HostLocation | undefined;
  moves: number;
  movesSince: number;
}

/** Orders the announcements of one switch: the time of its start, ms since 1970, and a count. */
export interface Stamp {
  readonly epoch: number;
  readonly count: number;
}

/** A switch says that a MAC address is behind one of its leaf ports. */
export interface Claim extends Station {
  readonly sequence: number;
  /** Not for a frame of the host, but against a claim of another switch. */
  readonly isObjection: boolean;
  readonly switchId: bigint;
  readonly stamp: Stamp;
}

/**
 * `contested`: this switch knows better and has to say so. `late`: from where it was before, or a claim that is out of
 * date. `damped`: it moves too often, and stays. `jump`: a claim whose sequence nobody can have got to.
 */
export type LearnResult = 'known' | 'learned' | 'moved' | 'full' | 'late' | 'damped' | 'contested' | 'jump';

export const maxHosts = 16_384;
export const maxHostsPerPlace = 1024;
/** IEEE 802.1Q section 8.8.3: the default of the ageing time. */
export const hostAgeingMs = 300_000;

const never = Number.NEGATIVE_INFINITY;
/** A flood comes this late at most: neighbours hold it for 8 s. */
const lateMs = 10_000;
/** More moves than this in a minute are no roaming: two hosts share the address. */
const maxMoves = 10;
const movesWindowMs = 60_000;
export const dampingMs = 60_000;
/** Moves that a switch may have missed before it disbelieves a claim. */
export const maxSequenceJump = 1024;
/** An objection to a guess this young comes from who held the host before. */
const guessMs = 2_000;

/**
 * MAC -> place, bounded in all and for each place, so that no single port or switch can fill it. It follows frames and, first
 * of all, claims: of two, that with the higher sequence holds, whoever hears them and in whatever order (as RFC 7432 section 15
 * has it); of equal ones that of the lower switch id. A place that only frames told gives way to any claim that is not older.
 */
export class HostTable {
  readonly #self: bigint;
  readonly #hosts = new Map<string, Entry>();
  readonly #perPlace = new Map<string, number>();

  constructor(self: bigint) {
    this.#self = self;
  }

  get all(): Host[] {
    return [...this.#hosts.values()];
  }

  get(station: Station): Host | undefined {
    return this.#hosts.get(stationKey(station));
  }

  /** A frame from the host came in at a place. */
  heard(station: Station, place: HostLocation, now: number): LearnResult {
    const entry = this.#hosts.get(stationKey(station));
    if (entry === undefined) return this.#learn(station, place, 0, now, place.kind === 'local');
    if (sameLocation(entry.location, place)) {
      entry.seenAt = now;
      return 'known';
    }
    if (now < entry.dampedUntil) return 'damped';
    if (place.kind === 'local') {
      const isFromAfar = entry.location.kind === 'remote';
      return this.#move(entry, place, isFromAfar ? serialNext(entry.sequence) : entry.sequence, now);
    }
    const { former, since, claimedAt } = entry;
    // An old frame; or its new switch has not heard of the claim, and makes one of its own when it does.
    if (now < claimedAt + lateMs) return entry.location.kind === 'local' ? 'contested' : 'late';
    if (former !== undefined && sameLocation(former, place) && now < since + lateMs) return 'late';
    return this.#move(entry, place, entry.sequence, now);
  }

  claimed(claim: Claim, now: number): LearnResult {
    const { sequence, isObjection, switchId, stamp } = claim;
    const place: HostLocation = { kind: 'remote', switchId };
    const entry = this.#hosts.get(stationKey(claim));
    if (entry === undefined) return this.#stamped(claim, this.#learn(claim, place, sequence, now, false), now);
    if (sameLocation(entry.location, place)) {
      // Later than floods come, it can be no old one, but that of a switch whose clock was set back.
      if (entry.stamp !== undefined && !isLater(stamp, entry.stamp) && now < entry.claimedAt + lateMs) return 'late';
      // Who holds it has the last word, also when it started anew.
      entry.sequence = sequence;
      entry.stamp = stamp;
      entry.seenAt = now;
      entry.claimedAt = now;
      return 'known';
    }
    if (now < entry.dampedUntil) return 'damped';
    const ahead = serialAfter(sequence, entry.sequence);
    if (ahead > maxSequenceJump) return 'jump';
    const isMine = entry.location.kind === 'local';
    if (isMine && isObjection && entry.isGuess && ahead >= 0 && now < entry.since + guessMs) {
      entry.sequence = serialNext(sequence);
      entry.isGuess = false;
      entry.claimedAt = now;
      return 'contested';
    }
    const isUnclaimed = entry.claimedAt === never;
    if (ahead > 0 || (ahead === 0 && (isUnclaimed || switchId < this.#switchOf(entry.location)))) {
      return this.#stamped(claim, this.#move(entry, place, sequence, now), now);
    }
    return isMine ? 'contested' : 'late';
  }

  /** The directory says so; anything that frames or claims told holds. */
  told(station: Station, place: HostLocation, sequence: number, now: number): LearnResult {
    return this.get(station) === undefined ? this.#learn(station, place, sequence, now, false) : 'known';
  }

  /** No frame of the host came through the pipeline for the ageing time. True, and it is forgotten, if none came up either. */
  aged(station: Station, place: HostLocation, now: number): boolean {
    const entry = this.#hosts.get(stationKey(station));
    if (entry === undefined || !sameLocation(entry.location, place)) return false;
    if (now < entry.seenAt + hostAgeingMs) return false;
    this.#forget(entry);
    return true;
  }

  /** Forgets every host at places that are gone. */
  forgetPlaces(isGone: (place: HostLocation) => boolean): Host[] {
    const gone = [...this.#hosts.values()].filter(({ location }) => isGone(location));
    for (const entry of gone) this.#forget(entry);
    return gone;
  }

  #learn({ mac, vlan }: Station, location: HostLocation, sequence: number, now: number, isGuess: boolean): LearnResult {
    if (this.#hosts.size >= maxHosts || !this.#settle(location)) return 'full';
    const mine = { mac: mac.slice(0, 6), vlan };
    const times = { since: now, seenAt: now, movesSince: now, dampedUntil: 0 };
    const claimedAt = location.kind === 'local' ? now : never;
    const unknown = { stamp: undefined, former: undefined };
    const entry = { ...mine, location, sequence, isGuess, moves: 0, claimedAt, ...unknown, ...times };
    this.#hosts.set(stationKey(entry), entry);
    return 'learned';
  }

  #move(entry: Entry, place: HostLocation, sequence: number, now: number): LearnResult {
    if (now >= entry.movesSince + movesWindowMs) {
      entry.movesSince = now;
      entry.moves = 0;
    }
    entry.moves += 1;
    const isDamped = entry.moves > maxMoves;
    // Every switch pins it to the same place.
    const stays = isDamped && this.#isBefore(entry.location, place);
    if (!stays) {
      if (!this.#settle(place)) return 'full';
      this.#leave(entry.location);
      entry.former = entry.location;
      entry.location = place;
      entry.since = now;
      entry.sequence = sequence;
      entry.stamp = undefined;
      entry.isGuess = false;
      entry.claimedAt = place.kind === 'local' ? now : never;
    }
    entry.seenAt = now;
    if (!isDamped) return 'moved';
    entry.moves = 0;
    entry.dampedUntil = now + dampingMs;
    return stays ? 'damped' : 'moved';
  }

  #stamped(claim: Claim, result: LearnResult, now: number): LearnResult {
    const entry = this.#hosts.get(stationKey(claim));
    if (entry !== undefined && (result === 'learned' || result === 'moved')) {
      entry.stamp = claim.stamp;
      entry.claimedAt = now;
    }
    return result;
  }

  #isBefore(a: HostLocation, b: HostLocation): boolean {
    if (a.kind === 'local' && b.kind === 'local') return a.port < b.port;
    return this.#switchOf(a) < this.#switchOf(b);
  }

  #switchOf(place: HostLocation): bigint {
    return place.kind === 'local' ? this.#self : place.switchId;
  }

  #forget(entry: Entry): void {
    this.#hosts.delete(stationKey(entry));
    this.#leave(entry.location);
  }

  /** False when the place has as many hosts as it may. */
  #settle(place: HostLocation): boolean {
    const key = placeKey(place);
    const count = this.#perPlace.get(key) ?? 0;
    if (count >= maxHostsPerPlace) return false;
    this.#perPlace.set(key, count + 1);
    return true;
  }

  #leave(place: HostLocation): void {
    const key = placeKey(place);
    const left = this.#perPlace.get(key)! - 1;
    if (left > 0) this.#perPlace.set(key, left);
    else this.#perPlace.delete(key);
  }
}

/** How far `a` is after `b`: 32-bit numbers that wrap (RFC 1982), so that no sequence is the last one. */
export function serialAfter(a: number, b: number): number {
  return (a - b) | 0;
}

export function serialNext(sequence: number): number {
  return (sequence + 1) >>> 0;
}

export function sameLocation(a: HostLocation, b: HostLocation): boolean {
  return a.kind === 'local'
    ? b.kind === 'local' && a.port === b.port
    : b.kind === 'remote' && a.switchId === b.switchId;
}

/** Tells one from others. */
export function stationKey({ mac, vlan }: Station): string {
  return `${vlan}/${macNumber(mac, 0)}`;
}

/** `port 3`, or `switch ` and 16 hex digits. */
export function placeKey(location: HostLocation): string {
  return location.kind === 'local'
    ? `port ${location.port}`
    : `switch ${location.switchId.toString(16).padStart(16, '0')}`;
}

function isLater(a: Stamp, b: Stamp): boolean {
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.count > b.count);
}
