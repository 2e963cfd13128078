import { type Reader, Writer } from './bytes.ts';
import type { Random } from './random.ts';

/**
 * Where a node is, such that the distance of two tells the round-trip time between them: network coordinates with a height,
 * which stands for the way out of a node's own access (Dabek, Cox, Kaashoek, Morris 2004: Vivaldi). In ms, in steps of 0.1 ms.
 */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly height: number;
}

/** Where everybody begins: of who is there nothing is known. */
export const nowhere: Place = { x: 0, y: 0, height: 0 };

const steps = 10;
const limitMs = 3_000;
/** Share of a step towards what a sample says, and of a sample in the error. */
const gain = 0.25;
const leastHeightMs = 0.1;
/** What others are wrong by, as they do not say. */
const errorOfOthers = 0.3;

export function isSomewhere({ x, y, height }: Place): boolean {
  return x !== 0 || y !== 0 || height !== 0;
}

/** ms; undefined when one of them is not known. */
export function timeBetween(a: Place, b: Place): number | undefined {
  return isSomewhere(a) && isSomewhere(b) ? distanceOf(a, b) : undefined;
}

export function distanceOf(a: Place, b: Place): number {
  return Math.hypot(a.x - b.x, a.y - b.y) + a.height + b.height;
}

/** Finds the place of one node from round-trip times to others. */
export class Locator {
  readonly #random: Random;
  #x = 0;
  #y = 0;
  #height = 0;
  /** How far times are off what places say, as a share. */
  #error = 1;

  constructor(random: Random) {
    this.#random = random;
  }

  get place(): Place {
    return { x: rounded(this.#x, -limitMs), y: rounded(this.#y, -limitMs), height: rounded(this.#height, 0) };
  }

  /** `widestMs`: whoever says that it is farther away than any neighbour moves this node by no more. */
  sample(rttMs: number, other: Place, widestMs: number): void {
    const [dx, dy] = [this.#x - other.x, this.#y - other.y];
    const flat = Math.hypot(dx, dy);
    const expected = flat + this.#height + other.height;
    const trust = this.#error / (this.#error + errorOfOthers);
    const off = Math.max(rttMs - expected, -widestMs);
    const share = Math.min(1, Math.abs(off) / Math.max(rttMs, 1));
    this.#error += (share - this.#error) * gain * trust;
    const force = off * gain * trust;
    // From who is in the same place one goes any way.
    const angle = this.#random() * 2 * Math.PI;
    const [ux, uy] = flat > 0 ? [dx / flat, dy / flat] : [Math.cos(angle), Math.sin(angle)];
    this.#x = bounded(this.#x + ux * force, -limitMs);
    this.#y = bounded(this.#y + uy * force, -limitMs);
    const rise = expected > 0 ? (force * (this.#height + other.height)) / expected : force / 2;
    this.#height = bounded(this.#height + rise, leastHeightMs);
  }
}

function bounded(value: number, least: number): number {
  return Math.min(limitMs, Math.max(least, value));
}

function rounded(value: number, least: number): number {
  return Math.round(bounded(value, least) * steps) / steps;
}

/**
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-------------------------------+-------------------------------+
 * |   x (16, signed, 0.1 ms)      |   y (16, signed, 0.1 ms)      |
 * +-------------------------------+-------------------------------+
 * |   height (16, 0.1 ms)         |
 * +-------------------------------+
 */
export function writePlace({ x, y, height }: Place, to: Writer): void {
  to.i16(Math.round(x * steps))
    .i16(Math.round(y * steps))
    .u16(Math.round(height * steps));
}

export function readPlace(from: Reader): Place {
  return { x: from.i16() / steps, y: from.i16() / steps, height: from.u16() / steps };
}

export function encodePlace(place: Place): Uint8Array {
  const to = new Writer(placeBytes);
  writePlace(place, to);
  return to.done();
}

const placeBytes = 6;
