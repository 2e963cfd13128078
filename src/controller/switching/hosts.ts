/** A host as one switch sees it. */
export interface LearnedHost {
  /** Six bytes, as a number. */
  readonly mac: number;
  port: number;
  /** When it was learned there, ms. */
  since: number;
  /** When its rules were sent last, ms. */
  sentAt: number;
  /** Its frames went to the controller last, ms. */
  seenAt: number;
  /** Moves since `movesSince`, ms. */
  moves: number;
  movesSince: number;
}

/** The hosts of one switch, and how many there are at each port. */
export class SwitchHosts {
  readonly #hosts = new Map<number, LearnedHost>();
  readonly #perPort = new Map<number, number>();

  get size(): number {
    return this.#hosts.size;
  }

  get all(): Iterable<LearnedHost> {
    return this.#hosts.values();
  }

  get(mac: number): LearnedHost | undefined {
    return this.#hosts.get(mac);
  }

  countAt(port: number): number {
    return this.#perPort.get(port) ?? 0;
  }

  add(mac: number, port: number, now: number): LearnedHost {
    const host: LearnedHost = { mac, port, since: now, sentAt: now, seenAt: now, moves: 0, movesSince: now };
    this.#hosts.set(mac, host);
    this.#perPort.set(port, this.countAt(port) + 1);
    return host;
  }

  move(host: LearnedHost, port: number, now: number): void {
    this.#leave(host.port);
    Object.assign(host, { port, since: now });
    this.#perPort.set(port, this.countAt(port) + 1);
  }

  remove(host: LearnedHost): void {
    if (this.#hosts.delete(host.mac)) this.#leave(host.port);
  }

  #leave(port: number): void {
    const left = this.countAt(port) - 1;
    if (left > 0) this.#perPort.set(port, left);
    else this.#perPort.delete(port);
  }
}

/** The six bytes at `offset` as a number. */
export function macAt(frame: Uint8Array, offset: number): number {
  const high = (frame[offset]! << 8) | frame[offset + 1]!;
  const low =
    ((frame[offset + 2]! << 24) | (frame[offset + 3]! << 16) | (frame[offset + 4]! << 8) | frame[offset + 5]!) >>> 0;
  return high * 0x1_0000_0000 + low;
}

export function macBytes(mac: number): Uint8Array {
  const high = Math.floor(mac / 0x1_0000_0000);
  const low = mac >>> 0;
  return Uint8Array.of(high >> 8, high, low >>> 24, low >>> 16, low >>> 8, low);
}
