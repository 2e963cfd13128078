import { type Message, type OxmField, PortReason } from '../../ofp/index.ts';
import { Packet } from '../../switch/packet/index.ts';
import { type NodeId, switchIdOf } from '../../topology/index.ts';
import type { Notice } from './apps/app.ts';
import type { Host, HostLocation } from './apps/hosts.ts';
import type { RemovedRule } from './apps/learning.ts';
import { type OverlayApps, type OverlayAppsOptions, overlayApps } from './overlay-apps.ts';
import { Cookie, fieldOf, type SwitchView } from './pipeline.ts';
import { type NamedPort, PortList } from './port-list.ts';
import { ownPortNames, type PortNames } from './ports.ts';
import { type Way, waysFrom } from './routes.ts';
import { RuleBook, type SwitchChange } from './rules.ts';

export interface OverlayOptions extends OverlayAppsOptions {
  /** By default those of a switch of ours. */
  readonly ports?: PortNames;
  /** Takes messages for the switch, in order. */
  readonly send: (changes: readonly SwitchChange[]) => void;
  readonly notice: (notice: Notice) => void;
}

/** Who is in the overlay, without this node. */
export interface OverlayMembers {
  readonly members: readonly NodeId[];
  /** How many nodes there seem to be, this one included, where `members` are not all of them. */
  readonly nodes?: number;
  /** Where links make no ring: the neighbour that brought the newest flood of each root. */
  readonly learned?: ReadonlyMap<NodeId, NodeId>;
}

/** Ways that are made anew in a row, and each ms from then on: in a large overlay something changes all the time. */
const waysInARow = 1_000;
const waysPerMs = 1;
/** Ways without links that go soon are made after this at the latest: such a link takes frames for a quarter of a second. */
const withoutLinkMs = 100;

/**
 * The controller of a switch of an overlay: apps, each with its own rules, and what comes from the switch handed to the one
 * that asked for it. Pure: messages of the switch and adjacency come in, messages for the switch go out.
 */
export class OverlayController {
  readonly #self: NodeId;
  readonly #rules: RuleBook;
  readonly #apps: OverlayApps;
  readonly #ports: PortList;
  readonly #packet = new Packet();
  readonly #counts = { packetIns: 0, packetInsIgnored: 0 };
  #neighbours: ReadonlyMap<NodeId, readonly NodeId[]> = new Map();
  #overlay: OverlayMembers = { members: [] };
  /** Ways may be others. */
  #isStale = false;
  /** A link went, or goes soon, and ways lead by it. */
  #isLinkLost = false;
  #routedAt = Number.NEGATIVE_INFINITY;
  /** The time of the last tick. */
  #now = 0;
  /** Ways that were made of late; `waysPerMs` are forgotten. */
  #waysMade = 0;
  #members: SwitchView['members'] = new Set();

  constructor(options: OverlayOptions) {
    const { self, ports = ownPortNames, send, notice } = options;
    this.#self = self;
    this.#rules = new RuleBook(send);
    this.#apps = overlayApps(options, { rules: this.#rules, send, notice });
    this.#ports = new PortList(ports);
  }

  get hosts(): Host[] {
    return this.#apps.learning.hosts;
  }

  host(mac: Uint8Array): Host | undefined {
    return this.#apps.learning.host(mac);
  }

  /** IP addresses whose owner is known. */
  get bindings(): number {
    return this.#apps.proxy?.size ?? 0;
  }

  /** Multicast groups whose frames go to members only. */
  get prunedGroups(): number {
    return this.#apps.groups?.pruned ?? 0;
  }

