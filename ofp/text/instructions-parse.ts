import type { Action, Instruction } from '../tables/values.ts';
import { readAction, readActions } from './actions-parse.ts';
import { fail, type Pair, type Piece, pairs, parseBig, parseNumber, splitAt } from './scan.ts';
import type { ActionContext } from './set-field.ts';

const ALL_64 = 0xffff_ffff_ffff_ffffn;

type Reader = (value: Piece, context: ActionContext) => Instruction;

/** Instructions that have a word, in the order that they must be in. Actions stand between meter and clear_actions. */
const WORDS: readonly { readonly word: string; readonly read: Reader }[] = [
  { word: 'meter', read: (value) => ({ type: 'meter', meterId: meterId(value) }) },
  { word: 'apply_actions', read: (value) => fail(value, 'the actions themselves: applying them is the default') },
  { word: 'clear_actions', read: () => ({ type: 'clearActions' }) },
  {
    word: 'write_actions',
    // What the packet is like when its action set is carried out cannot be known.
    read: (value, context) => ({ type: 'writeActions', actions: readActions(value, { ...context, facts: undefined }) }),
  },
  {
    word: 'write_metadata',
    read: (piece) => {
      const [metadata, mask] = splitAt(piece, '/');
      return {
        type: 'writeMetadata',
        metadata: parseBig(metadata, 64),
        metadataMask: mask ? parseBig(mask, 64) : ALL_64,
      };
    },
  },
  { word: 'goto_table', read: (value) => ({ type: 'gotoTable', tableId: tableId(value) }) },
];
const APPLY = 1;
const FIRST_WITH_INSTRUCTIONS = 2;
const MAX_METER = 0xffff0000;

function meterId(piece: Piece): number {
  const id = parseNumber(piece, 32);
  return id >= 1 && id <= MAX_METER ? id : fail(piece, `a meter of 1 to ${MAX_METER}`);
}

function tableId(piece: Piece): number {
  const id = parseNumber(piece, 8);
  return id < 0xff ? id : fail(piece, 'a table of 0 to 254');
}

/** Reads actions and instructions, mixed as ovs-ofctl has them. @throws {OfpTextError} */
export function readInstructions(piece: Piece, context: ActionContext): Instruction[] {
  const instructions: Instruction[] = [];
  let applied: Action[] | undefined;
  let drop: Piece | undefined;
  let last = -1;
  for (const pair of pairs(piece)) {
    const word = pair.key.text.toLowerCase();
    if (word === 'drop') {
      drop = pair.key;
      continue;
    }
    const rank = WORDS.findIndex((entry) => entry.word === word);
    last = checkOrder(pair, rank < 0 ? APPLY : rank, last);
    if (rank >= 0) {
      if (context.version < FIRST_WITH_INSTRUCTIONS) fail(pair.key, 'an action: OpenFlow 1.0 has no instructions');
      instructions.push(WORDS[rank]!.read(pair.value, context));
    } else {
      if (!applied) {
        applied = [];
        instructions.push({ type: 'applyActions', actions: applied });
      }
      applied.push(...(readAction(pair, context) ?? fail(pair.key, 'an action')));
    }
  }
  if (drop && instructions.length > 0) fail(drop, 'no drop beside other actions');
  return context.version === 6 ? metersAsActions(instructions) : instructions;
}

function checkOrder({ key }: Pair, rank: number, last: number): number {
  if (rank < last) fail(key, `${key.text} before ${WORDS[last]!.word}`);
  if (rank === last && rank !== APPLY) fail(key, `${key.text} once`);
  return rank;
}

/** In 1.5 metering is an action, the first of those applied. */
function metersAsActions(instructions: readonly Instruction[]): Instruction[] {
  const meters = instructions.filter((instruction) => instruction.type === 'meter');
  if (meters.length === 0) return [...instructions];
  const apply = instructions.find((instruction) => instruction.type === 'applyActions');
  const rest = instructions.filter(({ type }) => type !== 'meter' && type !== 'applyActions');
  return [{ type: 'applyActions', actions: [...meters, ...(apply?.actions ?? [])] }, ...rest];
}
