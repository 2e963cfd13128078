/** `message` is for the user and names the way out. */
export type LabErrorCode =
  /** Another lab lives in this run directory. */
  | 'LAB_RUNNING'
  /** ip(8) failed. */
  | 'LAB_IP'
  /** A process of the lab ended by itself, or did not come up. */
  | 'LAB_PROCESS'
  /** `--kill` names no node, or nodes have no process of their own. */
  | 'LAB_KILL'
  /** More nodes than this kernel's tables hold. */
  | 'LAB_TOO_LARGE';

export class LabError extends Error {
  override readonly name = 'LabError';
  readonly code: LabErrorCode;

  constructor(code: LabErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
