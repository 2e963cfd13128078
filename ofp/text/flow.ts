import { FlowModCommand } from '../constants/choices.ts';
import { NO_BUFFER } from '../constants/limits.ts';
import type { OfpVersion } from '../errors.ts';
import type { Message } from '../messages.ts';
import { formatInstructions } from './actions-format.ts';
import { formatFlowFlags } from './flow-stats.ts';
import { readInstructions } from './instructions-parse.ts';
import { DEFAULT_PRIORITY, formatMatchWithPriority } from './match-format.ts';
import { MatchBuilder } from './match-parse.ts';
import { ANY, FLOW_FLAGS, formatPort, groupName, groupNumber, type PortNames, portNumber } from './names.ts';
import { PacketFacts } from './packet-facts.ts';
import { cut, fail, type Pair, type Piece, pairs, parseBig, parseNumber, splitAt, whole } from './scan.ts';

export type FlowMod = Message<'flowMod'>;
export type FlowCommand = 'add' | 'modify' | 'modify_strict' | 'delete' | 'delete_strict';

export interface FlowReadOptions {
  /** What is done with the flow; the text may say otherwise by beginning with a command. Default add. */
  readonly command?: FlowCommand;
  /** The version to read for. Default 1.3. */
  readonly version?: OfpVersion;
  readonly ports?: PortNames;
}

const ALL_TABLES = 0xff;
const FIRST_WITH_IMPORTANCE = 5;

interface CommandInfo {
  readonly code: number;
  readonly sets: ReadonlySet<string>;
}
const CHANGES = ['actions', 'timeouts', 'priority', 'flags', 'cookie'];
const COMMANDS: ReadonlyMap<string, CommandInfo> = new Map<string, CommandInfo>([
  ['add', { code: FlowModCommand.ADD, sets: new Set([...CHANGES, 'importance']) }],
  ['modify', { code: FlowModCommand.MODIFY, sets: new Set(CHANGES) }],
  ['modify_strict', { code: FlowModCommand.MODIFY_STRICT, sets: new Set(CHANGES) }],
  ['delete', { code: FlowModCommand.DELETE, sets: new Set(['out']) }],
  ['delete_strict', { code: FlowModCommand.DELETE_STRICT, sets: new Set(['out', 'priority']) }],
]);

/** What of a flow-mod the text has said so far. */
interface Draft {
  command: CommandInfo;
  flow: FlowMod;
  isTableGiven: boolean;
  ports: PortNames | undefined;
}
type Reader = (draft: Draft, value: Piece) => void;

const timeout =
  (name: 'idleTimeout' | 'hardTimeout' | 'importance' | 'priority'): Reader =>
  (draft, value) => {
    draft.flow[name] = parseNumber(value, 16);
  };

/** Words that are not match fields, and what a command must be able to set for them to be read. */
const WORDS = new Map<string, { readonly sets?: string; readonly read: Reader }>([
  ['table', { read: readTable }],
  ['priority', { sets: 'priority', read: timeout('priority') }],
  ['idle_timeout', { sets: 'timeouts', read: timeout('idleTimeout') }],
  ['hard_timeout', { sets: 'timeouts', read: timeout('hardTimeout') }],
  ['importance', { sets: 'importance', read: timeout('importance') }],
  ['cookie', { read: readCookie }],
  [
    'out_port',
    {
      sets: 'out',
      read: (draft, value) => {
        draft.flow.outPort = portNumber(value.text, draft.ports) ?? fail(value, 'a port number or name');
      },
    },
  ],
  [
    'out_group',
    {
      sets: 'out',
      read: (draft, value) => {
        draft.flow.outGroup = groupNumber(value.text) ?? fail(value, 'a group number, any or all');
      },
    },
  ],
]);

/** What dump-flows prints and no flow-mod has: read and left out, so that a dump can be read back. */
const IGNORED: ReadonlySet<string> = new Set(['duration', 'n_packets', 'n_bytes', 'idle_age', 'hard_age']);
const IGNORED_FLAGS: ReadonlySet<string> = new Set(['no_readonly_table', 'allow_hidden_fields', 'eth']);

/**
 * Reads a flow in the syntax of ovs-ofctl, e.g. `priority=10,ip,nw_dst=10.0.0.0/8,actions=output:3`, as a flow-mod with
 * transaction id 0. A line of dump-flows can be read as well: what only a dump has is left out.
 *
 * @throws {OfpTextError} for anything that is not such a flow, or cannot be in the version.
 */
export function parseFlow(text: string, options: FlowReadOptions = {}): FlowMod {
  const version = options.version ?? 4;
  const { command, rest } = takeCommand(whole(text), options.command ?? 'add');
  const { match: matchText, actions } = splitActions(rest, command);
  const draft: Draft = { command, flow: emptyFlow(version, command.code), isTableGiven: false, ports: options.ports };
  const match = new MatchBuilder(options.ports);
  for (const pair of pairs(matchText)) {
    if (!takeFlag(draft, pair) && !match.take(pair)) takeWord(draft, pair);
  }
  draft.flow.match = match.finish();
  if (actions) readFlowActions(draft, actions, version);
  return draft.flow;
}

