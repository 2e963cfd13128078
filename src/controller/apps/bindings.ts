import { macNumber } from '../../../switch/packet/index.ts';

export const maxBindings = 16_384;
export const maxBindingsPerMac = 64;
/** An address that was not confirmed for so long is asked for again; ms. */
export const bindingAgeingMs = 300_000;

export interface Binding {
  /** Six bytes. */
  readonly mac: Uint8Array;
  readonly confirmedAt: number;
  /** What its owner says of itself; of IPv6 only. */
  readonly isRouter: boolean;
}

/** IP address -> MAC address, as the owners said last; bounded in all and for each MAC. The one confirmed longest ago makes room. */
export class BindingTable {
  evicted = 0;
  /** Addresses not taken, since their MAC has too many. */
  refused = 0;
  readonly #bindings = new Map<string, Binding>();
  readonly #perMac = new Map<number, number>();

  get size(): number {
    return this.#bindings.size;
  }

  get(ip: Uint8Array, now: number): Binding | undefined {
    const binding = this.#bindings.get(ipKey(ip));
    if (binding === undefined || now < binding.confirmedAt + bindingAgeingMs) return binding;
    this.forget(ip);
    return undefined;
  }

  /** `ip`: 4 or 16 bytes. Copied, as is `mac`. */
  confirm(ip: Uint8Array, mac: Uint8Array, isRouter: boolean, now: number): void {
    this.forget(ip);
    const owner = macNumber(mac, 0);
    const count = this.#perMac.get(owner) ?? 0;
    if (count >= maxBindingsPerMac) {
      this.refused += 1;
      return;
    }
    // A Map keeps its order: the first key is the one confirmed longest ago.
    const [oldest] = this.#bindings.keys();
    if (oldest !== undefined && this.#bindings.size >= maxBindings) {
      this.#remove(oldest);
      this.evicted += 1;
    }
    this.#perMac.set(owner, count + 1);
    this.#bindings.set(ipKey(ip), { mac: mac.slice(0, 6), confirmedAt: now, isRouter });
  }

  forget(ip: Uint8Array): void {
    this.#remove(ipKey(ip));
  }

  #remove(key: string): void {
    const binding = this.#bindings.get(key);
    if (binding === undefined) return;
    this.#bindings.delete(key);
    const owner = macNumber(binding.mac, 0);
    const left = this.#perMac.get(owner)! - 1;
    if (left > 0) this.#perMac.set(owner, left);
    else this.#perMac.delete(owner);
  }
}

function ipKey(ip: Uint8Array): string {
  return String.fromCharCode(...ip);
}
