/** Wire version numbers of the header: 1 = OpenFlow 1.0, 2 = 1.1, 3 = 1.2, 4 = 1.3, 5 = 1.4, 6 = 1.5. */
export type OfpVersion = 1 | 2 | 3 | 4 | 5 | 6;

/** Where in a message a fault was found, and what to answer. */
export interface DecodeFault {
  /** Byte offset from the start of the message (or of the buffer that was being read). */
  readonly offset: number;
  /** The structure or `structure.field` that was being read. */
  readonly field: string;
  /** OpenFlow error type to answer with, in the numbering of 1.1 and later (`ErrorType`). */
  readonly errorType: number;
  /** OpenFlow error code within `errorType`. */
  readonly errorCode: number;
}

/** Bytes that are not a well-formed OpenFlow message. The only thing `decode` throws. */
export class OfpDecodeError extends Error implements DecodeFault {
  readonly code = 'OFP_DECODE';
  readonly offset: number;
  readonly field: string;
  readonly errorType: number;
  readonly errorCode: number;

  constructor(reason: string, fault: DecodeFault) {
    super(`${fault.field} at byte ${fault.offset}: ${reason}`);
    this.name = 'OfpDecodeError';
    this.offset = fault.offset;
    this.field = fault.field;
    this.errorType = fault.errorType;
    this.errorCode = fault.errorCode;
  }
}

/** A value that cannot be written in the wanted version. The only thing `encode` throws. */
export class OfpEncodeError extends Error {
  readonly code = 'OFP_ENCODE';
  /** The `structure.field` that could not be written. */
  readonly field: string;

  constructor(field: string, reason: string) {
    super(`${field}: ${reason}`);
    this.name = 'OfpEncodeError';
    this.field = field;
  }
}

/** Text that is not a flow, group, meter or action in the syntax of ovs-ofctl. The only thing that the readers of text throw. */
export class OfpTextError extends Error {
  readonly code = 'OFP_TEXT';
  /** Offset of the character from which on the text is wrong. */
  readonly position: number;
  /** What would have been right there. */
  readonly expected: string;

  constructor(position: number, expected: string, found: string) {
    super(`expected ${expected} instead of "${found}" at character ${position + 1}`);
    this.name = 'OfpTextError';
    this.position = position;
    this.expected = expected;
  }
}
