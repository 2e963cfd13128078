import { macAt } from '../mac.ts';
import type { ManagedSwitch } from '../runtime/switch.ts';

/** A port whose last probes, so many, were not heard is heard no more. */
const missedProbes = 4;
/** A port that hears a silent one is not used before the silence has lasted so long, ms: cables are not moved unnoticed. */
const silenceMs = 60_000;
/** Most ports that are heard at one. */
const maxHeard = 64;

interface Heard {
  number: number;
  at: number;
}

/** A port that is up, as the map of links sees it. */
export class LinkPort {
  readonly sw: ManagedSwitch;
  readonly no: number;
  isForwarding = false;
  /** It may forward: `review` says so. */
  isUsable = false;
  /** When it may forward at the earliest, ms: probes have had the time to come by then. */
  eligibleAt: number;
  /** Probes that were sent, and when the next is due. */
  sent = 0;
  nextProbeAt: number;
  /** All ports that are joined with this one, itself included. */
  segment: readonly LinkPort[] = [this];
  /** Hosts of others were seen between this port and those that it is joined with. */
  isShared = false;
  /** Ports whose probes come in here, and those where its own do. */
  readonly #heard = new Map<LinkPort, Heard>();
  readonly #heardAt = new Set<LinkPort>();

  constructor(sw: ManagedSwitch, no: number, eligibleAt: number, now: number) {
    this.sw = sw;
    this.no = no;
    this.eligibleAt = eligibleAt;
    this.nextProbeAt = now;
  }

  /** Its own, six bytes as a number. */
  get address(): number | undefined {
    const mac = this.sw.ports.get(this.no)?.mac;
    return mac && macAt(mac, 0);
  }

  get heard(): Iterable<LinkPort> {
    return this.#heard.keys();
  }

  /** Other ports of the network are behind it. */
  get isLink(): boolean {
    return this.#heard.size > 0 || this.segment.length > 1;
  }

  /** It is joined with one port of another switch, and with nothing else as far as is known. */
  get isCable(): boolean {
    const [a, b] = this.segment;
    if (a === undefined || b === undefined || this.segment.length > 2 || a.sw === b.sw) return false;
    return a.hears(b) && b.hears(a) && !a.isShared && !b.isShared;
  }

  /** Hosts may be behind it that are at no other port of ours. */
  get hasOthers(): boolean {
    return this.isShared || this.segment.length > 2;
  }

  /** It hears no more ports than it does. */
  get isFull(): boolean {
    return this.#heard.size >= maxHeard;
  }

  hears(port: LinkPort): boolean {
    return this.#heard.has(port);
  }

  /** A probe of `port` came in. True: it was not heard here before. */
  hear(port: LinkPort, number: number, now: number): boolean {
    const known = this.#heard.get(port);
    if (known === undefined) {
      if (this.isFull) return false;
      this.#heard.set(port, { number, at: now });
      port.#heardAt.add(this);
      return true;
    }
    if (number > known.number) Object.assign(known, { number, at: now });
    return false;
  }

  /**
   * It is gone: it hears nobody, and nobody hears it. Where it alone was heard hosts are looked for from `until` on, ms: before, what
   * came in there from elsewhere may still be on its way to the controller.
   */
  leave(until: number): void {
    for (const port of this.#heardAt) {
      port.#heard.delete(this);
      if (port.#heard.size > 0) continue;
      port.eligibleAt = Math.max(port.eligibleAt, until);
      port.isUsable = false;
    }
    for (const port of this.#heard.keys()) port.#heardAt.delete(this);
  }

  /** Looks who is still heard. True: it may forward and could not, or the other way round. */
  review(now: number): boolean {
    let isSound = this.#heard.size === 0;
    for (const [port, { number, at }] of this.#heard) {
      if (port.sent - number < missedProbes) isSound = true;
      else if (now - at > silenceMs) this.#forget(port);
    }
    const wasUsable = this.isUsable;
    this.isUsable = isSound && now >= this.eligibleAt;
    return this.isUsable !== wasUsable;
  }

  #forget(port: LinkPort): void {
    this.#heard.delete(port);
    port.#heardAt.delete(this);
  }
}
