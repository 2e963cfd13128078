/** What went wrong with a key or an envelope, as a string that stays the same when the message is reworded. */
export type IdentityErrorCode =
  /** No file there, or no right to read or write it. Fatal. */
  | 'IDENTITY_KEY_UNREADABLE'
  /** Users other than the owner may read the key file. Fatal. */
  | 'IDENTITY_KEY_EXPOSED'
  /** The file holds no Ed25519 private key. Fatal. */
  | 'IDENTITY_KEY_INVALID'
  /** A key is there already; it is not overwritten. Fatal. */
  | 'IDENTITY_KEY_EXISTS'
  /** The envelope is not JSON of the one form there is. Counted. */
  | 'IDENTITY_ENVELOPE_MALFORMED'
  /** The envelope is for another node. Counted. */
  | 'IDENTITY_ENVELOPE_WRONG_RECIPIENT'
  /** The envelope was not signed by the key in it, or was changed since. Counted. */
  | 'IDENTITY_ENVELOPE_BAD_SIGNATURE'
  /** The envelope is, or would be, longer than `maxEnvelopeBytes`. Counted. */
  | 'IDENTITY_ENVELOPE_TOO_LARGE';

export class IdentityError extends Error {
  readonly code: IdentityErrorCode;

  constructor(code: IdentityErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'IdentityError';
    this.code = code;
  }
}
