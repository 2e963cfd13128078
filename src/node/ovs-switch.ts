import { dirname, join } from 'node:path';
import { formatFlowStats } from '../../ofp/index.ts';
import { type NodeId, switchIdOf } from '../../topology/index.ts';
import type { SwitchPort } from '../control/index.ts';
import { OverlayApp, OverlayController, type OverlayMembers, type PortNames } from '../controller/index.ts';
import { parseDialTarget } from '../openflow/index.ts';
import type { FramePort } from '../tap/index.ts';
import type { NodeSwitch, SwitchCore } from './node-switch.ts';
import { OvsControl } from './ovs-control.ts';
import { OvsFrames } from './ovs-frames.ts';
import { OvsLinks } from './ovs-links.ts';
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

/**
 * An Open vSwitch as the switch of a node. Its bridge forwards; each link is a TAP at a port of it, and floods go through one more. Between
 * TAP and link, what the link's header says is turned into labels that the bridge's rules read and write, and back.
 */
export class OvsSwitch implements NodeSwitch {
  readonly controller: OverlayController;
  readonly #core: SwitchCore;
  readonly #options: OvsSwitchOptions;
  readonly #names: PortNames;
  readonly #app: OverlayApp;
  readonly #control: OvsControl;
  readonly #links: OvsLinks;
  readonly #frames: OvsFrames;

  constructor(core: SwitchCore, options: OvsSwitchOptions) {
    const { self, name, overlay, clock, random, log } = core;
    const { bridge, database, tap, openTap } = options;
    const [datapathId, names] = [switchIdOf(self), portNames(self, tap.name)];
    const app = new OverlayApp({
      ...{ self: datapathId, ports: names },
      overlay: (send) => new OverlayController({ ...overlay, ports: names, isSelfReliant: true, send }),
    });
    const control = new OvsControl({ bridge, database, owner: name, datapathId, app, clock, random, log });
    const links = new OvsLinks({
      ...{ core, names, app, bridge: control.bridge, floodTap: tap, openTap },
      sent: (...what) => frames.sent(...what),
    });
    const frames = new OvsFrames({ core, app, links, floodTap: tap });
    this.#core = core;
    this.#options = options;
    this.#names = names;
    this.#app = app;
    this.controller = app.overlay;
    this.#control = control;
    this.#links = links;
    this.#frames = frames;
    tap.onFrames((flooded) => frames.flooded(flooded));
  }

  /** Where OpenFlow tools reach the bridge: beside the database. */
  get management(): string {
    const { bridge, database } = this.#options;
    const { where } = parseDialTarget(database);
    return where.transport === 'unix' ? `unix:${join(dirname(where.path), `${bridge}.mgmt`)}` : bridge;
  }

  get ports(): readonly SwitchPort[] {
    const { tap: flood } = this.#options;
    return [
      describePort({ kind: 'flood', name: flood.name, no: this.#app.portNo(flood.name), tap: flood, malformed: 0 }),
      ...Array.from(this.#links, ([, { name, tap, malformed }]) =>
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
    return this.#frames.drops;
  }

  get bytesTo(): ReadonlyMap<bigint, number> {
    return this.#frames.bytesTo;
  }

  /** Rejects with an `OvsError` when the bridge cannot be the node's switch. */
  async start(): Promise<void> {
    const { bridge, tap } = this.#options;
    await this.#control.start();
    this.#links.keepPorts();
    const isThere = () => this.#app.portNo(tap.name) !== undefined;
    await this.#control.until(isThere, `bridge ${bridge} does not open ${tap.name}`);
    this.#core.log.info({ bridge }, 'Open vSwitch is the switch of this node');
  }

  async stop(): Promise<void> {
    await this.#control.stop();
    this.#links.close();
  }

  linkUp(peer: NodeId): void {
    this.#links.up(peer);
    this.#linksChanged();
  }

  linkDown(peer: NodeId): void {
    if (this.#links.down(peer)) this.#linksChanged();
  }

  portOf(peer: NodeId): number | undefined {
    return this.#app.portNo(this.#names.peer(peer));
  }

  receive(peer: NodeId, messages: readonly Uint8Array[]): void {
    const link = this.#links.get(peer);
    if (link !== undefined) this.#frames.received(peer, link, messages);
  }

  adjacency(neighbours: ReadonlyMap<NodeId, readonly NodeId[]>, overlay: OverlayMembers): void {
    const members = new Set(overlay.members.map(switchIdOf));
    const { bytesTo } = this.#frames;
    for (const id of bytesTo.keys()) if (!members.has(id)) bytesTo.delete(id);
    this.#app.keepLabels(members);
    this.controller.adjacency(neighbours, overlay);
  }

  tick(): void {
    const now = this.#core.clock.now();
    this.#control.tick(now);
    this.controller.tick(now);
    this.#frames.tick(now);
    this.#links.tick(now);
  }

  #linksChanged(): void {
    this.#core.flood.setPeers(Array.from(this.#links, ([peer]) => peer));
  }
}
