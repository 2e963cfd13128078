/** What is wrong with how a controller is to work; `message` is for the user and names the way out. */
export type ControllerErrorCode =
  /** The configuration is not valid. */
  | 'CONTROLLER_CONFIG'
  /** Whoever runs under this name has to end first. */
  | 'CONTROLLER_NAME_IN_USE'
  /** No such app, or apps that do not go together. */
  | 'CONTROLLER_APP'
  /** A line of an access control list. */
  | 'CONTROLLER_ACL';

export class ControllerError extends Error {
  override readonly name = 'ControllerError';
  readonly code: ControllerErrorCode;

  constructor(code: ControllerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
