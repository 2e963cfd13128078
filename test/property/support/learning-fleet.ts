import type { ShownFrame } from '../../../src/controller/apps/app.ts';
import type { HostLocation } from '../../../src/controller/apps/hosts.ts';
import { Learning } from '../../../src/controller/apps/learning.ts';
import { Cookie } from '../../../src/controller/pipeline.ts';
import { RuleBook, type SwitchChange } from '../../../src/controller/rules.ts';
import { Packet } from '../../../switch/packet/index.ts';
import { openSeal } from '../../unit/support/open-seal.ts';

const leafPort = 1;
const floodPort = 9;
/** As often as a node. */
const tickMs = 50;

interface Delivery {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/**
 * The learning apps of several switches, and between them a network that delivers every flood to all others, each copy with a
 * delay of its own: nothing is lost, anything may come late and out of order.
 */
export class LearningFleet {
  readonly apps: readonly Learning[];
  now = 0;
  readonly #delay: () => number;
  readonly #pending: Delivery[] = [];
  #order = 0;

  /** `delay`: of the next copy, ms. */
  constructor(count: number, delay: () => number) {
    this.#delay = delay;
    this.apps = Array.from({ length: count }, (_, i) => {
      const send = (changes: readonly SwitchChange[]) => {
        for (const change of changes) if (change.type === 'packetOut') this.#flood(i, change.data, Cookie.announcement);
      };
      const reach = { rules: new RuleBook(() => {}), send, notice: () => {} };
      const app = new Learning({ self: switchId(i), epoch: () => 1, seal: openSeal, reach });
      const members = new Set(
        Array.from({ length: count }, (_unused, j) => switchId(j)).filter((_unused, j) => j !== i),
      );
      const ports = { flood: floodPort, leaves: [leafPort], peers: new Map() };
      app.viewed({ self: switchId(i), ports, members, isPartial: false });
      return app;
    });
  }

  /** A host sends a frame at a switch: to all, or to one other switch. */
  speak(at: number, mac: Uint8Array, to: number | 'all'): void {
    const frame = frameFrom(mac, to === 'all');
    this.#hear(at, frame, { kind: 'local', port: leafPort }, Cookie.learning, to === 'all');
    if (to === 'all') this.#flood(at, frame, Cookie.learning);
    else if (to !== at) this.#later(() => this.#hear(to, frame, remote(at), Cookie.learning, false));
  }

  run(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      this.#pending.sort((a, b) => a.at - b.at || a.order - b.order);
      const nextAt = this.#pending[0]?.at ?? Number.POSITIVE_INFINITY;
      const tickAt = (Math.floor(this.now / tickMs) + 1) * tickMs;
      if (Math.min(nextAt, tickAt) > end) break;
      this.now = Math.min(nextAt, tickAt);
      if (nextAt <= tickAt) this.#pending.shift()!.run();
      else for (const app of this.apps) app.tick(tickAt);
    }
    this.now = end;
  }

  /** The switch where each of them thinks that a host is. */
  places(mac: Uint8Array): (number | undefined)[] {
    return this.apps.map((app, i) => {
      const location = app.host(mac)?.location;
      return location === undefined ? undefined : location.kind === 'local' ? i : Number(location.switchId) - 1;
    });
  }

  #flood(from: number, frame: Uint8Array, cookie: bigint): void {
    for (const i of this.apps.keys()) {
      if (i !== from) this.#later(() => this.#hear(i, frame, remote(from), cookie, true));
    }
  }

  #hear(at: number, bytes: Uint8Array, from: HostLocation, cookie: bigint, isFlooded: boolean): void {
    const packet = new Packet();
    packet.load(bytes);
    const frame: ShownFrame = { cookie, inPort: from.kind === 'local' ? leafPort : floodPort, from, packet };
    if (cookie === Cookie.announcement) this.apps[at]!.announcement(frame, this.now);
    else this.apps[at]!.heard(frame, isFlooded, this.now);
  }

  #later(run: () => void): void {
    this.#order += 1;
    this.#pending.push({ at: this.now + this.#delay(), order: this.#order, run });
  }
}

function switchId(i: number): bigint {
  return BigInt(i + 1);
}

function remote(i: number): HostLocation {
  return { kind: 'remote', switchId: switchId(i) };
}

function frameFrom(mac: Uint8Array, isBroadcast: boolean): Uint8Array {
  const frame = new Uint8Array(60);
  frame.fill(isBroadcast ? 0xff : 0x02, 0, 6);
  frame.set(mac, 6);
  frame.set([0x88, 0xb7], 12);
  return frame;
}
