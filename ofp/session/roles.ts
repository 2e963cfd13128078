import { ControllerRole } from '../constants/choices.ts';
import { RoleRequestFailedCode } from '../constants/errors.ts';

/** The generation id before any controller gave one (spec 1.3 7.3.9). */
const UNDEFINED_GENERATION = 0xffff_ffff_ffff_ffffn;

/** Whether `next` is older than `last`: by the signed difference, so that the id may wrap around (spec 1.3 7.3.9). */
export function isStaleGeneration(last: bigint, next: bigint): boolean {
  return BigInt.asIntN(64, next - last) < 0n;
}

/** Whoever can hold a role: a session, seen from the switch. */
export interface RoleHolder {
  /** Told when another controller's request took the master role away. */
  demoted(generationId: bigint): void;
}

/** A role that was granted, or the code of ROLE_REQUEST_FAILED. */
export type RoleAnswer = { readonly role: number; readonly generationId: bigint } | { readonly refused: number };

/** The roles of one switch's controllers: one master at most, and the generation id that tells late requests. */
export class RoleTable {
  readonly #roles = new Map<RoleHolder, number>();
  #generationId: bigint | undefined;

  /** All ones as long as no request gave one. */
  get generationId(): bigint {
    return this.#generationId ?? UNDEFINED_GENERATION;
  }

  /** `ControllerRole`; EQUAL unless it asked for another. */
  roleOf(holder: RoleHolder): number {
    return this.#roles.get(holder) ?? ControllerRole.EQUAL;
  }

  request(holder: RoleHolder, role: number, generationId: bigint): RoleAnswer {
    if (role < ControllerRole.NOCHANGE || role > ControllerRole.SLAVE)
      return { refused: RoleRequestFailedCode.BAD_ROLE };
    if (role === ControllerRole.MASTER || role === ControllerRole.SLAVE) {
      if (this.#generationId !== undefined && isStaleGeneration(this.#generationId, generationId)) {
        return { refused: RoleRequestFailedCode.STALE };
      }
      this.#generationId = generationId;
    }
    if (role !== ControllerRole.NOCHANGE) this.#roles.set(holder, role);
    if (role === ControllerRole.MASTER) this.#demoteOthers(holder);
    return { role: this.roleOf(holder), generationId: this.generationId };
  }

  /** The controller is gone; its role is free. The generation id stays. */
  remove(holder: RoleHolder): void {
    this.#roles.delete(holder);
  }

  #demoteOthers(master: RoleHolder): void {
    for (const [holder, role] of this.#roles) {
      if (holder === master || role !== ControllerRole.MASTER) continue;
      this.#roles.set(holder, ControllerRole.SLAVE);
      holder.demoted(this.generationId);
    }
  }
}