  /** Everything that the apps count, by name. */
  get counters(): Readonly<Record<string, number>> {
    return Object.assign({}, this.#counts, ...this.#apps.all.map(({ counters }) => counters));
  }

  /** The switch connected and listed its ports: it is emptied and set up. */
  connected(ports: readonly NamedPort[]): void {
    this.#ports.list(ports);
    for (const app of this.#apps.all) app.connected?.();
    this.#rules.renew();
    this.#changed();
    this.#route();
  }

  /** As `connected`, for a switch that somebody else keeps in step with what was sent. */
  reconnected(ports: readonly NamedPort[]): void {
    this.#ports.list(ports);
    this.#changed();
    this.#route();
  }

  portStatus({ reason, desc }: { readonly reason: number; readonly desc: NamedPort }): void {
    if (reason === PortReason.DELETE) this.#ports.remove(desc.portNo);
    else this.#ports.add(desc);
    this.#changed();
  }

  /**
   * With whom links are up, each with its own neighbours as far as they are known, and who is in the overlay. What is known
   * of switches that left is forgotten. Rules follow at a later tick, since such changes come in many small pieces.
   */
  adjacency(neighbours: ReadonlyMap<NodeId, readonly NodeId[]>, overlay: OverlayMembers): void {
    for (const id of this.#neighbours.keys()) if (!neighbours.has(id)) this.#isLinkLost = true;
    this.#neighbours = neighbours;
    this.#ports.expect(neighbours);
    this.#overlay = overlay;
    this.#members = new Set(overlay.members.map(switchIdOf));
    this.#isStale = true;
  }

  packetIn(message: Pick<Message<'packetIn'>, 'match' | 'cookie' | 'data'>, now: number): void {
    this.#counts.packetIns += 1;
    const { match, cookie = Cookie.learning, data } = message;
    const inPort = fieldOf(match, 'in_port');
    const handle = this.#apps.handlers.get(cookie);
    if (handle === undefined || inPort === undefined || !this.#packet.load(data)) {
      this.#counts.packetInsIgnored += 1;
      return;
    }
    handle({ cookie, inPort, from: this.#placeOf(match, inPort), packet: this.#packet }, now);
  }

  flowRemoved(message: RemovedRule, now: number): void {
    this.#apps.learning.expired(message, now);
  }

  tick(now: number): void {
    this.#waysMade = Math.max(0, this.#waysMade - (now - this.#now) * waysPerMs);
    this.#now = now;
    const isUrgent = this.#isLinkLost && now - this.#routedAt >= withoutLinkMs;
    if (this.#isStale && (isUrgent || this.#waysMade < waysInARow)) {
      this.#changed();
      this.#route();
    }
    for (const app of this.#apps.all) app.tick?.(now);
  }

  /** Rules that say where frames of a port go follow at once, since without them the frames are lost; ways follow at the next tick. */
  #changed(): void {
    this.#isStale = true;
    const { members } = this.#overlay;
    const view: SwitchView = {
      self: switchIdOf(this.#self),
      ports: this.#ports.settle(this.#neighbours),
      members: this.#members,
      isPartial: members.length + 1 < this.#nodes,
    };
    for (const app of this.#apps.all) app.viewed?.(view);
  }

  #route(): void {
    this.#isStale = false;
    this.#isLinkLost = false;
    this.#routedAt = this.#now;
    const ways = this.#ways();
    this.#waysMade += ways.length;
    for (const app of this.#apps.all) app.routed?.(ways);
  }

  #ways(): Way[] {
    const peers = this.#ports.current?.peers;
    if (peers === undefined) return [];
    const { members, learned } = this.#overlay;
    const neighbours = new Map([...this.#neighbours].filter(([id]) => peers.has(switchIdOf(id))));
    return waysFrom({ self: this.#self, neighbours, members, nodes: this.#nodes, learned, ports: peers });
  }

  get #nodes(): number {
    return this.#overlay.nodes ?? this.#overlay.members.length + 1;
  }

  #placeOf(match: readonly OxmField[], port: number): HostLocation | undefined {
    const metadata = fieldOf(match, 'metadata');
    if (metadata !== undefined && metadata !== 0n) return { kind: 'remote', switchId: metadata };
    return this.#ports.isLeaf(port) ? { kind: 'local', port } : undefined;
  }
}
