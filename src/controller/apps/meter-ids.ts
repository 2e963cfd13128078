import { PortNo } from '../../../ofp/index.ts';

/** Ids of the meters of a switch: each port has so many in a row, the first for the link behind it, the others for storm control. */
const idsOfPort = 4;

export function linkMeterId(port: number): number {
  return firstOf(port);
}

/** `kind`: from 0 to 2. */
export function stormMeterId(port: number, kind: number): number {
  return firstOf(port) + 1 + kind;
}

/** The port that a meter is for, and the kind of storm; -1: its link. */
export function meterOf(id: number): { readonly port: number; readonly kind: number } {
  const port = Math.floor(id / idsOfPort);
  return { port: port === 0 ? PortNo.LOCAL : port, kind: (id % idsOfPort) - 1 };
}

/** No port has number 0, and the host's own has one beyond all ids. */
function firstOf(port: number): number {
  return (port === PortNo.LOCAL ? 0 : port) * idsOfPort;
}
