/** Error numbers of the versions, and their names. */
import { ERROR_TYPES, type ErrorTypeInfo, FlowModFailedCode10 } from '../constants/errors.ts';
import type { OfpVersion } from '../errors.ts';

export interface WireError {
  readonly errorType: number;
  readonly code: number;
}

const TYPES: { readonly [name: string]: ErrorTypeInfo } = ERROR_TYPES;

/** The types that 1.0 numbers otherwise, by their later number. */
const TYPE_10: { readonly [type: number]: number } = {
  [ERROR_TYPES.HELLO_FAILED.type]: 0,
  [ERROR_TYPES.BAD_REQUEST.type]: 1,
  [ERROR_TYPES.BAD_ACTION.type]: 2,
  [ERROR_TYPES.FLOW_MOD_FAILED.type]: 3,
  [ERROR_TYPES.PORT_MOD_FAILED.type]: 4,
  [ERROR_TYPES.QUEUE_OP_FAILED.type]: 5,
};

const { FLOW_MOD_FAILED } = ERROR_TYPES;
/** Flow-mod failures of 1.0 by their later number; what it does not have is unsupported. */
const FLOW_MOD_10: { readonly [code: number]: number } = {
  [FLOW_MOD_FAILED.codes.TABLE_FULL]: FlowModFailedCode10.ALL_TABLES_FULL,
  [FLOW_MOD_FAILED.codes.OVERLAP]: FlowModFailedCode10.OVERLAP,
  [FLOW_MOD_FAILED.codes.EPERM]: FlowModFailedCode10.EPERM,
  [FLOW_MOD_FAILED.codes.BAD_TIMEOUT]: FlowModFailedCode10.BAD_EMERG_TIMEOUT,
  [FLOW_MOD_FAILED.codes.BAD_COMMAND]: FlowModFailedCode10.BAD_COMMAND,
};
const LAST_BAD_ACTION_10 = 8;
const LAST_BAD_REQUEST_10 = 8;
const BAD_ACTION_ARGUMENT = 5;
const EPERM = 5;

/**
 * The numbers to send in a version for an error that is known by those of 1.1 and later. Only 1.0 differs: what it has
 * no number for becomes the nearest that it has.
 */
export function wireError(version: OfpVersion, errorType: number, code: number): WireError {
  if (version > 1) return { errorType, code };
  const type10 = TYPE_10[errorType];
  if (errorType === FLOW_MOD_FAILED.type) {
    return { errorType: 3, code: FLOW_MOD_10[code] ?? FlowModFailedCode10.UNSUPPORTED };
  }
  if (errorType === ERROR_TYPES.BAD_ACTION.type && code > LAST_BAD_ACTION_10) {
    return { errorType: 2, code: BAD_ACTION_ARGUMENT };
  }
  if (type10 !== undefined && !(errorType === ERROR_TYPES.BAD_REQUEST.type && code > LAST_BAD_REQUEST_10)) {
    return { errorType: type10, code };
  }
  // Matches and instructions came later: to a switch of 1.0 they are flow-mods that it cannot do.
  if (errorType === ERROR_TYPES.BAD_MATCH.type || errorType === ERROR_TYPES.BAD_INSTRUCTION.type) {
    return { errorType: 3, code: FlowModFailedCode10.UNSUPPORTED };
  }
  return { errorType: 1, code: EPERM };
}

/** Names of an error's type and code in a version, or numbers where there is no name. */
export function errorName(version: OfpVersion, errorType: number, code: number): string {
  const type10 = (number: number): number | undefined =>
    Number(Object.entries(TYPE_10).find(([, old]) => old === number)?.[0] ?? Number.NaN);
  const type = version > 1 ? errorType : type10(errorType);
  const found = Object.entries(TYPES).find(([, info]) => info.type === type);
  if (found === undefined) return `${errorType}/${code}`;
  const [name, info] = found;
  const codes: { readonly [code: string]: number } =
    version === 1 && name === 'FLOW_MOD_FAILED' ? FlowModFailedCode10 : info.codes;
  const codeName = Object.entries(codes).find(([, number]) => number === code)?.[0];
  return `${name}/${codeName ?? code}`;
}
