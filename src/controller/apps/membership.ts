import { type HostLocation, placeKey } from './hosts.ts';

/** RFC 9776 section 8.4: robustness 2 * query interval 125 s + response time 10 s. The same in MLD. */
export const membershipMs = 260_000;
/** RFC 9776 section 8.5: without a query for so long there is no querier. */
export const querierMs = 255_000;
/** From a leave to when the member is taken as gone: a querier asks twice in two seconds who is left. */
const leaveMs = 5_000;
/** Longest answering time that is believed. */
const maxResponseMs = 60_000;
/** Time for reports to arrive: floods come late, but not later. */
const travelMs = 10_000;

export const maxMemberships = 8192;
export const maxMembershipsPerPlace = 1024;

/** Who is to get the frames of a group. */
export interface Audience {
  readonly ports: readonly number[];
  readonly switches: readonly bigint[];
}

interface Membership {
  readonly place: HostLocation;
  until: number;
}

/**
 * Which places have members of which group of one family. It can be relied upon only while somebody asks for members, and
 * only about switches that were there when it was asked last and everybody had time to answer: all others may have members
 * of anything.
 */
export class MembershipTable {
  /** Reports not taken, since the table or their place in it was full. */
  refused = 0;
  readonly #groups = new Map<string, Map<string, Membership>>();
  readonly #routers = new Map<string, Membership>();
  readonly #perPlace = new Map<string, number>();
  #size = 0;
  /** Until when a report that was not taken may still be valid: nothing is known for sure. */
  #incompleteUntil = 0;
  #querierUntil = 0;
  #round: { readonly endsAt: number; readonly switches: ReadonlySet<bigint> } | undefined;
  #answered: ReadonlySet<bigint> = new Set();
  #hasAnswers = false;

  /** Groups with members. */
  get groups(): string[] {
    return [...this.#groups.keys()];
  }

  /** Somebody asks; `isRouter`: and wants to hear all groups. `switches`: those of the overlay. */
  asked(
    query: { readonly isGeneral: boolean; readonly maxResponseMs: number },
    router: HostLocation | undefined,
    switches: ReadonlySet<bigint>,
    now: number,
  ): void {
    if (router !== undefined) this.#routers.set(placeKey(router), { place: router, until: now + querierMs });
    if (!query.isGeneral) return;
    this.#querierUntil = now + querierMs;
    const endsAt = now + Math.min(query.maxResponseMs, maxResponseMs) + travelMs;
    // A round that is not over goes on: queriers that ask at short intervals would never end one.
    this.#round ??= { endsAt, switches };
  }

  joined(group: string, place: HostLocation, now: number): void {
    const members = this.#groups.get(group) ?? new Map<string, Membership>();
    const key = placeKey(place);
    const known = members.get(key);
    if (known !== undefined) {
      known.until = now + membershipMs;
      return;
    }
    const ofPlace = this.#perPlace.get(key) ?? 0;
    if (this.#size >= maxMemberships || ofPlace >= maxMembershipsPerPlace) {
      this.refused += 1;
      this.#incompleteUntil = now + membershipMs;
      return;
    }
    members.set(key, { place, until: now + membershipMs });
    this.#groups.set(group, members);
    this.#perPlace.set(key, ofPlace + 1);
    this.#size += 1;
  }

  /** Others at the same place may stay: who asks for members will hear of them. */
  left(group: string, place: HostLocation, now: number): void {
    const member = this.#groups.get(group)?.get(placeKey(place));
    if (member !== undefined && now < this.#querierUntil) member.until = Math.min(member.until, now + leaveMs);
  }

  /** Forgets what is out of date. */
  expire(now: number): void {
    if (this.#round !== undefined && now >= this.#round.endsAt) {
      this.#answered = this.#round.switches;
      this.#hasAnswers = true;
      this.#round = undefined;
    }
    if (now >= this.#querierUntil) {
      this.#hasAnswers = false;
      this.#round = undefined;
    }
    this.#removeIf(({ until }) => now >= until);
  }

  forgetPlaces(isGone: (place: HostLocation) => boolean): void {
    this.#removeIf(({ place }) => isGone(place));
  }

  /** Who gets frames of a group; undefined: everybody, since not enough is known. `switches`: those of the overlay. */
  audience(group: string, switches: ReadonlySet<bigint>, now: number): Audience | undefined {
    if (!this.#hasAnswers || now >= this.#querierUntil || now < this.#incompleteUntil) return undefined;
    const members = this.#groups.get(group);
    if (members === undefined) return undefined;
    const places = [...members.values(), ...this.#routers.values()].map(({ place }) => place);
    const ports = new Set(places.flatMap((place) => (place.kind === 'local' ? [place.port] : [])));
    const unknown = [...switches].filter((id) => !this.#answered.has(id));
    const remote = new Set([
      ...places.flatMap((place) => (place.kind === 'remote' ? [place.switchId] : [])),
      ...unknown,
    ]);
    return { ports: [...ports], switches: [...remote] };
  }

  /** Leaf ports behind which somebody asks for members. */
  routerPorts(): number[] {
    return [...this.#routers.values()].flatMap(({ place }) => (place.kind === 'local' ? [place.port] : []));
  }

  #removeIf(isOver: (membership: Membership) => boolean): void {
    for (const [key, router] of this.#routers) if (isOver(router)) this.#routers.delete(key);
    for (const [group, members] of this.#groups) {
      for (const [key, member] of members) {
        if (!isOver(member)) continue;
        members.delete(key);
        this.#size -= 1;
        const left = this.#perPlace.get(key)! - 1;
        if (left > 0) this.#perPlace.set(key, left);
        else this.#perPlace.delete(key);
      }
      if (members.size === 0) this.#groups.delete(group);
    }
  }
}
