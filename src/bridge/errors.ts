/** What is wrong with a bridge's configuration or a request to it; `message` is for the user and names the way out. */
export type BridgeErrorCode =
  /** The configuration is not valid. */
  | 'BRIDGE_CONFIG'
  /** Not the notation of a port. */
  | 'BRIDGE_PORT_SPEC'
  /** There is no such port. */
  | 'BRIDGE_NO_PORT'
  /** A bridge or node of this name is running. */
  | 'BRIDGE_NAME_IN_USE'
  /** A request without what it needs, or with what makes no sense. */
  | 'BRIDGE_REQUEST';

export class BridgeError extends Error {
  override readonly name = 'BridgeError';
  readonly code: BridgeErrorCode;

  constructor(code: BridgeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
