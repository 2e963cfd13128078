/** What went wrong with a courier, as a string that stays the same when the message is reworded. */
export type SignalErrorCode =
  /** The first attempt to reach the rendezvous failed. Fatal for the start of a node. */
  | 'SIGNAL_UNREACHABLE'
  /** The rendezvous answered, and said no: full, or the registration was wrong. Fatal for the start of a node. */
  | 'SIGNAL_REFUSED'
  /** Another program listens on the port. Fatal for the rendezvous server. */
  | 'SIGNAL_PORT_IN_USE'
  /** The address cannot be listened on: not of this machine, or no right to the port. Fatal for the server. */
  | 'SIGNAL_CANNOT_LISTEN'
  /** `start` after `close`, or twice. */
  | 'SIGNAL_CLOSED';

export class SignalError extends Error {
  readonly code: SignalErrorCode;

  constructor(code: SignalErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SignalError';
    this.code = code;
  }
}
