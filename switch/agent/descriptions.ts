import { PortFeatures, type ValueOf } from '../../ofp/index.ts';
import type { Port } from '../ports/port.ts';

type PortDescription = ValueOf['portDesc'];

/** `ofp_port` (OpenFlow 1.3 section 7.2.1). */
export function portDescription(port: Port): PortDescription {
  const features = port.kind === 'flood' ? 0 : PortFeatures.COPPER | PortFeatures.OTHER;
  return {
    portNo: port.no,
    hwAddr: port.mac,
    name: port.name,
    config: port.config,
    state: port.state,
    curr: features,
    advertised: 0,
    supported: 0,
    peer: 0,
    currSpeed: port.speed,
    maxSpeed: port.speed,
  };
}
