/**
 * Finds loops outside of the switch: probes leave every leaf port, and a port that hears one is blocked.
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---------------------------------------------------------------+
 * |              destination 03:52:4c:4f:4f:50 (group)            |
 * +                               +-------------------------------+
 * |                               |                               |
 * +-------------------------------+                               +
 * |                  source: the port's address                   |
 * +-------------------------------+-------------------------------+
 * |         type 0x88b6           |          version 1            |
 * +-------------------------------+-------------------------------+
 * |                                                               |
 * +                       switch id (64 bits)                     +
 * |                                                               |
 * +---------------------------------------------------------------+
 * |                   port that the probe left                    |
 * +---------------------------------------------------------------+
 * |                   zeroes up to 60 bytes                       |
 * +---------------------------------------------------------------+
 */
import { etherTypeAt, get16, get32, put16, put32 } from '../packet/index.ts';
import type { SwitchId } from '../pipeline/passage.ts';
import type { Port } from './port.ts';
import type { PortTable } from './port-table.ts';

/** Between two rounds of probes. */
export const loopProbeMs = 1000;
/** A blocked port that hears no probe for this long is tried again. */
export const loopHoldMs = 30_000;
/** Rounds in which a port hears a probe of a higher one, before it is the one to be blocked. */
const patience = 3;

const destination = Uint8Array.of(0x03, 0x52, 0x4c, 0x4f, 0x4f, 0x50);
const probeType = 0x88b6;
const version = 1;
const typeEnd = etherTypeAt + 2;
const probeLength = 60;

interface Suspicion {
  /** When a probe was last heard here. */
  heardAt: number;
  /** Probes of higher ports that were heard in a row. */
  count: number;
}

/**
 * The port with the higher number is blocked where a loop joins two, as long as probes go both ways. Only a port that
 * hears a probe is ever blocked, so that who forges one harms but the port that he is at.
 */
export class LoopGuard {
  /** How often a port was blocked. */
  found = 0;
  readonly #self: SwitchId;
  readonly #ports: PortTable;
  readonly #changed: (port: Port) => void;
  readonly #suspicions = new Map<Port, Suspicion>();
  #isOn = false;
  #nextProbe = Infinity;

  /** `changed` is told of each port that was blocked or is not any more. */
  constructor(self: SwitchId, ports: PortTable, changed: (port: Port) => void) {
    this.#self = self;
    this.#ports = ports;
    this.#changed = changed;
  }

  /** Off: no probes, and nothing is blocked. */
  set(isOn: boolean): void {
    if (isOn === this.#isOn) return;
    this.#isOn = isOn;
    this.#nextProbe = isOn ? 0 : Infinity;
    if (isOn) return;
    for (const port of this.#suspicions.keys()) this.#block(port, false);
    this.#suspicions.clear();
  }

  forget(port: Port): void {
    this.#suspicions.delete(port);
  }

  get nextTick(): number {
    return this.#nextProbe;
  }

  /** Calls `send` with a probe for each leaf port when it is time, and opens ports that were blocked for long enough. */
  tick(now: number, send: (port: Port, probe: Uint8Array) => void): void {
    if (now < this.#nextProbe) return;
    this.#nextProbe = now + loopProbeMs;
    for (const [port, { heardAt }] of this.#suspicions) {
      if (now - heardAt < loopHoldMs) continue;
      this.#suspicions.delete(port);
      this.#block(port, false);
    }
    for (const port of this.#ports.values()) if (port.kind === 'leaf') send(port, this.#probe(port));
  }

  // HOT PATH
  /** True for a probe of this switch, which goes no further. */
  hear(port: Port, frame: Uint8Array, now: number): boolean {
    if (!this.#isOn || frame[0] !== destination[0] || !this.#isOwn(frame)) return false;
    const from = get32(frame, typeEnd + 10);
    // What a blocked port sends is no sign of a loop, except to itself.
    if (from !== port.no && this.#ports.get(from)?.isBlocked) return true;
    const suspicion = this.#suspicions.get(port) ?? { heardAt: now, count: 0 };
    this.#suspicions.set(port, suspicion);
    suspicion.heardAt = now;
    suspicion.count += 1;
    if (port.isBlocked || (from > port.no && suspicion.count < patience)) return true;
    this.found += 1;
    this.#block(port, true);
    return true;
  }

  #block(port: Port, isBlocked: boolean): void {
    if (port.isBlocked === isBlocked) return;
    port.isBlocked = isBlocked;
    this.#changed(port);
  }

  #probe(port: Port): Uint8Array {
    const frame = new Uint8Array(probeLength);
    frame.set(destination, 0);
    frame.set(port.mac, 6);
    put16(frame, etherTypeAt, probeType);
    put16(frame, typeEnd, version);
    put32(frame, typeEnd + 2, this.#self.hi);
    put32(frame, typeEnd + 6, this.#self.lo);
    put32(frame, typeEnd + 10, port.no);
    return frame;
  }

  #isOwn(frame: Uint8Array): boolean {
    return (
      frame.length >= typeEnd + 14 &&
      destination.every((byte, i) => frame[i] === byte) &&
      get16(frame, etherTypeAt) === probeType &&
      get16(frame, typeEnd) === version &&
      get32(frame, typeEnd + 2) === this.#self.hi &&
      get32(frame, typeEnd + 6) === this.#self.lo
    );
  }
}
