/** Where a MAC address lives: at a leaf port of this switch, or at another switch. */
export type HostLocation =
  | { readonly kind: 'local'; readonly port: number }
  | { readonly kind: 'remote'; readonly switchId: bigint };

export interface Host {
  /** Six bytes. */
  readonly mac: Uint8Array;
  readonly location: HostLocation;
  /** When it was seen there first, ms. */
  readonly since: number;
}

export type LearnResult = 'known' | 'learned' | 'moved' | 'full';

export const maxHosts = 16_384;
export const maxHostsPerPlace = 1024;

/** MAC -> place, bounded in all and for each place, so that no single port or switch can fill it. */
export class HostTable {
  readonly #hosts = new Map<string, Host>();
  readonly #perPlace = new Map<string, number>();

  get all(): Host[] {
    return [...this.#hosts.values()];
  }

  get(mac: Uint8Array): Host | undefined {
    return this.#hosts.get(macKey(mac));
  }

  learn(mac: Uint8Array, location: HostLocation, now: number): LearnResult {
    const known = this.get(mac);
    if (known !== undefined && placeKey(known.location) === placeKey(location)) return 'known';
    const place = placeKey(location);
    const inPlace = this.#perPlace.get(place) ?? 0;
    if (inPlace >= maxHostsPerPlace || (known === undefined && this.#hosts.size >= maxHosts)) return 'full';
    this.forget(mac);
    this.#hosts.set(macKey(mac), { mac: mac.slice(), location, since: now });
    this.#perPlace.set(place, inPlace + 1);
    return known === undefined ? 'learned' : 'moved';
  }

  forget(mac: Uint8Array): Host | undefined {
    const host = this.get(mac);
    if (host === undefined) return undefined;
    this.#hosts.delete(macKey(mac));
    const place = placeKey(host.location);
    const left = this.#perPlace.get(place)! - 1;
    if (left > 0) this.#perPlace.set(place, left);
    else this.#perPlace.delete(place);
    return host;
  }

  /** Forgets every host at one place. */
  forgetPlace(location: HostLocation): Host[] {
    const place = placeKey(location);
    const gone = this.all.filter((host) => placeKey(host.location) === place);
    for (const host of gone) this.forget(host.mac);
    return gone;
  }
}

export function sameLocation(a: HostLocation, b: HostLocation): boolean {
  return placeKey(a) === placeKey(b);
}

function macKey(mac: Uint8Array): string {
  return mac.join('.');
}

function placeKey(location: HostLocation): string {
  return location.kind === 'local' ? `port ${location.port}` : `switch ${location.switchId}`;
}
