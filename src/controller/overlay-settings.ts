import { floodEtherType } from '../../switch/flood/index.ts';
import type { Fenced } from './apps/dhcp-fence.ts';
import { type LinkLimits, noLinkLimits } from './apps/link-limits.ts';
import { defaultStormLimits, type StormLimits } from './apps/storm-control.ts';
import type { UnknownPolicy } from './apps/unknown-unicast.ts';

/** Which apps there are, and what they are told. */
export interface OverlaySettings {
  readonly storm: StormLimits;
  readonly links: LinkLimits;
  /** Conversations that stay at this site. */
  readonly fence: readonly Fenced[];
  readonly arpNdProxy: boolean;
  readonly multicastSnooping: boolean;
  /** Asks for members of groups where no router does. */
  readonly multicastQuerier: boolean;
  /** Of the frames of bounded floods. */
  readonly floodEtherType: number;
  /** What becomes of unicast to hosts that nobody here has heard of. */
  readonly unknownUnicast: UnknownPolicy;
}

export const defaultOverlaySettings: OverlaySettings = {
  storm: defaultStormLimits,
  links: noLinkLimits,
  fence: [],
  arpNdProxy: true,
  multicastSnooping: true,
  multicastQuerier: false,
  floodEtherType,
  unknownUnicast: 'directory',
};
