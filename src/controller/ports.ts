import { formatNodeId, type NodeId } from '../../topology/index.ts';

/** Port names are what a controller knows a port by; OpenFlow leaves 15 bytes for one. */
export const floodPortName = 'flood';
const peerPrefix = 'peer-';
const peerDigits = 10;

/** The name of the port of the link to a neighbour: the first 40 bits of its id. */
export function peerPortName(peer: NodeId): string {
  return peerPrefix + formatNodeId(peer).slice(0, peerDigits);
}

export function isPeerPortName(name: string): boolean {
  return name.startsWith(peerPrefix) && name.length === peerPrefix.length + peerDigits;
}
