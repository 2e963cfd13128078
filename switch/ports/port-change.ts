import { ErrorType, PortConfig, PortModFailedCode } from '../../ofp/index.ts';
import { OpenFlowRefusal } from '../errors.ts';
import type { Port } from './port.ts';

/** A port-mod message, or anything of its shape. */
export interface PortChange {
  readonly portNo: number;
  readonly hwAddr: Uint8Array;
  /** `PortConfig` bits, of which those in `mask` count. */
  readonly config: number;
  readonly mask: number;
}

/** NO_FLOOD is 1.0's; the others are 1.3's. */
const settable =
  PortConfig.PORT_DOWN | PortConfig.NO_RECV | PortConfig.NO_FWD | PortConfig.NO_PACKET_IN | PortConfig.NO_FLOOD;

/** Carries a change out and says whether it changed anything. Throws `OpenFlowRefusal` (PORT_MOD_FAILED). */
export function applyPortChange(port: Port | undefined, change: PortChange): boolean {
  if (!port) throw refusal(PortModFailedCode.BAD_PORT, `no port ${change.portNo}`);
  if (!port.mac.every((byte, i) => byte === change.hwAddr[i])) {
    throw refusal(PortModFailedCode.BAD_HW_ADDR, `port ${change.portNo} has another address`);
  }
  const wanted = change.config & change.mask;
  if ((wanted & ~settable) !== 0) throw refusal(PortModFailedCode.BAD_CONFIG, `configuration ${change.config}`);
  const config = (port.config & ~change.mask) | wanted;
  if (config === port.config) return false;
  port.config = config;
  return true;
}

function refusal(code: number, reason: string): OpenFlowRefusal {
  return new OpenFlowRefusal(ErrorType.PORT_MOD_FAILED, code, reason);
}
