import { type Action, ExperimenterId, type OfpVersion } from '../../ofp/index.ts';
import { get16, get32, put16, put32, split64 } from '../packet/index.ts';

/**
 * Actions that Open vSwitch's tools send in 1.0 and 1.1 for want of standard ones. Behind the experimenter's id:
 *
 * ```
 *  0                   1                   2                   3
 * +-------------------------------+-------------------------------+
 * | subtype                       | padding, or 16 bits           |
 * +-------------------------------+-------------------------------+
 * | 32 bits, or padding                                           |
 * +---------------------------------------------------------------+
 * ```
 */
const Subtype = {
  SET_QUEUE: 4,
  DEC_TTL: 18,
  SET_MPLS_TTL: 25,
  DEC_MPLS_TTL: 26,
  PUSH_MPLS: 23,
  POP_MPLS: 24,
  GROUP: 40,
  RESUBMIT_TABLE: 14,
  WRITE_METADATA: 22,
} as const;

const length = 8;

type Of<T extends Action['type']> = Extract<Action, { type: T }>;

const readers = new Map<number, (data: Uint8Array) => Action>([
  [Subtype.SET_QUEUE, (data) => ({ type: 'setQueue', queueId: get32(data, 4) })],
  [Subtype.DEC_TTL, () => ({ type: 'decNwTtl' })],
  [Subtype.SET_MPLS_TTL, (data) => ({ type: 'setMplsTtl', mplsTtl: data[2]! })],
  [Subtype.DEC_MPLS_TTL, () => ({ type: 'decMplsTtl' })],
  [Subtype.PUSH_MPLS, (data) => ({ type: 'pushMpls', ethertype: get16(data, 2) })],
  [Subtype.POP_MPLS, (data) => ({ type: 'popMpls', ethertype: get16(data, 2) })],
  [Subtype.GROUP, (data) => ({ type: 'group', groupId: get32(data, 4) })],
]);

/** Nicira's actions as the standard ones that they stand for; others as they are. */
export function fromNicira(actions: readonly Action[]): Action[] {
  return actions.map((action) => {
    if (action.type !== 'experimenter' || action.experimenter !== ExperimenterId.NICIRA) return action;
    const { data } = action;
    const read = data.length === length ? readers.get(get16(data, 0)) : undefined;
    return read ? read(data) : action;
  });
}

type Writers = { readonly [T in Action['type']]?: readonly [last: OfpVersion, write: (action: Of<T>) => Uint8Array] };

const words = (subtype: number, half: number, word: number): Uint8Array => {
  const data = new Uint8Array(length);
  put16(data, 0, subtype);
  put16(data, 2, half);
  put32(data, 4, word);
  return data;
};

/** Standard actions, with the last version that lacks them. */
const writers: Writers = {
  setQueue: [1, ({ queueId }) => words(Subtype.SET_QUEUE, 0, queueId)],
  decNwTtl: [1, () => words(Subtype.DEC_TTL, 0, 0)],
  setMplsTtl: [1, ({ mplsTtl }) => words(Subtype.SET_MPLS_TTL, mplsTtl << 8, 0)],
  decMplsTtl: [1, () => words(Subtype.DEC_MPLS_TTL, 0, 0)],
  pushMpls: [1, ({ ethertype }) => words(Subtype.PUSH_MPLS, ethertype, 0)],
  popMpls: [1, ({ ethertype }) => words(Subtype.POP_MPLS, ethertype, 0)],
  group: [1, ({ groupId }) => words(Subtype.GROUP, 0, groupId)],
};

/** Standard actions that `version` lacks as Nicira's. */
export function toNicira(actions: readonly Action[], version: OfpVersion): Action[] {
  return actions.map((action) => {
    const writer = writers[action.type] as readonly [OfpVersion, (action: Action) => Uint8Array] | undefined;
    if (!writer || version > writer[0]) return action;
    return { type: 'experimenter', experimenter: ExperimenterId.NICIRA, data: writer[1](action) };
  });
}

const nicira = (data: Uint8Array): Action => ({ type: 'experimenter', experimenter: ExperimenterId.NICIRA, data });

/** The in_port of a resubmit that keeps it. */
const sameInPort = 0xfff8;

/** What stands for an instruction to go to a table. */
export function resubmit(tableId: number): Action {
  return nicira(words(Subtype.RESUBMIT_TABLE, sameInPort, tableId << 24));
}

/** Subtype, 6 bytes of padding, value and mask. */
export function writeMetadata(metadata: bigint, mask: bigint): Action {
  const data = new Uint8Array(24);
  put16(data, 0, Subtype.WRITE_METADATA);
  for (const [i, half] of [...split64(metadata), ...split64(mask)].entries()) put32(data, 8 + 4 * i, half);
  return nicira(data);
}
