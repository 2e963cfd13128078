import { type Message, type OxmField, PortReason } from '../../ofp/index.ts';
import { EtherType, isGroupAddressed, Packet } from '../../switch/packet/index.ts';
import { type NodeId, switchIdOf } from '../../topology/index.ts';
import type { AnnouncementSeal } from './apps/announcement.ts';
import type { App, Notice, ShownFrame } from './apps/app.ts';
import { ArpNdProxy } from './apps/arp-nd-proxy.ts';
import { BoundedFlood } from './apps/bounded-flood.ts';
import { DhcpFence } from './apps/dhcp-fence.ts';
import { type DirectoryAccess, HostDirectory, type HostDirectoryOptions } from './apps/host-directory.ts';
import type { Host, HostLocation, Station } from './apps/hosts.ts';
import { IgmpMld } from './apps/igmp-mld.ts';
import { Ingress } from './apps/ingress.ts';
import { Learning, type RemovedRule } from './apps/learning.ts';
import { LinkLimiter } from './apps/link-limits.ts';
import { OverlayRouting } from './apps/overlay-routing.ts';
import { StormControl } from './apps/storm-control.ts';
import { UnknownUnicast, type UnknownUnicastOptions } from './apps/unknown-unicast.ts';
import type { OverlaySettings } from './overlay-settings.ts';
import { Cookie, fieldOf, type SwitchPorts, type SwitchView } from './pipeline.ts';
import { ownPortNames, type PortNames } from './ports.ts';
import { type Way, waysFrom } from './routes.ts';
import { RuleBook, type SwitchChange } from './rules.ts';

/** A port as the switch lists it. */
export type NamedPort = Pick<Message<'portStatus'>['desc'], 'portNo' | 'name'>;

export interface OverlayOptions {
  readonly self: NodeId;
  /** Of the switch's floods now: it rises where others know of a later start of this node. */
  readonly epoch: () => number;
  /** Vouches for what the switch announces and puts into the directory. */
  readonly seal: AnnouncementSeal;
  readonly settings: OverlaySettings;
  /** By default those of a switch of ours. */
  readonly ports?: PortNames;
  /** Of the overlay, where its links make a ring. */
  readonly directory?: DirectoryAccess | undefined;
  /** The switch may be without its controller for a while: what hosts at its leaf ports need to find each other goes by rules. */
  readonly isSelfReliant?: boolean;
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
  readonly #names: PortNames;
  readonly #rules: RuleBook;
  readonly #learning: Learning;
  readonly #proxy: ArpNdProxy | undefined;
  readonly #groups: IgmpMld | undefined;
  readonly #fences: boolean;
  /** In this order they hear of changes: meters come before the rules that use them. */
  readonly #apps: readonly App[];
  readonly #handlers: ReadonlyMap<bigint, (frame: ShownFrame, now: number) => void>;
  readonly #packet = new Packet();
  readonly #portNames = new Map<number, string>();
  readonly #counts = { packetIns: 0, packetInsIgnored: 0 };
  #neighbours: ReadonlyMap<NodeId, readonly NodeId[]> = new Map();
  /** Neighbours by the names of their ports; one that was let go of is still heard while its port is there. */
  readonly #peerNames = new Map<string, NodeId>();
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
  /** The same object while nothing changed, so that apps can tell. */
  #lastPorts: SwitchPorts | undefined;

