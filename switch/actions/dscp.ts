import { get16, Layer, type Packet } from '../packet/index.ts';
import { setTrafficClass } from './set-field.ts';

const highestDropPrecedence = 3;

/**
 * Raises the drop precedence of an IP packet by `levels` (OpenFlow 1.3 section 5.7.1): of an assured forwarding code point
 * within its class (RFC 2597), of a class selector by lowering the class (RFC 2474). Others have none to raise.
 */
export function remarkDscp(packet: Packet, levels: number): void {
  if (!packet.has(Layer.IP)) return;
  const trafficClass = (get16(packet.frame, packet.l3At) >> (packet.frame[packet.l3At]! >> 4 === 4 ? 0 : 4)) & 0xff;
  const dscp = trafficClass >> 2;
  const remarked = raised(dscp, levels);
  if (remarked !== dscp) setTrafficClass(packet, remarked << 2, 0xfc);
}

function raised(dscp: number, levels: number): number {
  const serviceClass = dscp >> 3;
  const rest = dscp & 7;
  if (rest === 0) return Math.max(0, serviceClass - levels) << 3;
  const isAssured = serviceClass >= 1 && serviceClass <= 4 && (rest & 1) === 0;
  if (!isAssured) return dscp;
  return (serviceClass << 3) | (Math.min(highestDropPrecedence, (rest >> 1) + levels) << 1);
}
