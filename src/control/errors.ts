/** What keeps somebody from being asked, or what they refuse; `message` is for the user and names the way out. */
export type ControlErrorCode =
  /** The run directory cannot be made or written. */
  | 'CONTROL_RUNDIR'
  /** Nobody of this name is running. */
  | 'CONTROL_NOT_RUNNING'
  /** Whoever was asked did not do it. */
  | 'CONTROL_REFUSED';

export class ControlError extends Error {
  override readonly name = 'ControlError';
  readonly code: ControlErrorCode;

  constructor(code: ControlErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
