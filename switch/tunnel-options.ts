import { NiciraErrorCode, niciraError, OpenFlowRefusal } from './errors.ts';
import { type KeyField, optionRoom } from './packet/index.ts';

/** Match fields that options can stand behind: tun_metadata0 to tun_metadata63. */
export const maxOptions = 64;
/** Bytes of one option (RFC 8926 section 3.5). */
const maxLength = 124;

/** One mapping, as `NXT_TLV_TABLE_MOD` has it: an option of a tunnel header, its length in bytes, and its field. */
export interface OptionMapping {
  readonly optionClass: number;
  readonly optionType: number;
  readonly optionLen: number;
  readonly index: number;
}

/** With its place in a key. */
export interface MappedOption extends OptionMapping {
  readonly place: KeyField;
}

const Command = { ADD: 0, DELETE: 1, CLEAR: 2 } as const;

/**
 * Which tunnel options the fields tun_metadata0 to tun_metadata63 stand for (Open vSwitch's `nicira-ext.h`). The links
 * of this switch carry no options: the fields hold what actions put there.
 */
export class TunnelOptions {
  #byIndex: ReadonlyMap<number, MappedOption> = new Map();
  readonly #isUsed: (index: number) => boolean;

  /** `isUsed`: whether some rule needs a field to stay as it is. */
  constructor(isUsed: (index: number) => boolean) {
    this.#isUsed = isUsed;
  }

  get isEmpty(): boolean {
    return this.#byIndex.size === 0;
  }

  /** By field. */
  get mappings(): readonly MappedOption[] {
    return [...this.#byIndex.values()].sort((a, b) => a.index - b.index);
  }

  place(index: number): KeyField | undefined {
    return this.#byIndex.get(index)?.place;
  }

  /** Makes all of the changes, or none if it throws an `OpenFlowRefusal`. */
  change(command: number, mappings: readonly OptionMapping[]): void {
    const changed = new Map(this.#byIndex);
    if (command === Command.CLEAR) changed.clear();
    else if (command === Command.DELETE) for (const { index } of mappings) changed.delete(checkedIndex(index));
    else if (command === Command.ADD) for (const mapping of mappings) add(changed, mapping);
    else throw refusal(NiciraErrorCode.TLV_BAD_COMMAND, `no command ${command}`);
    for (const index of this.#byIndex.keys()) {
      if (!changed.has(index) && this.#isUsed(index)) {
        throw refusal(NiciraErrorCode.INVALID_TLV_DEL, `a rule uses tun_metadata${index}`);
      }
    }
    this.#byIndex = changed;
  }
}

function add(byIndex: Map<number, MappedOption>, mapping: OptionMapping): void {
  const { index, optionClass, optionType, optionLen } = mapping;
  checkedIndex(index);
  if (optionLen === 0 || optionLen % 4 !== 0 || optionLen > maxLength) {
    throw refusal(NiciraErrorCode.TLV_BAD_OPT_LEN, `an option of ${optionLen} bytes`);
  }
  if (byIndex.has(index)) throw refusal(NiciraErrorCode.TLV_ALREADY_MAPPED, `tun_metadata${index} is mapped`);
  const taken = [...byIndex.values()];
  if (taken.some((other) => other.optionClass === optionClass && other.optionType === optionType)) {
    throw refusal(NiciraErrorCode.TLV_DUP_ENTRY, `option ${optionClass}, ${optionType} is mapped`);
  }
  const at = freeRoom(
    taken.map(({ place }) => place),
    optionLen,
  );
  byIndex.set(index, { ...mapping, place: { at, bytes: optionLen, layer: 0 } });
}

/** The first gap that is long enough. */
function freeRoom(taken: readonly KeyField[], bytes: number): number {
  let at: number = optionRoom.at;
  for (const place of taken.toSorted((a, b) => a.at - b.at)) {
    if (place.at - at >= bytes) return at;
    at = place.at + place.bytes;
  }
  if (at + bytes > optionRoom.at + optionRoom.bytes) {
    throw refusal(NiciraErrorCode.TLV_TABLE_FULL, `${optionRoom.bytes} bytes of options`);
  }
  return at;
}

function checkedIndex(index: number): number {
  if (index >= maxOptions) throw refusal(NiciraErrorCode.TLV_BAD_FIELD_IDX, `no field tun_metadata${index}`);
  return index;
}

function refusal(code: number, reason: string): OpenFlowRefusal {
  return new OpenFlowRefusal(niciraError, code, reason);
}
