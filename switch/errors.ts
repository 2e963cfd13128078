/** A request that OpenFlow has an error for; the agent answers with it. Thrown before anything was changed. */
export class OpenFlowRefusal extends Error {
  readonly code = 'SWITCH_REFUSED';
  /** `ErrorType` and the code within it. */
  readonly errorType: number;
  readonly errorCode: number;

  constructor(errorType: number, errorCode: number, reason: string) {
    super(reason);
    this.name = 'OpenFlowRefusal';
    this.errorType = errorType;
    this.errorCode = errorCode;
  }
}

export type SwitchFault =
  | 'SWITCH_PORT_NAME'
  | 'SWITCH_PORT_MAC'
  | 'SWITCH_PORT_TAKEN'
  | 'SWITCH_PORTS_FULL'
  | 'SWITCH_NO_SUCH_PORT'
  | 'SWITCH_DESCRIPTION'
  | 'SWITCH_REENTERED';

/** A call that the owner of the bridge got wrong. */
export class SwitchError extends Error {
  readonly code: SwitchFault;

  constructor(code: SwitchFault, reason: string) {
    super(reason);
    this.name = 'SwitchError';
    this.code = code;
  }
}
