import { FlowRemovedReason, type KnownOxm, type Message, type OxmField, PortNo } from '../../../ofp/index.ts';
import { formatMac } from '../../../switch/packet/index.ts';
import { output, type SwitchView, Table } from '../pipeline.ts';
import { packetOut } from '../rules.ts';
import { type AnnouncementSeal, decodeAnnouncement, encodeAnnouncement, maxClaims } from './announcement.ts';
import type { App, AppReach, ShownFrame } from './app.ts';
import type { HostDirectory } from './host-directory.ts';
import { dampingMs, type Host, type HostLocation, HostTable, type LearnResult, placeKey } from './hosts.ts';
import { baseRules, hostRules, senderAt, silence } from './learning-rules.ts';
import { switchMac } from './switch-addresses.ts';

/** A place with as many hosts as it may have teaches nothing for so many seconds. */
const banSeconds = 10;
/** Between announcements: hosts that turn up meanwhile share one. */
const announceEveryMs = 50;
const maxWaiting = 1024;
const sourceOffset = 6;

export interface LearningOptions {
  readonly self: bigint;
  /** Of this switch's floods. */
  readonly epoch: () => number;
  readonly seal: AnnouncementSeal;
  readonly reach: AppReach;
  /** Hears of hosts at leaf ports that turn up, and of those that move to another switch or fall silent. */
  readonly registrar?: Pick<HostDirectory, 'settled' | 'left'> | undefined;
}

/** A rule that the switch gave up. */
export type RemovedRule = Pick<Message<'flowRemoved'>, 'tableId' | 'reason' | 'match'>;

/** `learning`: which MAC address is where, by frames and by what other switches announce (see `HostTable`). */
export class Learning implements App {
  readonly counters = {
    learned: 0,
    moved: 0,
    aged: 0,
    /** Hosts not learned since the table, or their place in it, was full. */
    tableFull: 0,
    /** Frames of hosts that are elsewhere by now. */
    lateFrames: 0,
    announced: 0,
    /** Hosts not announced since too many others wait for it. */
    announcementsDropped: 0,
    announcementsMalformed: 0,
    /** In the name of a switch that did not make them. */
    announcementsForged: 0,
    /** Claims that are out of date, or in conflict with what is known better here. */
    claimsRefused: 0,
    claimsContested: 0,
    /** Addresses that two places claimed in turn, and that were pinned to one of them. */
    macsDamped: 0,
  };
  readonly #options: LearningOptions;
  readonly #hosts: HostTable;
  /** Hosts to announce; true: in objection to somebody's claim. */
  readonly #waiting = new Map<Host, boolean>();
  #announcedAt = Number.NEGATIVE_INFINITY;
  #announcements = 0;
  #view: SwitchView | undefined;

  constructor(options: LearningOptions) {
    this.#options = options;
    this.#hosts = new HostTable(options.self);
  }

  get hosts(): Host[] {
    return this.#hosts.all;
  }

  host(mac: Uint8Array): Host | undefined {
    return this.#hosts.get(mac);
  }

  viewed(view: SwitchView): void {
    const before = this.#view;
    this.#view = view;
    this.#options.reach.rules.holdFor('learning', view.ports, baseRules);
    const left = [...(before?.members ?? [])].filter((id) => !view.members.has(id));
    const gone = before?.ports?.leaves.filter((port) => !view.ports?.leaves.includes(port)) ?? [];
    if (left.length === 0 && gone.length === 0) return;
    const places = new Set([
      ...left.map((switchId) => placeKey({ kind: 'remote', switchId })),
      ...gone.map((port) => placeKey({ kind: 'local', port })),
    ]);
    for (const host of this.#hosts.forgetPlaces((place) => places.has(placeKey(place)))) {
      this.#keepRules(host.mac);
      if (host.location.kind === 'local') this.#options.registrar?.left(host.mac, true);
    }
  }

