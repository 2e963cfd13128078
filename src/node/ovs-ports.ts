import { formatNodeId, type NodeId } from '../../topology/index.ts';
import type { SwitchPort } from '../control/index.ts';
import type { PortNames } from '../controller/index.ts';
import type { FramePort } from '../tap/index.ts';

/** Of interface names, which have 15 bytes. */
const [selfDigits, peerDigits] = [4, 8];

/** Names of interfaces, which two nodes on one machine must not share, though they may share a neighbour. */
export function portNames(self: NodeId, flood: string): PortNames {
  const prefix = `rl${formatNodeId(self).slice(0, selfDigits)}-`;
  return {
    flood,
    peer: (id) => `${prefix}${formatNodeId(id).slice(0, peerDigits)}`,
    isLeaf: (name) => name !== flood && !name.startsWith(prefix),
  };
}

/** A port of an Open vSwitch that a TAP of the node is at. */
export interface OvsPort {
  readonly kind: 'flood' | 'peer';
  readonly name: string;
  /** Undefined while the switch does not have it. */
  readonly no: number | undefined;
  readonly tap: FramePort | undefined;
  /** Messages from the other end of the link that made no sense. */
  readonly malformed: number;
}

/** As the switch counts: what the TAP was given came in there. */
export function describePort({ kind, name, no, tap, malformed: rxErrors }: OvsPort): SwitchPort {
  const counts = tap?.counters;
  return {
    ...{ no: no ?? 0, name, kind, mac: tap?.mac ?? new Uint8Array(6), isUp: no !== undefined },
    counters: {
      ...{
        rxPackets: counts?.txFrames ?? 0,
        rxBytes: counts?.txBytes ?? 0,
        rxDropped: counts?.txDropped ?? 0,
        rxErrors,
      },
      ...{ txPackets: counts?.rxFrames ?? 0, txBytes: counts?.rxBytes ?? 0, txDropped: counts?.rxDropped ?? 0 },
      txErrors: 0,
    },
  };
}
