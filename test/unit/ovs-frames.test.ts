import pino from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  defaultOverlaySettings,
  OverlayApp,
  OverlayController,
  stacked,
  stackOf,
  tagOf,
} from '../../src/controller/index.ts';
import { VirtualClock } from '../../src/lib/virtual-clock.ts';
import type { SwitchCore } from '../../src/node/node-switch.ts';
import { OvsFrames } from '../../src/node/ovs-frames.ts';
import { OvsLinks } from '../../src/node/ovs-links.ts';
import { portNames } from '../../src/node/ovs-ports.ts';
import { bridgeColumns, Database, OvsBridge } from '../../src/ovs/index.ts';
import { type FramePort, MemoryTap } from '../../src/tap/index.ts';
import { FloodEngine } from '../../switch/flood/index.ts';
import { LinkDecoder, LinkEncoder, split64 } from '../../switch/packet/index.ts';
import { type NodeId, switchIdOf } from '../../topology/index.ts';
import { openSeal } from './support/open-seal.ts';

const node = (n: number): NodeId => BigInt(n) << 120n;
const [self, peer, far] = [node(0x10), node(0x20), node(0x30)];
const [here, there] = [switchIdOf(self), switchIdOf(far)];
const data = Uint8Array.from({ length: 60 }, (_, i) => [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0][i] ?? i);

/** A node with one link, whose Open vSwitch is not there yet. */
class Lab {
  readonly clock = new VirtualClock();
  readonly frames: OvsFrames;
  readonly app: OverlayApp;
  /** Messages for the neighbour. */
  readonly sent: Uint8Array[] = [];
  /** Frames for the switch. */
  readonly given: Uint8Array[] = [];
  readonly #links: OvsLinks;

  constructor() {
    const { clock } = this;
    const options = { self, epoch: () => 1, seal: openSeal, settings: defaultOverlaySettings, notice: () => {} };
    const core: SwitchCore = {
      ...{ self, name: 'attic', overlay: options, flood: new FloodEngine({ self, epoch: 1 }), clock },
      ...{ random: () => 0.5, log: pino({ level: 'silent' }), isCongested: () => false },
      sendFrames: (_, messages) => this.sent.push(...messages.map((message) => message.slice())),
    };
    const names = portNames(self, 'ringlet0');
    this.app = new OverlayApp({
      ...{ self: here, ports: names },
      overlay: (send) => new OverlayController({ ...options, ports: names, send }),
    });
    const floodTap = this.#tap('ringlet0');
    floodTap.host.onFrames((frames) => this.given.push(...frames.map((frame) => frame.slice())));
    const database = new Database({
      ...{ name: 'Open_vSwitch', columns: bridgeColumns, where: 'unix:none', clock, random: () => 0.5 },
      ...{ dial: () => ({ write: () => true, destroy: () => {} }) },
      events: { synced: () => {}, changed: () => {}, lost: () => {} },
    });
    const bridge = new OvsBridge({ database, clock, name: 'br0', owner: 'attic', onProblem: () => {} });
    this.#links = new OvsLinks({
      ...{ core, names, app: this.app, bridge, floodTap },
      openTap: (name): Promise<FramePort> => Promise.resolve(this.#tap(name)),
      sent: () => {},
    });
    this.frames = new OvsFrames({ core, app: this.app, links: this.#links, floodTap });
    this.#links.up(peer);
  }

  /** Frames from the neighbour, one for each pair of switches. */
  receive(ways: readonly { source: bigint; destination: bigint; hopLimit?: number; mark?: number }[]): void {
    const encoder = new LinkEncoder();
    for (const { source, destination, hopLimit = 9, mark = 0 } of ways) {
      const [[sourceHi, sourceLo], [destinationHi, destinationLo]] = [split64(source), split64(destination)];
      encoder.append({ mark, hopLimit, sourceHi, sourceLo, destinationHi, destinationLo }, data);
    }
    this.frames.received(peer, this.#links.get(peer)!, encoder.take());
    this.clock.advance(1);
  }

  /** The switch sends a frame over the link. */
  send(frame: Uint8Array): void {
    this.frames.sent(this.#links.get(peer)!, Uint8Array.of(10, 0, 0, 0, 0, 1), [frame]);
  }

  #tap(name: string): MemoryTap {
    const defer = (task: () => void) => void this.clock.after(0, task);
    return new MemoryTap({ name, mac: Uint8Array.of(10, 0, 0, 0, 0, 2), mtu: 9000, defer });
  }
}

let lab: Lab;
beforeEach(() => {
  lab = new Lab();
});

describe('frames from a link', () => {
  it('have the label of where they entered the overlay, or both labels of their way', () => {
    lab.receive([
      { source: there, destination: here },
      { source: there, destination: 77n, mark: 2 },
    ]);
    const [source, destination] = [lab.app.labelOf(there), lab.app.labelOf(77n)];
    expect(tagOf(lab.given[0]!)).toEqual({ label: source, mark: 0 });
    expect(stackOf(lab.given[1]!)).toEqual({ source, destination, mark: 2, hopLimit: 9 });
  });

  it('end where their hop limit does', () => {
    lab.receive([
      { source: there, destination: 77n, hopLimit: 1 },
      { source: there, destination: here, hopLimit: 1 },
    ]);
    expect(lab.given).toHaveLength(1);
    expect(lab.frames.drops.hopLimit).toBe(1);
  });

  it('of forged switches make so many labels in a time, then they are dropped and counted; those of known ones pass', () => {
    lab.app.keepLabels(new Set([there]));
    const rules = () => [...lab.app.rules].length;
    for (let i = 0; i < 100; i++) {
      lab.receive(Array.from({ length: 100 }, (_, j) => ({ source: BigInt(1000 + 100 * i + j), destination: here })));
    }
    const passed = 10_000 - lab.frames.drops.newSwitches!;
    expect(passed).toBeGreaterThanOrEqual(1_024);
    expect(passed).toBeLessThanOrEqual(1_024 + 26);
    expect(rules()).toBeLessThanOrEqual(4 * 1_025);
    const before = lab.given.length;
    lab.receive([{ source: there, destination: here }]);
    expect(lab.given).toHaveLength(before + 1);
    lab.clock.advance(1_000);
    lab.receive([{ source: 7n, destination: here }]);
    expect(lab.given).toHaveLength(before + 2);
  });
});

describe('frames from the switch', () => {
  it('go on by their labels; others are dropped and counted', () => {
    const [source, destination] = [lab.app.labelOf(there), lab.app.labelOf(77n)];
    lab.send(stacked(data, { source, destination, mark: 3, hopLimit: 8 }));
    lab.send(stacked(data, { source: 4000, destination, mark: 0, hopLimit: 8 }));
    lab.send(data.slice());
    const record = new LinkDecoder();
    record.open(lab.sent[0]!);
    expect(record.next()).toBe(true);
    expect([record.mark, record.hopLimit, record.sourceLo, record.destinationLo]).toEqual([3, 8, 0, 77]);
    expect(record.frame).toEqual(data);
    expect(lab.sent).toHaveLength(1);
    expect(lab.frames.drops).toMatchObject({ unknownSwitch: 1, unlabelled: 1 });
  });
});
