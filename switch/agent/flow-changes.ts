import {
  ErrorType,
  FlowModCommand,
  FlowModFailedCode,
  FlowModFlags,
  GroupNo,
  type Message,
  type OfpVersion,
  type OxmField,
  TableNo,
} from '../../ofp/index.ts';
import { OpenFlowRefusal } from '../errors.ts';
import type { FlowChange } from '../flow/flow-tables.ts';
import { get32 } from '../packet/index.ts';
import { type ByVersion, inVersion } from './by-version.ts';
import { standardInstructions } from './old-actions.ts';

/** Cookie that asks a modify of 1.0 to leave the cookies as they are. */
const keepCookie = 0xffff_ffff_ffff_ffffn;
const maxPriority = 0xffff;
/** Offset of `wildcards` in a flow-mod of 1.0, and the bits that it has. */
const wildcardsAt = 8;
const allWildcards = 0x3fffff;

export interface FlowModContext {
  readonly version: OfpVersion;
  /** Whether the upper byte of a command is a table (Nicira extension of 1.0). */
  readonly hasTableId: boolean;
}

type Refined = Partial<FlowChange>;
type FlowMod = Message<'flowMod'>;

const isModify = (command: number) => command === FlowModCommand.MODIFY || command === FlowModCommand.MODIFY_STRICT;

/** Modify of 1.0 adds where there is nothing to modify, and sets the cookie too (1.0 section 4.6). */
function modify10(command: number, cookie: bigint, cookieMask: bigint): Refined {
  if (!isModify(command)) return {};
  return cookie === keepCookie ? { addsMissing: false } : { newCookie: cookie, addsMissing: cookieMask === 0n };
}

/** How a flow-mod of each version departs from one of 1.3. */
const refine: ByVersion<(message: FlowMod, context: FlowModContext, frame: Uint8Array) => Refined> = {
  1: (message, context, frame) => ({
    ...tableOf(message.command, context),
    ...modify10(message.command & 0xff, message.cookie, 0n),
    cookieMask: 0n,
    outGroup: GroupNo.ANY,
    // Entries without wildcards come first, whatever their priority says (1.0 section 3.4).
    priority: (get32(frame, wildcardsAt) & allWildcards) === 0 ? maxPriority : message.priority,
    flags: flags10(message),
  }),
  // The cookie of a modify that adds is the one given; it does not change entries that are there.
  2: ({ command, cookieMask, flags }) => ({
    ...(isModify(command) ? { addsMissing: cookieMask === 0n } : {}),
    flags: withReset(command, flags),
  }),
  3: () => ({}),
};

/** Adding an entry again always cleared its counts before 1.2 had a flag for that. */
function withReset(command: number, flags: number): number {
  return command === FlowModCommand.ADD ? flags | FlowModFlags.RESET_COUNTS : flags;
}

function flags10({ command, flags }: { readonly command: number; readonly flags: number }): number {
  if ((flags & FlowModFlags.EMERG) !== 0) {
    throw new OpenFlowRefusal(ErrorType.FLOW_MOD_FAILED, FlowModFailedCode.TABLE_FULL, 'no emergency entries');
  }
  return withReset(command & 0xff, flags);
}

/** Without a table in the command, additions are to table 0 and everything else to all tables. */
function tableOf(command: number, { hasTableId }: FlowModContext): { command: number; tableId: number } {
  const plain = hasTableId ? command & 0xff : command;
  const named = hasTableId ? command >> 8 : TableNo.ALL;
  const tableId = named === TableNo.ALL && plain === FlowModCommand.ADD ? 0 : named;
  return { command: plain, tableId };
}

/** `frame`: the message's bytes. Throws `OpenFlowRefusal` for what its version refuses and 1.3 has no word for. */
export function flowChangeOf(message: FlowMod, context: FlowModContext, frame: Uint8Array): FlowChange {
  const refined = { ...message, ...inVersion(refine, context.version)(message, context, frame) };
  return { ...refined, instructions: standardInstructions(message.instructions, message.match, context.version) };
}

/** The Nicira flow-mod: a match without limits, in which a cookie may stand as well. */
export function nxFlowChangeOf(message: Message<'nxFlowMod'>, context: FlowModContext): FlowChange {
  const { command, tableId } = tableOf(message.command, context);
  const { match, cookie, cookieMask } = takeCookie(message.match);
  return {
    ...message,
    command,
    tableId,
    match,
    cookieMask,
    // What is added has the cookie of the message; what is selected, that of the match.
    cookie: command === FlowModCommand.ADD ? message.cookie : cookie,
    outGroup: GroupNo.ANY,
    flags: flags10(message),
    ...modify10(command, message.cookie, cookieMask),
    instructions: standardInstructions(message.instructions, match, context.version),
  };
}

/** Nicira matches name a cookie as if it were a field of the packet. */
export function takeCookie(fields: readonly OxmField[]): {
  match: OxmField[];
  cookie: bigint;
  cookieMask: bigint;
} {
  const cookie = fields.find((field) => field.field === 'nxm_cookie');
  const match = fields.filter((field) => field !== cookie);
  if (cookie?.field !== 'nxm_cookie') return { match, cookie: 0n, cookieMask: 0n };
  return { match, cookie: cookie.value, cookieMask: cookie.mask ?? keepCookie };
}