  /** The directory says where a host is. True: frames for it go somewhere from now on. */
  told(mac: Uint8Array, switchId: bigint, sequence: number, now: number): boolean {
    const isThere = this.#view?.members.has(switchId) || this.#view?.isPartial;
    if (!isThere || switchId === this.#options.self) return false;
    const place: HostLocation = { kind: 'remote', switchId };
    this.#learned(mac, undefined, place, this.#hosts.told(mac, place, sequence, now), now);
    return this.#hosts.get(mac) !== undefined;
  }

  /** Takes a sender's place from a frame. `isFlooded`: every other switch gets to see it. */
  heard({ packet, from }: ShownFrame, isFlooded: boolean, now: number): void {
    if (from === undefined) return;
    const mac = packet.frame.subarray(sourceOffset, sourceOffset + 6);
    const before = this.#hosts.get(mac)?.location;
    const result = this.#hosts.heard(mac, from, now);
    this.#learned(mac, before, from, result, now);
    if (result === 'contested') this.#contest(mac, true, now);
    if (from.kind === 'remote' || (result !== 'learned' && result !== 'moved')) return;
    // Where it is new, others may think that it is elsewhere: the sequence, or this frame, tells them better.
    if (before?.kind === 'remote' || (before === undefined && !isFlooded)) this.#announce(mac, false, now);
  }

  announcement({ packet, from }: ShownFrame, now: number): void {
    if (from?.kind !== 'remote') return;
    const announcement = decodeAnnouncement(packet.frame, from.switchId);
    if (announcement === undefined) {
      this.counters.announcementsMalformed += 1;
      return;
    }
    const { claims, body, seal } = announcement;
    if (!this.#options.seal.verify(from.switchId, body, seal)) {
      this.counters.announcementsForged += 1;
      return;
    }
    for (const claim of claims) {
      const before = this.#hosts.get(claim.mac)?.location;
      const result = this.#hosts.claimed(claim, now);
      this.#learned(claim.mac, before, from, result, now);
      if (result === 'late' || result === 'jump') this.counters.claimsRefused += 1;
      // Who counters an objection has a frame of the host to show.
      if (result === 'contested') this.#contest(claim.mac, !claim.isObjection, now);
    }
  }

  expired(message: RemovedRule, now: number): void {
    if (message.tableId !== Table.source || message.reason !== FlowRemovedReason.IDLE_TIMEOUT) return;
    const mac = message.match.find(
      (field): field is KnownOxm<'eth_src'> & OxmField => field.field === 'eth_src',
    )?.value;
    const host = mac && this.#hosts.get(mac);
    if (host === undefined) return;
    if (this.#hosts.aged(host.mac, host.location, now)) {
      this.counters.aged += 1;
      if (host.location.kind === 'local') this.#options.registrar?.left(host.mac, true);
      this.#keepRules(host.mac);
    } else this.#renewRules(host);
  }

  tick(now: number): void {
    if (this.#waiting.size > 0 && now >= this.#announcedAt + announceEveryMs) this.#sendAnnouncement(now);
  }

  #learned(
    mac: Uint8Array,
    before: HostLocation | undefined,
    place: HostLocation,
    result: LearnResult,
    now: number,
  ): void {
    const { counters } = this;
    const { rules, notice } = this.#options.reach;
    const host = this.#hosts.get(mac);
    if (result === 'learned' || result === 'moved') {
      counters[result] += 1;
      this.#keepRules(mac);
      this.#register(mac, before);
    } else if (result === 'full') {
      counters.tableFull += 1;
      rules.lend(silence([senderAt(place)], place, 50, banSeconds));
    } else if (result === 'late') counters.lateFrames += 1;
    if (host === undefined || host.dampedUntil <= now) return;
    if (host.dampedUntil === now + dampingMs) {
      counters.macsDamped += 1;
      const places = [before ?? place, place].map(placeKey);
      notice({ kind: 'mac claimed by two places', mac: formatMac(mac), places });
    }
    if (placeKey(place) === placeKey(host.location)) return;
    const seconds = Math.ceil((host.dampedUntil - now) / 1000);
    rules.lend(silence([senderAt(place), { field: 'eth_src', value: mac.slice() }], place, 60, seconds));
  }

  #register(mac: Uint8Array, before: HostLocation | undefined): void {
    const host = this.#hosts.get(mac);
    if (host?.location.kind === 'local') this.#options.registrar?.settled(host);
    else if (before?.kind === 'local') this.#options.registrar?.left(mac, false);
  }

  #contest(mac: Uint8Array, isObjection: boolean, now: number): void {
    this.counters.claimsContested += 1;
    this.#announce(mac, isObjection, now);
  }

  #announce(mac: Uint8Array, isObjection: boolean, now: number): void {
    const host = this.#hosts.get(mac);
    if (host === undefined) return;
    if (this.#waiting.size >= maxWaiting) {
      this.counters.announcementsDropped += 1;
      return;
    }
    this.#waiting.set(host, isObjection);
    this.tick(now);
  }

  #sendAnnouncement(now: number): void {
    const { epoch, self, seal, reach } = this.#options;
    const flood = this.#view?.ports?.flood;
    const waiting = [...this.#waiting].slice(0, maxClaims);
    for (const [host] of waiting) this.#waiting.delete(host);
    // Those that moved on meanwhile are others' to announce.
    const claims = waiting
      .filter(([{ mac, location }]) => location.kind === 'local' && this.#hosts.get(mac) !== undefined)
      .map(([{ mac, sequence }, isObjection]) => ({ mac, sequence, isObjection }));
    if (flood === undefined || claims.length === 0) return;
    this.#announcedAt = now;
    this.#announcements += 1;
    this.counters.announced += claims.length;
    const data = encodeAnnouncement(switchMac(self), { epoch: epoch(), count: this.#announcements }, claims, seal.sign);
    reach.send([packetOut(data, PortNo.CONTROLLER, [output(flood)])]);
  }

  #keepRules(mac: Uint8Array): void {
    const host = this.#hosts.get(mac);
    this.#options.reach.rules.hold(ruleName(mac), host === undefined ? [] : hostRules(host, this.#options.self));
  }

  /** The switch gave one of them up. */
  #renewRules(host: Host): void {
    const { rules } = this.#options.reach;
    rules.hold(ruleName(host.mac), []);
    rules.hold(ruleName(host.mac), hostRules(host, this.#options.self));
  }
}

function ruleName(mac: Uint8Array): string {
  return `host ${formatMac(mac)}`;
}
