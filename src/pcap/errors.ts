/** What is wrong with a capture file; `message` is for the user. */
export type PcapErrorCode =
  /** It cannot be opened or read. */
  | 'PCAP_UNREADABLE'
  /** Neither pcap nor pcapng, or a version of them that is not known. */
  | 'PCAP_FORMAT'
  /** It is one, but breaks off or contradicts itself. */
  | 'PCAP_BROKEN'
  /** Not of Ethernet. */
  | 'PCAP_LINK_TYPE';

export class PcapError extends Error {
  override readonly name = 'PcapError';
  readonly code: PcapErrorCode;

  constructor(code: PcapErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
