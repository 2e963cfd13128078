import {
  ControllerRole,
  ErrorType,
  FlowRemovedReason,
  PacketInReason,
  PortReason,
  RoleRequestFailedCode,
} from '../../ofp/index.ts';
import { OpenFlowRefusal } from '../errors.ts';

/** Bitmaps of reasons: first for master and equal, second for slave. */
export interface AsyncMasks {
  readonly packetInMask: [number, number];
  readonly portStatusMask: [number, number];
  readonly flowRemovedMask: [number, number];
}

const allPortReasons = (1 << PortReason.ADD) | (1 << PortReason.DELETE) | (1 << PortReason.MODIFY);
const allRemovedReasons =
  (1 << FlowRemovedReason.IDLE_TIMEOUT) |
  (1 << FlowRemovedReason.HARD_TIMEOUT) |
  (1 << FlowRemovedReason.DELETE) |
  (1 << FlowRemovedReason.GROUP_DELETE);

/** OpenFlow 1.3 section 6.3.5: all but invalid TTLs, and to slaves the ports only. */
export const defaultMasks: AsyncMasks = {
  packetInMask: [(1 << PacketInReason.NO_MATCH) | (1 << PacketInReason.ACTION), 0],
  portStatusMask: [allPortReasons, allPortReasons],
  flowRemovedMask: [allRemovedReasons, 0],
};

/** Whoever holds a role. */
export interface RoleHolder {
  role: number;
}

/** The roles of a switch's controllers: at most one master, and a generation id against late requests (section 6.3.4). */
export class Roles {
  #generationId: bigint | undefined;

  /** All ones as long as no request gave one. */
  get generationId(): bigint {
    return this.#generationId ?? 0xffff_ffff_ffff_ffffn;
  }

  /** Throws `OpenFlowRefusal` (ROLE_REQUEST_FAILED) for a stale generation id and for a role that does not exist. */
  request(holder: RoleHolder, all: Iterable<RoleHolder>, role: number, generationId: bigint): void {
    if (role === ControllerRole.NOCHANGE) return;
    if (role === ControllerRole.MASTER || role === ControllerRole.SLAVE) this.#advance(generationId);
    else if (role !== ControllerRole.EQUAL) throw refusal(RoleRequestFailedCode.BAD_ROLE, `no role ${role}`);
    if (role === ControllerRole.MASTER) {
      for (const other of all) if (other.role === ControllerRole.MASTER) other.role = ControllerRole.SLAVE;
    }
    holder.role = role;
  }

  /** Compared as a signed difference, so that the id may wrap around. */
  #advance(generationId: bigint): void {
    if (this.#generationId !== undefined && BigInt.asIntN(64, generationId - this.#generationId) < 0n) {
      throw refusal(RoleRequestFailedCode.STALE, `generation id ${generationId} is older than ${this.#generationId}`);
    }
    this.#generationId = generationId;
  }
}

function refusal(code: number, reason: string): OpenFlowRefusal {
  return new OpenFlowRefusal(ErrorType.ROLE_REQUEST_FAILED, code, reason);
}