function emptyFlow(version: OfpVersion, command: number): FlowMod {
  const deletes = command === FlowModCommand.DELETE || command === FlowModCommand.DELETE_STRICT;
  return {
    type: 'flowMod',
    version,
    xid: 0,
    command,
    cookie: 0n,
    cookieMask: 0n,
    tableId: deletes ? ALL_TABLES : 0,
    idleTimeout: 0,
    hardTimeout: 0,
    priority: DEFAULT_PRIORITY,
    bufferId: NO_BUFFER,
    outPort: ANY,
    outGroup: ANY,
    flags: 0,
    match: [],
    instructions: [],
    ...(version >= FIRST_WITH_IMPORTANCE && { importance: 0 }),
  };
}

/** A command at the very start, as in a file of flows. */
function takeCommand(text: Piece, otherwise: FlowCommand): { command: CommandInfo; rest: Piece } {
  const first = /^[ \t\r\n]*([a-z_]+)(?=[, \t\r\n]|$)/.exec(text.text);
  const named = first ? COMMANDS.get(first[1]!) : undefined;
  return { command: named ?? COMMANDS.get(otherwise)!, rest: named ? cut(text, first![0].length) : text };
}

function splitActions(text: Piece, { sets }: CommandInfo): { match: Piece; actions?: Piece } {
  if (!sets.has('actions')) return { match: text };
  const found = /(?:^|[, \t\r\n])actions?=/.exec(text.text);
  if (!found) return fail(cut(text, text.text.length), 'actions=');
  return { match: cut(text, 0, found.index), actions: cut(text, found.index + found[0].length) };
}

function takeFlag({ command, flow }: Draft, { key }: Pair): boolean {
  if (IGNORED_FLAGS.has(key.text)) return true;
  const flag = command.sets.has('flags') ? FLOW_FLAGS.find(([, name]) => name === key.text) : undefined;
  if (!flag) return false;
  const [bit, , since] = flag;
  if (flow.version < since) fail(key, `a flag of OpenFlow 1.${flow.version - 1}`);
  flow.flags |= bit;
  return true;
}

function takeWord(draft: Draft, { key, value }: Pair): void {
  if (IGNORED.has(key.text)) return;
  const word = WORDS.get(key.text);
  if (!word || (word.sets && !draft.command.sets.has(word.sets))) fail(key, 'a match field or a property of the flow');
  if (value.text === '') fail(key, `${key.text}=value`);
  word!.read(draft, value);
}

function readTable(draft: Draft, value: Piece): void {
  const table = parseNumber(value, 8);
  draft.isTableGiven = table !== ALL_TABLES;
  if (draft.isTableGiven || !draft.command.sets.has('actions')) draft.flow.tableId = table;
}

/** `cookie=value` gives the flow one, `cookie=value/mask` selects the flows to change. */
function readCookie({ command, flow }: Draft, piece: Piece): void {
  const [value, mask] = splitAt(piece, '/');
  if (mask && command.code === FlowModCommand.ADD) fail(mask, 'no mask: a new flow has the cookie that it is given');
  if (!mask && !command.sets.has('cookie')) fail(piece, 'value/mask, as it is to be matched');
  flow.cookie = parseBig(value, 64);
  if (mask) flow.cookieMask = parseBig(mask, 64);
}

function readFlowActions(draft: Draft, actions: Piece, version: OfpVersion): void {
  const { flow } = draft;
  const facts = new PacketFacts(flow.match);
  flow.instructions = readInstructions(actions, { version, ports: draft.ports, facts });
  const goto = flow.instructions.find((instruction) => instruction.type === 'gotoTable');
  if (goto && draft.isTableGiven && goto.tableId <= flow.tableId) fail(actions, `a table after ${flow.tableId}`);
}

/**
 * A flow as it is written for add-flow: `table=3,priority=10,ip,nw_dst=10.0.0.0/8,actions=output:3`. `parseFlow` reads it
 * back for the same command.
 */
export function formatFlow(flow: FlowMod, ports?: PortNames): string {
  const deletes = flow.command === FlowModCommand.DELETE || flow.command === FlowModCommand.DELETE_STRICT;
  const hasDefaultTable = flow.tableId === (deletes ? ALL_TABLES : 0);
  const parts: string[] = [];
  if (flow.cookieMask !== 0n) parts.push(`cookie=0x${flow.cookie.toString(16)}/0x${flow.cookieMask.toString(16)}`);
  else if (flow.cookie !== 0n && !deletes) parts.push(`cookie=0x${flow.cookie.toString(16)}`);
  if (!hasDefaultTable) parts.push(`table=${flow.tableId}`);
  if (flow.idleTimeout !== 0) parts.push(`idle_timeout=${flow.idleTimeout}`);
  if (flow.hardTimeout !== 0) parts.push(`hard_timeout=${flow.hardTimeout}`);
  if (flow.importance) parts.push(`importance=${flow.importance}`);
  if (flow.outPort !== ANY) parts.push(`out_port=${formatPort(flow.outPort, ports)}`);
  if (flow.outGroup !== ANY) parts.push(`out_group=${groupName(flow.outGroup)}`);
  parts.push(...formatFlowFlags(flow.flags).split(' ').filter(Boolean));
  const hasPriority = flow.command !== FlowModCommand.DELETE;
  const options = { version: flow.version, ...(ports && { ports }) };
  const match = formatMatchWithPriority(flow.match, hasPriority ? flow.priority : DEFAULT_PRIORITY, options);
  if (match !== '') parts.push(match);
  if (!deletes) parts.push(`actions=${formatInstructions(flow.instructions, options)}`);
  return parts.join(',');
}
