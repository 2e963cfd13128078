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

/** Stands for a type where Open vSwitch has errors of its own, in every version; OpenFlow has no such type. */
export const niciraError = 0x1_0000;

/** Codes as Open vSwitch numbers them from 1.2 on. */
export const NiciraErrorCode = {
  TLV_BAD_COMMAND: 16,
  TLV_BAD_OPT_LEN: 17,
  TLV_BAD_FIELD_IDX: 18,
  TLV_TABLE_FULL: 19,
  TLV_ALREADY_MAPPED: 20,
  TLV_DUP_ENTRY: 21,
  NOT_CONFIGURED: 36,
  INVALID_TLV_FIELD: 37,
  INVALID_TLV_DEL: 38,
} as const;

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
