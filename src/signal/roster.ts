/** Who is registered where. `Seat` is whatever the server holds for a member. */
export class Roster<Seat> {
  readonly #maxOverlays: number;
  readonly #maxMembers: number;
  readonly #overlays = new Map<string, Map<string, Seat>>();

  constructor(limits: { readonly maxOverlays: number; readonly maxMembers: number }) {
    this.#maxOverlays = limits.maxOverlays;
    this.#maxMembers = limits.maxMembers;
  }

  find(overlay: string, nodeId: string): Seat | undefined {
    return this.#overlays.get(overlay)?.get(nodeId);
  }

  members(overlay: string): Iterable<Seat> {
    return this.#overlays.get(overlay)?.values() ?? [];
  }

  /** Why there is no room for one more; undefined when there is. */
  full(overlay: string): string | undefined {
    const members = this.#overlays.get(overlay);
    if (members === undefined) {
      return this.#overlays.size < this.#maxOverlays ? undefined : `it holds ${this.#maxOverlays} overlays already`;
    }
    return members.size < this.#maxMembers ? undefined : `the overlay has ${this.#maxMembers} members already`;
  }

  add(overlay: string, nodeId: string, seat: Seat): void {
    const members = this.#overlays.get(overlay) ?? new Map<string, Seat>();
    this.#overlays.set(overlay, members.set(nodeId, seat));
  }

  /** False when another has taken the seat meanwhile. */
  remove(overlay: string, nodeId: string, seat: Seat): boolean {
    const members = this.#overlays.get(overlay);
    if (members === undefined || members.get(nodeId) !== seat) return false;
    members.delete(nodeId);
    if (members.size === 0) this.#overlays.delete(overlay);
    return true;
  }
}
