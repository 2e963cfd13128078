import {
  FlowModCommand,
  FlowModFlags,
  type Instruction,
  type OfpMessageInput,
  type OxmField,
  type ReplyItem,
} from '../../../ofp/index.ts';

/** A rule as a controller wants it, whatever the version of OpenFlow that carries it. */
export interface Rule {
  readonly table: number;
  readonly priority: number;
  readonly cookie: bigint;
  /** What a field needs comes before it. */
  readonly match: readonly OxmField[];
  /** None: matching frames are dropped. */
  readonly instructions: readonly Instruction[];
  /** Seconds; 0 or absent: for good. The end of a rule that may idle out is reported. */
  readonly idleTimeout?: number;
  /** Seconds; 0 or absent: for good. The switch drops the rule by itself and says nothing. */
  readonly hardTimeout?: number;
}

type FlowMod = Extract<OfpMessageInput, { type: 'flowMod' }>;
/** A message for the switch; version and transaction id are the session's. */
export type FlowChange = Omit<FlowMod, 'version' | 'xid'>;

export function addRule({ table, priority, cookie, match, instructions, ...times }: Rule): FlowChange {
  const { idleTimeout = 0, hardTimeout = 0 } = times;
  return {
    type: 'flowMod',
    command: FlowModCommand.ADD,
    tableId: table,
    priority,
    cookie,
    match: match as OxmField[],
    instructions: instructions as Instruction[],
    idleTimeout,
    hardTimeout,
    flags: idleTimeout > 0 ? FlowModFlags.SEND_FLOW_REM : 0,
  };
}

export function removeRule({ table, priority, match }: Rule): FlowChange {
  return {
    type: 'flowMod',
    command: FlowModCommand.DELETE_STRICT,
    tableId: table,
    priority,
    match: match as OxmField[],
  };
}

/** What tells rules of a switch apart: no two have the same table, priority and match. */
export function ruleKey(table: number, priority: number, match: readonly OxmField[]): string {
  const fields = match.map(({ field, ...content }) => {
    const { value, mask } = content as { value?: unknown; mask?: unknown };
    return mask === undefined ? `${field}=${plain(value)}` : `${field}=${plain(value)}/${plain(mask)}`;
  });
  return `${table}/${priority}/${fields.length > 1 ? fields.sort().join() : (fields[0] ?? '')}`;
}

export const keyOf = ({ table, priority, match }: Rule): string => ruleKey(table, priority, match);

export function sameEffect(a: Rule, b: Rule): boolean {
  return (
    a.cookie === b.cookie &&
    (a.idleTimeout ?? 0) === (b.idleTimeout ?? 0) &&
    (a.hardTimeout ?? 0) === (b.hardTimeout ?? 0) &&
    (a.instructions === b.instructions || text(a.instructions) === text(b.instructions))
  );
}

/** A rule that a switch listed. */
export function ruleOf(entry: ReplyItem<'flow'> | ReplyItem<'flowDesc'>): Rule {
  const { tableId, priority, cookie, match, instructions, idleTimeout, hardTimeout } = entry;
  return { table: tableId, priority, cookie, match, instructions, idleTimeout, hardTimeout };
}

/** In the order of the fields' names, to be taken apart. */
export function inOrder(match: readonly OxmField[]): OxmField[] {
  return [...match].sort((a, b) => (a.field < b.field ? -1 : a.field > b.field ? 1 : 0));
}

function plain(value: unknown): string {
  return value instanceof Uint8Array ? hex(value) : String(value);
}

const digits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += digits[byte];
  return text;
}

function text(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));
}
