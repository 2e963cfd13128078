import {
  BadRequestCode,
  ControllerRole,
  ControllerRoleReason,
  ErrorType,
  OfpEncodeError,
  type OfpMessageInput,
  type OfpVersion,
  type Outgoing,
  Session,
} from '../../ofp/index.ts';
import { get32 } from '../packet/index.ts';
import { wireError } from './wire-errors.ts';

/** So that the error fits into a message. */
const maxErrorData = 65_000;

/** A session that words errors as its version does. */
export class SwitchSession extends Session {
  /** Errors sent. */
  errors = 0;

  /** Experimenter messages of 1.3 tell what 1.4 has a message for. */
  override demoted(generationId: bigint): void {
    const { version } = this;
    if (version < 4) return;
    const reason = ControllerRoleReason.MASTER_REQUEST;
    this.write({ type: 'roleStatus', version, xid: 0, role: ControllerRole.SLAVE, reason, generationId });
  }

  /** Sends what nobody asked for and must not be lost. What the version has no words for is not told in it. */
  tell(message: Outgoing): void {
    try {
      this.write({ ...message, version: this.version, xid: 0 } as OfpMessageInput);
    } catch (error) {
      if (!(error instanceof OfpEncodeError)) throw error;
    }
  }

  /** The whole request goes back, so that whoever reads it sees what was meant. */
  override refuse(frame: Uint8Array, errorType: number, code: number): void {
    const xid = get32(frame, 4);
    this.sendError(errorType, code, frame.subarray(0, maxErrorData), xid);
  }

  protected override sendError(errorType: number, code: number, data: Uint8Array, xid: number): void {
    this.errors += 1;
    // Whoever speaks another version understands that one.
    const isForeign = errorType === ErrorType.BAD_REQUEST && code === BadRequestCode.BAD_VERSION;
    const version = isForeign ? knownVersion(data[0], this.version) : this.version;
    this.write({ type: 'error', version, xid, ...wireError(version, errorType, code, data) });
  }
}

function knownVersion(version: number | undefined, otherwise: OfpVersion): OfpVersion {
  return version !== undefined && version >= 1 && version <= 6 ? (version as OfpVersion) : otherwise;
}
