import { parseIpv4, parseIpv6 } from '../../ofp/index.ts';
import { ArpOp, buildArp, buildNeighbourAdvertisement } from '../../switch/packet/index.ts';

const allNodes = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
const allNodesMac = Uint8Array.of(0x33, 0x33, 0, 0, 0, 1);

/**
 * What a host says when it comes to a network (RFC 5227 section 3, RFC 4861 section 7.2.6), for the addresses that the TAP was
 * given (with prefix lengths): the kernel says nothing, and until it did somebody would have to ask all switches for it.
 */
export function greetings(mac: Uint8Array, addresses: readonly string[]): Uint8Array[] {
  return addresses.map((address) => {
    const [text = ''] = address.split('/');
    const ip = parseIpv4(text);
    if (ip !== undefined) return buildArp({ op: ArpOp.REQUEST, srcMac: mac, srcIp: ip, dstIp: ip });
    const target = parseIpv6(text)!;
    const fields = { srcMac: mac, dstMac: allNodesMac, srcIp: target, dstIp: allNodes, target };
    return buildNeighbourAdvertisement({ ...fields, isUnsolicited: true });
  });
}
