/** What is wrong with a node's surroundings or configuration; `message` is for the user and names the way out. */
export type NodeErrorCode =
  /** The configuration is not valid. */
  | 'NODE_CONFIG'
  /** Another node or bridge of this name is running. */
  | 'NODE_NAME_IN_USE';

export class NodeError extends Error {
  override readonly name = 'NodeError';
  readonly code: NodeErrorCode;

  constructor(code: NodeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
