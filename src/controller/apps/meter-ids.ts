/** Ids of the meters of a switch: each port has so many in a row, the first for the link behind it, the others for storm control. */
const idsOfPort = 4;

export function linkMeterId(port: number): number {
  return port * idsOfPort;
}

/** `kind`: from 0 to 2. */
export function stormMeterId(port: number, kind: number): number {
  return port * idsOfPort + 1 + kind;
}

/** The port that a meter is for, and the kind of storm; -1: its link. */
export function meterOf(id: number): { readonly port: number; readonly kind: number } {
  return { port: Math.floor(id / idsOfPort), kind: (id % idsOfPort) - 1 };
}
