import {
  Capabilities,
  type OfpVersion,
  PortFeatures,
  PortFeatures10,
  PortState,
  type ValueOf,
} from '../../ofp/index.ts';
import type { Port } from '../ports/port.ts';
import { type ByVersion, inVersion } from './by-version.ts';

const C = Capabilities;
const always = C.FLOW_STATS | C.TABLE_STATS | C.PORT_STATS | C.QUEUE_STATS;

/** `capabilities` of a features reply. */
export const capabilities: ByVersion<number> = {
  1: always | C.ARP_MATCH_IP,
  2: always | C.GROUP_STATS,
  5: always | C.GROUP_STATS | C.BUNDLES,
  6: always | C.GROUP_STATS | C.BUNDLES | C.FLOW_MONITORING,
};

/** The actions of 1.0, 0 (output) to 11 (enqueue), as a features reply lists them there. */
export const actions10 = 0xfff;

/** Bits of `PortFeatures` that have another place in 1.0. */
const moved = ['COPPER', 'FIBER', 'AUTONEG', 'PAUSE', 'PAUSE_ASYM'] as const;
/** The speeds, up to 10 Gb/s. */
const sameIn10 = 0x7f;

const features: ByVersion<(later: number) => number> = {
  1: (later) =>
    moved.reduce(
      (bits, name) => bits | ((later & PortFeatures[name]) === 0 ? 0 : PortFeatures10[name]),
      later & sameIn10,
    ),
  2: (later) => later,
};

/** LIVE came with 1.1; in 1.0, a port that is administratively down has no link. */
const state: ByVersion<(port: Port) => number> = {
  1: (port) => (port.isUp ? 0 : PortState.LINK_DOWN),
  2: (port) => (port.isUp ? PortState.LIVE : PortState.LINK_DOWN),
};

/** `ofp_port` (1.0 section 5.2.1, 1.3 section 7.2.1, 1.4 section 7.2.1); a property holds the second half from 1.4 on. */
export function portDescription(port: Port, version: OfpVersion): ValueOf['portDesc'] {
  const curr = inVersion(features, version)(port.speed === 0 ? 0 : PortFeatures.COPPER);
  const link = { curr, advertised: 0, supported: 0, peer: 0, currSpeed: port.speed, maxSpeed: port.speed };
  return {
    portNo: port.no,
    hwAddr: port.mac,
    name: port.name,
    config: port.config,
    state: inVersion(state, version)(port),
    ...link,
    properties: [{ type: 'ethernet', ...link }],
  };
}
