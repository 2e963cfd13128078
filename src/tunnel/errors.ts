/** What went wrong with a tunnel, as a string that stays the same when the message is reworded. */
export type TunnelErrorCode =
  /** The other end sent something that is no session description, candidate or signal of ours. */
  | 'TUNNEL_MALFORMED_SIGNAL'
  /** An offer to the end that offers, or an answer to the end that answers, or a second one. */
  | 'TUNNEL_UNEXPECTED_SIGNAL'
  /** The certificate, or the description's fingerprint, is not the one that the node's key signed. */
  | 'TUNNEL_FINGERPRINT_MISMATCH'
  /** A STUN or TURN server of the configuration that is no URL. Fatal: told when the factory is made. */
  | 'TUNNEL_BAD_ICE_SERVER'
  /** `dial` or `accept` after `close`. */
  | 'TUNNEL_FACTORY_CLOSED';

export class TunnelError extends Error {
  readonly code: TunnelErrorCode;

  constructor(code: TunnelErrorCode, message: string) {
    super(message);
    this.name = 'TunnelError';
    this.code = code;
  }
}
