import type { Action, OxmId } from '../../ofp/index.ts';
import { optionIndex } from '../flow/fields.ts';
import type { FlowChange } from '../flow/flow-change.ts';
import type { GroupChange } from '../group/group-table.ts';
import type { Resources } from '../resources.ts';
import { isNicira } from './nicira.ts';
import { namedBits } from './nicira-fields.ts';

type Options = Pick<Resources, 'option'>;

/**
 * A flow-mod with tunnel options as long as they are mapped. Who writes actions does not know the mapping, and gives the
 * greatest length; who reads them has to find the true one.
 */
export function flowWithOptionLengths(change: FlowChange, options: Options): FlowChange {
  const instructions = change.instructions.map((each) =>
    'actions' in each ? { ...each, actions: withOptionLengths(each.actions, options) } : each,
  );
  return { ...change, instructions };
}

/** The same for a group-mod. */
export function groupWithOptionLengths(change: GroupChange, options: Options): GroupChange {
  const buckets = change.buckets.map((each) => ({ ...each, actions: withOptionLengths(each.actions, options) }));
  return { ...change, buckets };
}

function withOptionLengths(actions: readonly Action[], options: Options): Action[] {
  return actions.map((action) => {
    if (isNicira(action)) return { ...action, data: fitted(action.data, options) };
    if (action.type !== 'copyField') return action;
    return { ...action, src: fittedId(action.src, options), dst: fittedId(action.dst, options) };
  });
}

function fitted(data: Uint8Array, options: Options): Uint8Array {
  const copy = data.slice();
  for (const { at, name, nBits } of namedBits(data)) {
    // A field that is there with its value has that value's length.
    const bytes = nBits === undefined ? undefined : lengthOf(name, options);
    if (bytes !== undefined) copy[at + 3] = bytes;
  }
  return copy;
}

function fittedId(id: OxmId, options: Options): OxmId {
  const bytes = lengthOf(id.field, options);
  return bytes === undefined || id.field === 'unknown' ? id : { ...id, length: bytes };
}

/** Undefined: it is no option, or is not mapped. */
function lengthOf(name: string, options: Options): number | undefined {
  const index = optionIndex(name);
  return index === undefined ? undefined : options.option(index)?.bytes;
}
