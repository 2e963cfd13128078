import type { FloodCopy } from '../../switch/flood/index.ts';
import {
  get16,
  join64,
  LinkDecoder,
  type LinkRecord,
  linkHopLimit,
  maxLinkMark,
  split64,
} from '../../switch/packet/index.ts';
import { type NodeId, switchIdOf } from '../../topology/index.ts';
import { arriving, type OverlayApp, stacked, stackOf, tagOf, unstacked, untagged } from '../controller/index.ts';
import { TokenBucket } from '../lib/token-bucket.ts';
import type { FramePort } from '../tap/index.ts';
import type { SwitchCore } from './node-switch.ts';
import type { OvsLink } from './ovs-link.ts';
import type { OvsLinks } from './ovs-links.ts';

export interface OvsFramesOptions {
  readonly core: SwitchCore;
  readonly app: OverlayApp;
  readonly links: OvsLinks;
  /** The port where floods go out and come in. */
  readonly floodTap: FramePort;
}

/** Labels for switches that a frame names and nobody knows: each costs the Open vSwitch a few rules, and takes those of another. */
const [newSwitchesAtOnce, newSwitchesPerSecond] = [1_024, 256];
const etherTypeAt = 12;
const sourceAt = 6;

/** Frames between the links of a node and its Open vSwitch: what a link's header says is turned into labels, and back. Floods pass it by. */
export class OvsFrames {
  /** Bytes that hosts here sent to hosts at other switches. */
  readonly bytesTo = new Map<bigint, number>();
  readonly #core: SwitchCore;
  readonly #app: OverlayApp;
  readonly #links: OvsLinks;
  readonly #floodTap: FramePort;
  readonly #self: bigint;
  readonly #decoder = new LinkDecoder();
  readonly #counts = { hopLimit: 0, unlabelled: 0, unknownSwitch: 0, newSwitches: 0, noSuchPeer: 0, tooLong: 0 };
  readonly #newSwitches: TokenBucket;

  constructor({ core, app, links, floodTap }: OvsFramesOptions) {
    this.#core = core;
    this.#app = app;
    this.#links = links;
    this.#floodTap = floodTap;
    this.#self = switchIdOf(core.self);
    this.#newSwitches = new TokenBucket(newSwitchesAtOnce, newSwitchesPerSecond, core.clock.now());
  }

  get drops(): Readonly<Record<string, number>> {
    return { ...this.#counts, linkMalformed: this.#decoder.malformed };
  }

  /** Messages from a neighbour. */
  received(peer: NodeId, link: OvsLink, messages: readonly Uint8Array[]): void {
    const record = this.#decoder;
    const before = record.malformed;
    for (const message of messages) {
      record.open(message);
      while (record.next()) this.#received(peer, link, record);
    }
    link.malformed += record.malformed - before;
    this.#links.flush();
  }

  /** Frames that the switch floods. */
  flooded(frames: readonly Uint8Array[]): void {
    const { flood, clock } = this.#core;
    for (const frame of frames) {
      if (!isFrom(frame, this.#floodTap.mac)) this.#spread(flood.originate(frame, clock.now()));
    }
    this.#links.flush();
  }

  /** Frames that the switch sends over a link. `mac`: of its interface. */
  sent(link: OvsLink, mac: Uint8Array, frames: readonly Uint8Array[]): void {
    for (const frame of frames) {
      const [tag, stack] = [tagOf(frame), stackOf(frame)];
      if (tag !== undefined) this.#leaves(link, tag.label, tag.mark, untagged(frame));
      else if (stack !== undefined) {
        const [source, destination] = [this.#app.switchOf(stack.source), this.#app.switchOf(stack.destination)];
        if (source === undefined || destination === undefined) this.#counts.unknownSwitch += 1;
        else this.#queue(link, recordOf(source, destination, stack.mark, stack.hopLimit), unstacked(frame));
      } else if (!isFrom(frame, mac)) this.#counts.unlabelled += 1;
    }
    link.flush(this.#floodTap);
  }

  tick(now: number): void {
    this.#spread(this.#core.flood.tick(now));
    this.#links.flush();
  }

  #received(peer: NodeId, link: OvsLink, record: LinkDecoder): void {
    const { frame, mark, hopLimit } = record;
    const { flood, clock } = this.#core;
    if (get16(frame, etherTypeAt) === flood.etherType) {
      const { copies, inner } = flood.receive(peer, frame, clock.now());
      this.#spread(copies);
      if (inner !== undefined) this.#deliver(inner.frame, switchIdOf(inner.root));
      return;
    }
    const destination = join64(record.destinationHi, record.destinationLo);
    const source = join64(record.sourceHi, record.sourceLo);
    const isForHere = destination === this.#self;
    if (!isForHere && hopLimit <= 1) {
      this.#counts.hopLimit += 1;
      return;
    }
    const from = this.#labelOf(source);
    if (from === undefined) return;
    if (isForHere) link.queueFrame(arriving(frame, from));
    else {
      const to = this.#labelOf(destination);
      if (to !== undefined) link.queueFrame(stacked(frame, { destination: to, source: from, mark, hopLimit }));
    }
  }

  /** Of a switch that a frame names. Undefined: too many that nobody knew were named lately, and the frame is dropped. */
  #labelOf(switchId: bigint): number | undefined {
    if (this.#app.hasLabel(switchId) || this.#newSwitches.take(this.#core.clock.now()))
      return this.#app.labelOf(switchId);
    this.#counts.newSwitches += 1;
    return undefined;
  }

  /**
   * To the leaf ports. By a packet-out, behind the rule that knows the label of its root, as long as the switch is connected; the
   * TAP serves meanwhile, where nobody waits for an answer.
   */
  #deliver(frame: Uint8Array, root: bigint): void {
    const port = this.#app.portNo(this.#floodTap.name);
    const label = this.#labelOf(root);
    if (label === undefined) return;
    const labelled = arriving(frame, label);
    if (port === undefined || !this.#app.inject(labelled, port)) this.#floodTap.send([labelled]);
  }

  #leaves(link: OvsLink, label: number, mark: number, frame: Uint8Array): void {
    const destination = this.#app.switchOf(label);
    if (destination === undefined) {
      this.#counts.unknownSwitch += 1;
      return;
    }
    this.bytesTo.set(destination, (this.bytesTo.get(destination) ?? 0) + frame.length);
    this.#queue(link, recordOf(this.#self, destination, mark, linkHopLimit), frame);
  }

  #spread(copies: readonly FloodCopy[]): void {
    const record = recordOf(this.#self, 0n, 0, linkHopLimit);
    for (const { to, frb } of copies) {
      const link = this.#links.get(to);
      if (link === undefined) this.#counts.noSuchPeer += 1;
      else this.#queue(link, record, frb);
    }
  }

  #queue(link: OvsLink, record: LinkRecord, frame: Uint8Array): void {
    if (!link.queueRecord(record, frame)) this.#counts.tooLong += 1;
  }
}

function recordOf(source: bigint, destination: bigint, mark: number, hopLimit: number): LinkRecord {
  const [sourceHi, sourceLo] = split64(source);
  const [destinationHi, destinationLo] = split64(destination);
  return { mark: mark <= maxLinkMark ? mark : 0, hopLimit, destinationHi, destinationLo, sourceHi, sourceLo };
}

/** What the kernel itself says at an interface is not of the bridge. */
function isFrom(frame: Uint8Array, mac: Uint8Array): boolean {
  return mac.every((byte, i) => frame[sourceAt + i] === byte);
}
