import { EtherType, isGroupAddressed, type Packet } from '../../switch/packet/index.ts';
import { type NodeId, switchIdOf } from '../../topology/index.ts';
import type { AnnouncementSeal } from './apps/announcement.ts';
import type { App, AppReach, ShownFrame } from './apps/app.ts';
import { ArpNdProxy } from './apps/arp-nd-proxy.ts';
import { BoundedFlood } from './apps/bounded-flood.ts';
import { DhcpFence } from './apps/dhcp-fence.ts';
import { type DirectoryAccess, HostDirectory, type HostDirectoryOptions } from './apps/host-directory.ts';
import type { Station } from './apps/hosts.ts';
import { IgmpMld } from './apps/igmp-mld.ts';
import { Ingress } from './apps/ingress.ts';
import { Learning } from './apps/learning.ts';
import { LinkLimiter } from './apps/link-limits.ts';
import { OverlayRouting } from './apps/overlay-routing.ts';
import { StormControl } from './apps/storm-control.ts';
import { UnknownUnicast, type UnknownUnicastOptions } from './apps/unknown-unicast.ts';
import type { OverlaySettings } from './overlay-settings.ts';
import { Cookie } from './pipeline.ts';

export interface OverlayAppsOptions {
  readonly self: NodeId;
  /** Of the switch's floods now: it rises where others know of a later start of this node. */
  readonly epoch: () => number;
  /** Vouches for what the switch announces and puts into the directory. */
  readonly seal: AnnouncementSeal;
  readonly settings: OverlaySettings;
  /** Of the overlay, where its links make a ring. */
  readonly directory?: DirectoryAccess | undefined;
  /** The switch may be without its controller for a while: what hosts at its leaf ports need to find each other goes by rules. */
  readonly isSelfReliant?: boolean;
}

/** The apps of a switch of an overlay, as its settings have them. */
export interface OverlayApps {
  /** In this order they hear of changes: meters come before the rules that use them. */
  readonly all: readonly App[];
  readonly learning: Learning;
  readonly proxy: ArpNdProxy | undefined;
  readonly groups: IgmpMld | undefined;
  /** What becomes of frames that rules with these cookies sent up. */
  readonly handlers: ReadonlyMap<bigint, (frame: ShownFrame, now: number) => void>;
}

export function overlayApps(options: OverlayAppsOptions, reach: AppReach): OverlayApps {
  const { self: node, epoch, seal, settings, directory, isSelfReliant = false } = options;
  const self = switchIdOf(node);
  const fences = settings.fence.length > 0;
  const { unknownUnicast: policy } = settings;
  const isDropped = policy === 'drop';
  const asksUnknown = isDropped || (policy === 'directory' && directory !== undefined);
  const isBehindLeaves = asksUnknown && isSelfReliant && !isDropped;
  const asks = isBehindLeaves ? 'behind leaves' : asksUnknown ? 'first' : 'nobody';
  const storm = new StormControl(reach, settings.storm, asks);
  const told: HostDirectoryOptions['told'] = (...record) => learning.told(...record);
  const registrar = directory && policy !== 'flood' ? new HostDirectory({ self, directory, seal, told }) : undefined;
  const learning = new Learning({ self, epoch, seal, reach, registrar });
  const host = (mac: Uint8Array) => learning.host(mac);
  const proxy = settings.arpNdProxy ? new ArpNdProxy({ reach, host, directory: registrar, isSelfReliant }) : undefined;
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
  const groups = settings.multicastSnooping ? new IgmpMld({ self, reach, actionTo, isQuerier }) : undefined;
  const { floodEtherType: etherType } = settings;
  const floods = [new Ingress(reach, storm, etherType), new BoundedFlood(reach, etherType)];
  const base = [storm, limits, ...floods, routing, learning];
  const extra = [registrar, unknown, proxy, groups, fences ? new DhcpFence(reach, settings.fence) : undefined];
  /** Whether every other switch gets to see a frame that goes its way. A fence may hold back any of IP. */
  const isFlooded = (packet: Packet): boolean => {
    if (!isGroupAddressed(packet.frame) || groups?.isPruned(packet)) return false;
    return !fences || packet.etherType === EtherType.ARP;
  };
  const handlers: OverlayApps['handlers'] = new Map([
    [Cookie.announcement, (frame, now) => learning.announcement(frame, now)],
    [Cookie.learning, (frame, now) => learning.heard(frame, isFlooded(frame.packet), now)],
    [
      Cookie.binding,
      (frame, now) => {
        proxy?.overheard(frame, now);
        learning.heard(frame, isFlooded(frame.packet), now);
      },
    ],
    [Cookie.question, (frame, now) => learning.heard(frame, proxy?.asked(frame, now) ?? false, now)],
    [Cookie.unknown, (frame, now) => unknown?.arrived(frame, now)],
    [Cookie.membership, (frame, now) => learning.heard(frame, groups?.told(frame, now) ?? false, now)],
  ]);
  return { all: [...base, ...extra.filter((app) => app !== undefined)], learning, proxy, groups, handlers };
}
