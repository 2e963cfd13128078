import {
  type Action,
  encode,
  type Instruction,
  OfpEncodeError,
  type OfpMessageInput,
  type OfpVersion,
  type Outgoing,
  type OxmField,
} from '../../ofp/index.ts';

/** What a list of flows or groups holds, as far as it may not fit into an earlier version. */
interface Item {
  readonly match?: readonly OxmField[];
  readonly instructions?: readonly Instruction[];
}

/**
 * An answer without what its version has no words for, as Open vSwitch answers: match fields, actions and instructions
 * are left out one by one, and only then the whole item. Undefined when nothing is left to say.
 */
export function fittingAnswer(answer: Outgoing, version: OfpVersion): Outgoing | undefined {
  const body: unknown = 'body' in answer ? answer.body : undefined;
  if (!Array.isArray(body)) return undefined;
  const fits = (item: object) => canEncode({ ...answer, body: [item], version, xid: 0 } as OfpMessageInput);
  const items = (body as object[]).flatMap((item) => (fits(item) ? item : [trimmed(item, fits)].filter(fits)));
  return { ...answer, body: items } as Outgoing;
}

function trimmed(item: Item, fits: (item: object) => boolean): Item {
  const bare = {
    ...item,
    ...(item.match ? { match: [] } : {}),
    ...(item.instructions ? { instructions: [] } : {}),
  };
  const fitsWith = (instruction: Instruction) => fits({ ...bare, instructions: [instruction] });
  const cut = (instruction: Instruction): Instruction[] => {
    if (fitsWith(instruction)) return [instruction];
    if (!('actions' in instruction)) return [];
    const actions = instruction.actions.filter((action: Action) => fitsWith({ ...instruction, actions: [action] }));
    return actions.length > 0 ? [{ ...instruction, actions }] : [];
  };
  return {
    ...bare,
    ...(item.match ? { match: item.match.filter((field) => fits({ ...bare, match: [field] })) } : {}),
    ...(item.instructions ? { instructions: item.instructions.flatMap(cut) } : {}),
  };
}

function canEncode(message: OfpMessageInput): boolean {
  try {
    encode(message);
    return true;
  } catch (error) {
    if (!(error instanceof OfpEncodeError)) throw error;
    return false;
  }
}
