import { dirname, join } from 'node:path';
import { formatFlowStats } from '../../ofp/index.ts';
import type { FloodCopy } from '../../switch/flood/index.ts';
import { get16, join64, LinkDecoder, type LinkRecord, linkHopLimit, split64 } from '../../switch/packet/index.ts';
import { formatNodeId, type NodeId, switchIdOf } from '../../topology/index.ts';
import type { SwitchPort } from '../control/index.ts';
import {
  arriving,
  OverlayApp,
  OverlayController,
  type OverlayMembers,
  type PortNames,
  stacked,
  stackOf,
  tagOf,
  unstacked,
  untagged,
} from '../controller/index.ts';
import { parseDialTarget } from '../openflow/index.ts';
import type { FramePort } from '../tap/index.ts';
import type { NodeSwitch, SwitchCore } from './node-switch.ts';
import { OvsControl } from './ovs-control.ts';
import { OvsLink } from './ovs-link.ts';
import { describePort, portNames } from './ovs-ports.ts';

export interface OvsSwitchOptions {
  /** Name of the bridge. */
  readonly bridge: string;
  /** Where Open vSwitch's database is, in its notation. */
  readonly database: string;
  /** The port of the bridge where floods go out and come in. */
  readonly tap: FramePort;
  /** Makes the interface that stands for a link. */
  readonly openTap: (name: string, mac: Uint8Array) => Promise<FramePort>;
}

const etherTypeAt = 12;
const sourceAt = 6;
const maxMark = 3;
const openAgainMs = 1_000;

/**
 * An Open vSwitch as the switch of a node. Its bridge forwards; each link is a TAP at a port of it, and floods go through one more. Between
 * TAP and link, what the link's header says is turned into labels that the bridge's rules read and write, and back.
 */
export class OvsSwitch implements NodeSwitch {
  readonly controller: OverlayController;
  readonly #core: SwitchCore;
  readonly #options: OvsSwitchOptions;
  readonly #self: bigint;
  readonly #names: PortNames;
  readonly #app: OverlayApp;
  readonly #control: OvsControl;
  readonly #links = new Map<NodeId, OvsLink>();
  readonly #decoder = new LinkDecoder();
  readonly #bytesTo = new Map<bigint, number>();
  readonly #counts = { hopLimit: 0, unlabelled: 0, unknownSwitch: 0, noSuchPeer: 0 };