  constructor(options: OverlayOptions) {
    const {
      self,
      epoch,
      seal,
      settings,
      ports = ownPortNames,
      directory,
      isSelfReliant = false,
      send,
      notice,
    } = options;
    const rules = new RuleBook(send);
    const reach = { rules, send, notice };
    const selfSwitch = switchIdOf(self);
    this.#self = self;
    this.#names = ports;
    this.#rules = rules;
    this.#fences = settings.fence.length > 0;
    const { unknownUnicast: policy } = settings;
    const isDropped = policy === 'drop';
    const asksUnknown = isDropped || (policy === 'directory' && directory !== undefined);
    const isBehindLeaves = asksUnknown && isSelfReliant && !isDropped;
    const asks = isBehindLeaves ? 'behind leaves' : asksUnknown ? 'first' : 'nobody';
    const storm = new StormControl(reach, settings.storm, asks);
    const told: HostDirectoryOptions['told'] = (...record) => learning.told(...record);
    const registrar =
      directory && policy !== 'flood' ? new HostDirectory({ self: selfSwitch, directory, seal, told }) : undefined;
    const learning = new Learning({ self: selfSwitch, epoch, seal, reach, registrar });
    const host = (mac: Uint8Array) => learning.host(mac);
    const proxy = settings.arpNdProxy
      ? new ArpNdProxy({ reach, host, directory: registrar, isSelfReliant })
      : undefined;
    const find: UnknownUnicastOptions['find'] = (station, now, done) => {
      if (learning.knows(station)) done(true, now);
      else if (registrar === undefined) done(false, now);
      else registrar.findHost(station, now, done);
    };
    const isHere = (station: Station) => learning.isHere(station);
    const unknown = asksUnknown
      ? new UnknownUnicast({ reach, storm, isDropped, isBehindLeaves, isHere, find })
      : undefined;
    const limits = new LinkLimiter(reach, settings.links);
    const routing = new OverlayRouting(reach, limits);
    const isQuerier = settings.multicastQuerier;
    const actionTo = (switchId: bigint) => routing.actionTo(switchId);
    const groups = settings.multicastSnooping
      ? new IgmpMld({ self: selfSwitch, reach, actionTo, isQuerier })
      : undefined;
    const { floodEtherType: etherType } = settings;
    const floods = [new Ingress(reach, storm, etherType), new BoundedFlood(reach, etherType)];
    const base = [storm, limits, ...floods, routing, learning];
    const extra = [registrar, unknown, proxy, groups, this.#fences ? new DhcpFence(reach, settings.fence) : undefined];
    this.#apps = [...base, ...extra.filter((app) => app !== undefined)];
    this.#learning = learning;
    this.#proxy = proxy;
    this.#groups = groups;
    this.#handlers = new Map([
      [Cookie.announcement, (frame, now) => learning.announcement(frame, now)],
      [Cookie.learning, (frame, now) => learning.heard(frame, this.#isFlooded(frame), now)],
      [
        Cookie.binding,
        (frame, now) => {
          proxy?.overheard(frame, now);
          learning.heard(frame, this.#isFlooded(frame), now);
        },
      ],
      [Cookie.question, (frame, now) => learning.heard(frame, proxy?.asked(frame, now) ?? false, now)],
      [Cookie.unknown, (frame, now) => unknown?.arrived(frame, now)],
      [Cookie.membership, (frame, now) => learning.heard(frame, groups?.told(frame, now) ?? false, now)],
    ]);
  }

  get hosts(): Host[] {
    return this.#learning.hosts;
  }

  host(mac: Uint8Array): Host | undefined {
    return this.#learning.host(mac);
  }

  /** IP addresses whose owner is known. */
  get bindings(): number {
    return this.#proxy?.size ?? 0;
  }

  /** Multicast groups whose frames go to members only. */
  get prunedGroups(): number {
    return this.#groups?.pruned ?? 0;
  }

  /** Everything that the apps count, by name. */
  get counters(): Readonly<Record<string, number>> {
    return Object.assign({}, this.#counts, ...this.#apps.map(({ counters }) => counters));
  }

  /** The switch connected and listed its ports: it is emptied and set up. */
  connected(ports: readonly NamedPort[]): void {
    this.#list(ports);
    for (const app of this.#apps) app.connected?.();
    this.#rules.renew();
    this.#changed();
    this.#route();
  }

  /** As `connected`, for a switch that somebody else keeps in step with what was sent. */
  reconnected(ports: readonly NamedPort[]): void {
    this.#list(ports);
    this.#changed();
    this.#route();
  }

  portStatus({ reason, desc }: { readonly reason: number; readonly desc: NamedPort }): void {
    const { portNo, name } = desc;
    if (reason === PortReason.DELETE) this.#portNames.delete(portNo);
    else this.#portNames.set(portNo, name);
    this.#changed();
  }

  /**
   * With whom links are up, each with its own neighbours as far as they are known, and who is in the overlay. What is known
   * of switches that left is forgotten. Rules follow at a later tick, since such changes come in many small pieces.
   */
  adjacency(neighbours: ReadonlyMap<NodeId, readonly NodeId[]>, overlay: OverlayMembers): void {
    for (const id of this.#neighbours.keys()) if (!neighbours.has(id)) this.#isLinkLost = true;
    this.#neighbours = neighbours;
    for (const id of neighbours.keys()) this.#peerNames.set(this.#names.peer(id), id);
    this.#overlay = overlay;
    this.#members = new Set(overlay.members.map(switchIdOf));
    this.#isStale = true;
  }

  packetIn(message: Pick<Message<'packetIn'>, 'match' | 'cookie' | 'data'>, now: number): void {
    this.#counts.packetIns += 1;
    const { match, cookie = Cookie.learning, data } = message;
    const inPort = fieldOf(match, 'in_port');
    const handle = this.#handlers.get(cookie);
    if (handle === undefined || inPort === undefined || !this.#packet.load(data)) {
      this.#counts.packetInsIgnored += 1;
      return;
    }
    handle({ cookie, inPort, from: this.#placeOf(match, inPort), packet: this.#packet }, now);
  }

  flowRemoved(message: RemovedRule, now: number): void {
    this.#learning.expired(message, now);
  }

  tick(now: number): void {
    this.#waysMade = Math.max(0, this.#waysMade - (now - this.#now) * waysPerMs);
    this.#now = now;
    const isUrgent = this.#isLinkLost && now - this.#routedAt >= withoutLinkMs;
    if (this.#isStale && (isUrgent || this.#waysMade < waysInARow)) {
      this.#changed();
      this.#route();
    }
    for (const app of this.#apps) app.tick?.(now);
  }

  #list(ports: readonly NamedPort[]): void {
    this.#portNames.clear();
    for (const port of ports) this.#portNames.set(port.portNo, port.name);
  }

  /** Rules that say where frames of a port go follow at once, since without them the frames are lost; ways follow at the next tick. */
  #changed(): void {
    this.#isStale = true;
    const { members } = this.#overlay;
    const view: SwitchView = {
      self: switchIdOf(this.#self),
      ports: this.#ports(),
      members: this.#members,
      isPartial: members.length + 1 < this.#nodes,
    };
    for (const app of this.#apps) app.viewed?.(view);
  }

  #route(): void {
    this.#isStale = false;
    this.#isLinkLost = false;
    this.#routedAt = this.#now;
    const ways = this.#ways();
    this.#waysMade += ways.length;
    for (const app of this.#apps) app.routed?.(ways);
  }

  #ways(): Way[] {
    const peers = this.#lastPorts?.peers;
    if (peers === undefined) return [];
    const { members, learned } = this.#overlay;
    const neighbours = new Map([...this.#neighbours].filter(([id]) => peers.has(switchIdOf(id))));
    return waysFrom({ self: this.#self, neighbours, members, nodes: this.#nodes, learned, ports: peers });
  }

  get #nodes(): number {
    return this.#overlay.nodes ?? this.#overlay.members.length + 1;
  }

  #ports(): SwitchPorts | undefined {
    const byName = new Map([...this.#portNames].map(([port, name]) => [name, port]));
    const flood = byName.get(this.#names.flood);
    if (flood === undefined) {
      this.#lastPorts = undefined;
      return undefined;
    }
    const peers = new Map<bigint, number>();
    for (const [name, id] of this.#peerNames) {
      const port = byName.get(name);
      if (port !== undefined) peers.set(switchIdOf(id), port);
      else if (!this.#neighbours.has(id)) this.#peerNames.delete(name);
    }
    const leaves = [...this.#portNames].filter(([, name]) => this.#names.isLeaf(name));
    const ports = { flood, peers, leaves: leaves.map(([port]) => port) };
    if (this.#lastPorts === undefined || !areSamePorts(this.#lastPorts, ports)) this.#lastPorts = ports;
    return this.#lastPorts;
  }

  #placeOf(match: readonly OxmField[], port: number): HostLocation | undefined {
    const metadata = fieldOf(match, 'metadata');
    if (metadata !== undefined && metadata !== 0n) return { kind: 'remote', switchId: metadata };
    const name = this.#portNames.get(port);
    return name !== undefined && this.#names.isLeaf(name) ? { kind: 'local', port } : undefined;
  }

  /** Whether every other switch gets to see a frame that goes its way. A fence may hold back any of IP. */
  #isFlooded({ packet }: ShownFrame): boolean {
    if (!isGroupAddressed(packet.frame) || this.#groups?.isPruned(packet)) return false;
    return !this.#fences || packet.etherType === EtherType.ARP;
  }
}

function areSamePorts(a: SwitchPorts, b: SwitchPorts): boolean {
  return (
    a.flood === b.flood &&
    a.leaves.join() === b.leaves.join() &&
    a.peers.size === b.peers.size &&
    [...a.peers].every(([id, port]) => b.peers.get(id) === port)
  );
}
