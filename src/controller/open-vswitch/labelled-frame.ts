/**
 * What the header of a link says of a frame, said so that OpenFlow 1.3 can read it: labels, which stand between the MAC addresses and
 * the rest of the frame on their way between the node and its Open vSwitch, and nowhere else.
 *
 * A frame that leaves or enters the overlay at this switch has a VLAN tag more, with the label of the switch at its other end, and the
 * mark of the link's header as its priority:
 *
 *     +-------------------+-------------------------------+
 *     | MAC addresses, 12 | 0x8100                        |
 *     +-----------+---+---+-------------------------------+-----------------------
 *     | mark, 3   | 0 | label, 12 bits                | the rest of the frame
 *     +-----------+---+-----------------------------------+-----------------------
 *
 * One that comes from there and has a tag of its own has a label of MPLS instead, since Open vSwitch looks at the first tag of a frame
 * only and forgets the second one when it takes off the first. It stands in the place of the type of that tag, which the traffic
 * class tells: 0 is 0x8100, 1 is 0x88a8.
 *
 * A frame on its way from one link to another has two labels of MPLS (RFC 3032 section 2.1), of the switch that it is for and of the one
 * that it comes from. The traffic class of the first is the mark; its time to live is the hop limit, which the switch counts down:
 *
 *     +-------------------+---------------------------------------------------------------------+
 *     | MAC addresses, 12 | 0x8847                                                              |
 *     +-------------------+---------------------+-------+---+-----------------------------------+
 *     | destination, 20 bits                    | mark  | 0 | hop limit, 8 bits                 |
 *     +-----------------------------------------+-------+---+-----------------------------------+
 *     | source, 20 bits                         | 0     | 1 | 0                                 |
 *     +-----------------------------------------+-------+---+-----------------------------------+
 *     | the rest of the frame                                                                   |
 */
import { EtherType, get16, get32, put16, put32 } from '../../../switch/packet/index.ts';

const macs = 12;
const tagLength = 4;
const stackLength = 10;
/** An Ethernet header without anything behind it. */
const minFrame = 14;
/** Nobody counts it down. */
const unusedHopLimit = 0xff;
/** Last label of the stack. */
const bottom = 0x100;

export interface Tag {
  readonly label: number;
  readonly mark: number;
}

export interface TransitLabels {
  readonly destination: number;
  readonly source: number;
  readonly mark: number;
  readonly hopLimit: number;
}

/** More bytes than a frame has without labels, at most. */
export const labelsLength: number = stackLength;

/** The types of tags, in the order of the traffic classes that stand for them. */
export const tagTypes: readonly number[] = [EtherType.VLAN, EtherType.SERVICE_VLAN];

/** A copy of a frame with the label of the switch where it entered the overlay. */
export function arriving(frame: Uint8Array, label: number): Uint8Array {
  const type = get16(frame, macs);
  const index = tagTypes.indexOf(type);
  if (index < 0) return tagged(frame, label);
  const copy = withRoom(frame, tagLength);
  put16(copy, macs, EtherType.MPLS);
  put32(copy, macs + 2, ((label << 12) | (index << 9) | bottom | unusedHopLimit) >>> 0);
  return copy;
}

/** A copy of a frame with the label of the switch at the other end of its way. */
function tagged(frame: Uint8Array, label: number): Uint8Array {
  const copy = withRoom(frame, tagLength);
  put16(copy, macs, EtherType.VLAN);
  put16(copy, macs + 2, label);
  return copy;
}

/** A copy of a frame with the labels of its way through this switch. */
export function stacked(frame: Uint8Array, { destination, source, mark, hopLimit }: TransitLabels): Uint8Array {
  const copy = withRoom(frame, stackLength);
  put16(copy, macs, EtherType.MPLS);
  put32(copy, macs + 2, ((destination << 12) | (mark << 9) | hopLimit) >>> 0);
  put32(copy, macs + 6, ((source << 12) | bottom) >>> 0);
  return copy;
}

/** Undefined: it has none. */
export function tagOf(frame: Uint8Array): Tag | undefined {
  if (frame.length < minFrame + tagLength || get16(frame, macs) !== EtherType.VLAN) return undefined;
  const tag = get16(frame, macs + 2);
  return { label: tag & 0xfff, mark: tag >> 13 };
}

/** The labels of a frame in transit; undefined: it has none. */
export function stackOf(frame: Uint8Array): TransitLabels | undefined {
  if (frame.length < minFrame + stackLength || get16(frame, macs) !== EtherType.MPLS) return undefined;
  const [top, next] = [get32(frame, macs + 2), get32(frame, macs + 6)];
  if ((top & bottom) !== 0 || (next & bottom) === 0) return undefined;
  return { destination: top >>> 12, source: next >>> 12, mark: (top >> 9) & 7, hopLimit: top & 0xff };
}

/** The frame without its tag. The bytes of the labelled one are used again. */
export function untagged(frame: Uint8Array): Uint8Array {
  return without(frame, tagLength);
}

/** The frame without its labels. The bytes of the labelled one are used again. */
export function unstacked(frame: Uint8Array): Uint8Array {
  return without(frame, stackLength);
}

function withRoom(frame: Uint8Array, length: number): Uint8Array {
  const copy = new Uint8Array(frame.length + length);
  copy.set(frame.subarray(0, macs));
  copy.set(frame.subarray(macs), macs + length);
  return copy;
}

function without(frame: Uint8Array, length: number): Uint8Array {
  frame.copyWithin(length, 0, macs);
  return frame.subarray(length);
}
