import { PcapError } from './errors.ts';

/** One frame of a capture file. */
export interface CapturedFrame {
  /** Nanoseconds since 1970. */
  readonly timeNs: bigint;
  /** Which of the file's interfaces it was captured on, from 0. */
  readonly interfaceId: number;
  /** Its bytes, which may be fewer than it had. The reader does not touch them again. */
  readonly data: Uint8Array;
  /** How many it had. */
  readonly originalLength: number;
}

/** LINKTYPE_ETHERNET; both formats use the same numbers. */
export const ethernet = 1;
/** The largest snapshot length that libpcap accepts (MAXIMUM_SNAPLEN). */
export const maxFrame = 262_144;

/** Throws PCAP_LINK_TYPE. */
export function expectEthernet(linkType: number): void {
  if (linkType === ethernet) return;
  throw new PcapError('PCAP_LINK_TYPE', `frames of link type ${linkType} were captured: only Ethernet (1) is read`);
}

/** Throws PCAP_BROKEN for a length that no capture has. */
export function expectLength(length: number): void {
  if (length <= maxFrame) return;
  throw new PcapError('PCAP_BROKEN', `a frame of ${length} bytes is said to follow, ${maxFrame} are the most`);
}

export function brokenOff(): PcapError {
  return new PcapError('PCAP_BROKEN', 'the file breaks off within a frame');
}
