/** What goes wrong between a node and an Open vSwitch; `message` is for the user. */
export type OvsErrorCode =
  /** Nobody answers where the database is to be. */
  | 'OVS_UNREACHABLE'
  /** The connection ended before the answer came. */
  | 'OVS_LOST'
  /** No answer in time. */
  | 'OVS_TIMEOUT'
  /** The database or the switch refused what was asked. */
  | 'OVS_REFUSED'
  /** What came is not JSON-RPC as RFC 7047 has it, or too long. */
  | 'OVS_PROTOCOL'
  /** The bridge, or a name on it, belongs to somebody else. */
  | 'OVS_TAKEN';

export class OvsError extends Error {
  override readonly name = 'OvsError';
  readonly code: OvsErrorCode;

  constructor(code: OvsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
