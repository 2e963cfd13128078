import { FlowRemovedReason, type Message, PortNo } from '../../../ofp/index.ts';
import { formatMac } from '../../../switch/packet/index.ts';
import { fieldOf, output, type SwitchView, Table } from '../pipeline.ts';
import { packetOut } from '../rules.ts';
import { type AnnouncementSeal, decodeAnnouncement, encodeAnnouncement, maxClaims } from './announcement.ts';
import type { App, AppReach, ShownFrame } from './app.ts';
import type { HostDirectory } from './host-directory.ts';
import {
  dampingMs,
  type Host,
  type HostLocation,
  HostTable,
  type LearnResult,
  placeKey,
  type Station,
} from './hosts.ts';
import { baseRules, hostRules, senderAt, senderIs, silence } from './learning-rules.ts';
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

  /** One that sends without a VLAN tag. */
  host(mac: Uint8Array): Host | undefined {
    return this.#hosts.get({ mac, vlan: 0 });
  }

  knows(station: Station): boolean {
    return this.#hosts.get(station) !== undefined;
  }

  /** It is at a leaf port of this switch. */
  isHere(station: Station): boolean {
    return this.#hosts.get(station)?.location.kind === 'local';
  }

  viewed(view: SwitchView): void {
    const before = this.#view;
    this.#view = view;
    this.#options.reach.rules.holdFor('learning', view.ports, baseRules);
    const isSame = before?.members === view.members;
    const left = isSame ? [] : [...(before?.members ?? [])].filter((id) => !view.members.has(id));
    const gone = before?.ports?.leaves.filter((port) => !view.ports?.leaves.includes(port)) ?? [];
    if (left.length === 0 && gone.length === 0) return;
    const places = new Set([
      ...left.map((switchId) => placeKey({ kind: 'remote', switchId })),
      ...gone.map((port) => placeKey({ kind: 'local', port })),
    ]);
    for (const host of this.#hosts.forgetPlaces((place) => places.has(placeKey(place)))) {
      this.#keepRules(host);
      this.#withdraw(host, true);
    }
  }

  /** The directory says where a host is. True: frames for it go somewhere from now on. */
  told(station: Station, switchId: bigint, sequence: number, now: number): boolean {
    const isThere = this.#view?.members.has(switchId) || this.#view?.isPartial;
    if (!isThere || switchId === this.#options.self) return false;
    const place: HostLocation = { kind: 'remote', switchId };
    this.#learned(station, undefined, place, this.#hosts.told(station, place, sequence, now), now);
    return this.#hosts.get(station) !== undefined;
  }

  /** Takes a sender's place from a frame. `isFlooded`: every other switch gets to see it. */
  heard({ packet, from }: ShownFrame, isFlooded: boolean, now: number): void {
    if (from === undefined) return;
    const station = { mac: packet.frame.subarray(sourceOffset, sourceOffset + 6), vlan: packet.vlanId };
    const was = this.#hosts.get(station)?.location;
    const result = this.#hosts.heard(station, from, now);
    this.#learned(station, was, from, result, now);
    if (result === 'contested') this.#contest(station, true, now);
    if (from.kind === 'remote' || (result !== 'learned' && result !== 'moved')) return;
    // Where it is new, others may think that it is elsewhere: the sequence, or this frame, tells them better.
    if (was?.kind === 'remote' || (was === undefined && !isFlooded)) this.#announce(station, false, now);
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
      const before = this.#hosts.get(claim)?.location;
      const result = this.#hosts.claimed(claim, now);
      this.#learned(claim, before, from, result, now);
      if (result === 'late' || result === 'jump') this.counters.claimsRefused += 1;
      // Who counters an objection has a frame of the host to show.
      if (result === 'contested') this.#contest(claim, !claim.isObjection, now);
    }
  }

  expired(message: RemovedRule, now: number): void {
    if (message.tableId !== Table.source || message.reason !== FlowRemovedReason.IDLE_TIMEOUT) return;
    const mac = fieldOf(message.match, 'eth_src');
    const host = mac && this.#hosts.get({ mac, vlan: fieldOf(message.match, 'vlan_vid') ?? 0 });
    if (host === undefined) return;
    if (this.#hosts.aged(host, host.location, now)) {
      this.counters.aged += 1;
      this.#withdraw(host, true);
      this.#keepRules(host);
    } else this.#renewRules(host);
  }

  tick(now: number): void {
    if (this.#waiting.size > 0 && now >= this.#announcedAt + announceEveryMs) this.#sendAnnouncement(now);
  }

  #learned(
    station: Station,
    before: HostLocation | undefined,
    place: HostLocation,
    result: LearnResult,
    now: number,
  ): void {
    const { counters } = this;
    const { rules, notice } = this.#options.reach;
    const host = this.#hosts.get(station);
    if (result === 'learned' || result === 'moved') {
      counters[result] += 1;
      this.#keepRules(station);
      this.#register(station, before);
    } else if (result === 'full') {
      counters.tableFull += 1;
      rules.lend(silence([senderAt(place)], place, 50, banSeconds));
    } else if (result === 'late') counters.lateFrames += 1;
    if (host === undefined || host.dampedUntil <= now) return;
    if (host.dampedUntil === now + dampingMs) {
      counters.macsDamped += 1;
      const places = [before ?? place, place].map(placeKey);
      notice({ kind: 'mac claimed by two places', mac: formatMac(station.mac), places });
    }
    if (placeKey(place) === placeKey(host.location)) return;
    const seconds = Math.ceil((host.dampedUntil - now) / 1000);
    rules.lend(silence([senderAt(place), ...senderIs(host)], place, 60, seconds));
  }

  #register(station: Station, before: HostLocation | undefined): void {
    const host = this.#hosts.get(station);
    if (host?.location.kind !== 'local') this.#withdraw({ ...station, location: before }, false);
    else this.#options.registrar?.settled(host);
  }

  /** A host at a leaf port of this switch is not there any more. */
  #withdraw(station: Station & { location: HostLocation | undefined }, isSilent: boolean): void {
    if (station.location?.kind === 'local') this.#options.registrar?.left(station, isSilent);
  }

  #contest(station: Station, isObjection: boolean, now: number): void {
    this.counters.claimsContested += 1;
    this.#announce(station, isObjection, now);
  }

  #announce(station: Station, isObjection: boolean, now: number): void {
    const host = this.#hosts.get(station);
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
      .filter(([host]) => host.location.kind === 'local' && this.#hosts.get(host) !== undefined)
      .map(([{ mac, vlan, sequence }, isObjection]) => ({ mac, vlan, sequence, isObjection }));
    if (flood === undefined || claims.length === 0) return;
    this.#announcedAt = now;
    this.#announcements += 1;
    this.counters.announced += claims.length;
    const data = encodeAnnouncement(switchMac(self), { epoch: epoch(), count: this.#announcements }, claims, seal.sign);
    reach.send([packetOut(data, PortNo.CONTROLLER, [output(flood)])]);
  }

  #keepRules(station: Station): void {
    const host = this.#hosts.get(station);
    this.#options.reach.rules.hold(ruleName(station), host === undefined ? [] : hostRules(host, this.#options.self));
  }

  /** The switch gave one of them up. */
  #renewRules(host: Host): void {
    const { rules } = this.#options.reach;
    rules.hold(ruleName(host), []);
    rules.hold(ruleName(host), hostRules(host, this.#options.self));
  }
}

function ruleName({ mac, vlan }: Station): string {
  return `host ${formatMac(mac)} ${vlan}`;
}
