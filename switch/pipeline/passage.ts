import { linkHopLimit, Packet } from '../packet/index.ts';
import type { Port } from '../ports/port.ts';

/** A 64-bit switch id in halves, as the frame path keeps it. */
export interface SwitchId {
  readonly hi: number;
  readonly lo: number;
}

/** One frame on its way through the switch. One object carries frame after frame. */
export class Passage {
  readonly packet = new Packet();
  /** The port the frame came in on; undefined for a packet-out on behalf of no port. */
  origin: Port | undefined;
  /** What the in_port field says. */
  inPort = 0;
  /** What a link record gets if the frame goes to a peer; 0: it may not. */
  hopLimit = 0;
  /** Upper and lower half of the id of the switch where the frame entered the overlay. */
  sourceHi = 0;
  sourceLo = 0;
  now = 0;

  // HOT PATH
  /** A frame that was loaded into `packet` and begins here: metadata and tunnel_id are 0. */
  beginHere(origin: Port | undefined, inPort: number, self: SwitchId, now: number): void {
    this.packet.setContext(inPort, 0, 0, 0, 0);
    this.#begin(origin, inPort, linkHopLimit, self.hi, self.lo, now);
  }

  // HOT PATH
  /**
   * A frame that was loaded into `packet` and came over the overlay: metadata begins as the id of the switch where it
   * entered the overlay, so that rules and packet-ins can tell where its source is. `tunnelHi`, `tunnelLo`: the
   * destination switch.
   */
  beginFrom(
    origin: Port,
    hopLimit: number,
    sourceHi: number,
    sourceLo: number,
    tunnelHi: number,
    tunnelLo: number,
    now: number,
  ): void {
    this.packet.setContext(origin.no, sourceHi, sourceLo, tunnelHi, tunnelLo);
    this.#begin(origin, origin.no, hopLimit, sourceHi, sourceLo, now);
  }

  #begin(origin: Port | undefined, inPort: number, hopLimit: number, hi: number, lo: number, now: number): void {
    this.origin = origin;
    this.inPort = inPort;
    this.hopLimit = hopLimit;
    this.sourceHi = hi;
    this.sourceLo = lo;
    this.now = now;
  }
}
