import { formatNodeId, type NodeId } from '../../topology/index.ts';

/** Port names are what a controller knows a port by; OpenFlow leaves 15 bytes for one. */
export const floodPortName = 'flood';
const peerPrefix = 'peer-';
const peerDigits = 10;

/** What a controller knows the ports of an overlay's switch by. */
export interface PortNames {
  readonly flood: string;
  /** Of the port of the link to a neighbour. */
  peer(id: NodeId): string;
  /** Whether hosts are behind the port. */
  isLeaf(name: string): boolean;
}

/** The name of the port of the link to a neighbour: the first 40 bits of its id. */
export function peerPortName(peer: NodeId): string {
  return peerPrefix + formatNodeId(peer).slice(0, peerDigits);
}

/** Those of a switch of ours. */
export const ownPortNames: PortNames = {
  flood: floodPortName,
  peer: peerPortName,
  isLeaf: (name) => name !== floodPortName && !isPeerPortName(name),
};

function isPeerPortName(name: string): boolean {
  return name.startsWith(peerPrefix) && name.length === peerPrefix.length + peerDigits;
}