  constructor(core: SwitchCore, options: OvsSwitchOptions) {
    const { self, name, overlay, clock, random, log } = core;
    const { bridge, database, tap } = options;
    this.#core = core;
    this.#options = options;
    this.#self = switchIdOf(self);
    this.#names = portNames(self, tap.name);
    const ports = this.#names;
    this.#app = new OverlayApp({
      ...{ self: this.#self, ports },
      overlay: (send) => new OverlayController({ ...overlay, ports, isSelfReliant: true, send }),
    });
    this.controller = this.#app.overlay;
    const place = { bridge, database, owner: name, datapathId: this.#self };
    this.#control = new OvsControl({ ...place, app: this.#app, clock, random, log });
    tap.onFrames((frames) => this.#flooded(frames));
  }

  /** Where OpenFlow tools reach the bridge: beside the database. */
  get management(): string {
    const { bridge, database } = this.#options;
    const { where } = parseDialTarget(database);
    return where.transport === 'unix' ? `unix:${join(dirname(where.path), `${bridge}.mgmt`)}` : bridge;
  }

  get ports(): readonly SwitchPort[] {
    const { tap: flood } = this.#options;
    const links = [...this.#links.values()].filter(({ isUp }) => isUp);
    return [
      describePort({ kind: 'flood', name: flood.name, no: this.#app.portNo(flood.name), tap: flood, malformed: 0 }),
      ...links.map(({ name, tap, malformed }) =>
        describePort({ kind: 'peer', name, no: this.#app.portNo(name), tap, malformed }),
      ),
    ];
  }

  get flowCount(): number {
    return [...this.#app.rules].length;
  }

  get flows(): readonly string[] {
    const absent = { flags: 0, importance: 0, stats: [] };
    return Array.from(this.#app.rules, ({ table: tableId, match, instructions, ...rule }) => {
      const { priority, cookie, idleTimeout = 0, hardTimeout = 0 } = rule;
      const entry = { tableId, priority, cookie, idleTimeout, hardTimeout, ...absent };
      return formatFlowStats({ ...entry, match: [...match], instructions: [...instructions] });
    });
  }

  get drops(): Readonly<Record<string, number>> {
    const tooLong = [...this.#links.values()].reduce((sum, link) => sum + link.tooLong, 0);
    return { ...this.#counts, linkMalformed: this.#decoder.malformed, tooLong };
  }

  get bytesTo(): ReadonlyMap<bigint, number> {
    return this.#bytesTo;
  }

  /** Rejects with an `OvsError` when the bridge cannot be the node's switch. */
  async start(): Promise<void> {
    const { bridge, tap } = this.#options;
    await this.#control.start();
    this.#keepPorts();
    const isThere = () => this.#app.portNo(tap.name) !== undefined;
    await this.#control.until(isThere, `bridge ${bridge} does not open ${tap.name}`);
    this.#core.log.info({ bridge }, 'Open vSwitch is the switch of this node');
  }

  async stop(): Promise<void> {
    await this.#control.stop();
    for (const { tap } of this.#links.values()) tap?.close();
    this.#links.clear();
  }

  linkUp(peer: NodeId): void {
    const name = this.#names.peer(peer);
    const link = this.#links.get(peer) ?? new OvsLink(name, (messages) => this.#core.sendFrames(peer, messages));
    link.isUp = true;
    this.#links.set(peer, link);
    if (link.tap === undefined) this.#open(peer, link);
    this.#linksChanged();
  }

  linkDown(peer: NodeId): void {
    const link = this.#links.get(peer);
    if (link?.isUp !== true) return;
    link.isUp = false;
    this.#linksChanged();
  }

  portOf(peer: NodeId): number | undefined {
    return this.#app.portNo(this.#names.peer(peer));
  }

  receive(peer: NodeId, messages: readonly Uint8Array[]): void {
    const link = this.#links.get(peer);
    if (link?.isUp !== true) return;
    const record = this.#decoder;
    const before = record.malformed;
    for (const message of messages) {
      record.open(message);
      while (record.next()) this.#received(peer, link, record);
    }
    link.malformed += record.malformed - before;
    this.#flush();
  }

  adjacency(neighbours: ReadonlyMap<NodeId, readonly NodeId[]>, overlay: OverlayMembers): void {
    const members = new Set(overlay.members.map(switchIdOf));
    for (const id of this.#bytesTo.keys()) if (!members.has(id)) this.#bytesTo.delete(id);
    this.#app.keepLabels(members);
    this.controller.adjacency(neighbours, overlay);
  }

  tick(): void {
    const now = this.#core.clock.now();
    this.#control.tick(now);
    this.controller.tick(now);
    this.#spread(this.#core.flood.tick(now));
    this.#flush();
    for (const [peer, link] of this.#links) this.#follow(peer, link, now);
  }

  /** What came from a neighbour. */
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
    if (destination === this.#self) link.queueFrame(arriving(frame, this.#app.labelOf(source)));
    else if (hopLimit <= 1) this.#counts.hopLimit += 1;
    else {
      const labels = { destination: this.#app.labelOf(destination), source: this.#app.labelOf(source) };
      link.queueFrame(stacked(frame, { ...labels, mark, hopLimit }));
    }
  }

  /**
   * To the leaf ports. By a packet-out, behind the rule that knows the label of its root, as long as the switch is connected; the
   * TAP serves meanwhile, where nobody waits for an answer.
   */
  #deliver(frame: Uint8Array, root: bigint): void {
    const { tap } = this.#options;
    const port = this.#app.portNo(tap.name);
    const labelled = arriving(frame, this.#app.labelOf(root));
    if (port === undefined || !this.#app.inject(labelled, port)) tap.send([labelled]);
  }

  /** Frames that the switch floods. */
  #flooded(frames: readonly Uint8Array[]): void {
    const { flood, clock } = this.#core;
    for (const frame of frames) {
      if (!isFrom(frame, this.#options.tap.mac)) this.#spread(flood.originate(frame, clock.now()));
    }
    this.#flush();
  }

  /** Frames that the switch sends over a link. */
  #sent(link: OvsLink, mac: Uint8Array, frames: readonly Uint8Array[]): void {
    for (const frame of frames) {
      const [tag, stack] = [tagOf(frame), stackOf(frame)];
      if (tag !== undefined) this.#leaves(link, tag.label, tag.mark, untagged(frame));
      else if (stack !== undefined) {
        const [source, destination] = [this.#app.switchOf(stack.source), this.#app.switchOf(stack.destination)];
        if (source === undefined || destination === undefined) this.#counts.unknownSwitch += 1;
        else link.queueRecord(recordOf(source, destination, stack.mark, stack.hopLimit), unstacked(frame));
      } else if (!isFrom(frame, mac)) this.#counts.unlabelled += 1;
    }
    link.flush(this.#options.tap);
  }

  #leaves(link: OvsLink, label: number, mark: number, frame: Uint8Array): void {
    const destination = this.#app.switchOf(label);
    if (destination === undefined) {
      this.#counts.unknownSwitch += 1;
      return;
    }
    this.#bytesTo.set(destination, (this.#bytesTo.get(destination) ?? 0) + frame.length);
    link.queueRecord(recordOf(this.#self, destination, mark, linkHopLimit), frame);
  }

  #spread(copies: readonly FloodCopy[]): void {
    const record = recordOf(this.#self, 0n, 0, linkHopLimit);
    for (const { to, frb } of copies) {
      const link = this.#links.get(to);
      if (link?.isUp === true) link.queueRecord(record, frb);
      else this.#counts.noSuchPeer += 1;
    }
  }

  #flush(): void {
    for (const link of this.#links.values()) link.flush(this.#options.tap);
  }

  #linksChanged(): void {
    this.#core.flood.setPeers([...this.#links].filter(([, { isUp }]) => isUp).map(([peer]) => peer));
    this.#keepPorts();
  }

  #keepPorts(): void {
    const links = [...this.#links.values()].filter(({ isUp, tap }) => isUp && tap !== undefined);
    this.#control.bridge.keepPorts(new Set([this.#options.tap.name, ...links.map(({ name }) => name)]));
  }

  /** A TAP is closed only when the switch has let go of it: it takes one of the same name for the same. */
  #follow(peer: NodeId, link: OvsLink, now: number): void {
    const { name, tap, isUp, isAttached } = link;
    const isPort = this.#app.portNo(name) !== undefined;
    if (isUp && isPort && !isAttached && tap !== undefined) {
      this.#app.barrier(now, () => {
        link.isAttached = this.#app.portNo(name) !== undefined;
      });
    }
    if (!isPort) link.isAttached = false;
    if (isUp || link.isOpening || isPort || this.#control.bridge.hasPort(name)) return;
    tap?.close();
    this.#links.delete(peer);
  }

  #open(peer: NodeId, link: OvsLink): void {
    if (link.isOpening) return;
    const { log, clock } = this.#core;
    const mac = Uint8Array.of(0x0a, ...Buffer.from(formatNodeId(peer), 'hex').subarray(0, 5));
    const again = (error: Error) => {
      log.warn({ port: link.name, reason: error.message }, 'no interface for a link');
      link.tap = undefined;
      this.#keepPorts();
      clock.after(openAgainMs, () => {
        if (link.isUp && this.#links.get(peer) === link && link.tap === undefined) this.#open(peer, link);
      });
    };
    const opened = (tap: FramePort) => {
      link.isOpening = false;
      if (this.#links.get(peer) !== link) {
        tap.close();
        return;
      }
      link.tap = tap;
      tap.onFrames((frames) => this.#sent(link, tap.mac, frames));
      tap.onError(again);
      this.#keepPorts();
    };
    link.isOpening = true;
    this.#options.openTap(link.name, mac).then(opened, (error: Error) => {
      link.isOpening = false;
      again(error);
    });
  }
}

function recordOf(source: bigint, destination: bigint, mark: number, hopLimit: number): LinkRecord {
  const [sourceHi, sourceLo] = split64(source);
  const [destinationHi, destinationLo] = split64(destination);
  return { mark: mark <= maxMark ? mark : 0, hopLimit, destinationHi, destinationLo, sourceHi, sourceLo };
}

/** What the kernel itself says at an interface is not of the bridge. */
function isFrom(frame: Uint8Array, mac: Uint8Array): boolean {
  return mac.every((byte, i) => frame[sourceAt + i] === byte);
}
