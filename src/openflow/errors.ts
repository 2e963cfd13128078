/** What is wrong with where OpenFlow connections are to come from or go to; `message` is for the user. */
export type OpenFlowErrorCode =
  /** Not the notation of an OpenFlow connection. */
  | 'OPENFLOW_TARGET'
  /** A key or certificate is missing, cannot be read, or does not fit. */
  | 'OPENFLOW_TLS';

export class OpenFlowError extends Error {
  override readonly name = 'OpenFlowError';
  readonly code: OpenFlowErrorCode;

  constructor(code: OpenFlowErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
