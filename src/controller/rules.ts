import { FlowModCommand, FlowModFlags, type OfpMessageInput, PortNo } from '../../ofp/index.ts';
import type { Rule } from './pipeline.ts';

type FlowMod = Extract<OfpMessageInput, { type: 'flowMod' }>;
/** A message for the switch; version and transaction id are the channel's. */
export type FlowChange = Omit<FlowMod, 'version' | 'xid'>;

const noBuffer = 0xffff_ffff;

/**
 * What turns a switch that holds `held` into one that holds `wanted`. Rules that stay are not touched and keep their
 * counters; additions come first, so that no frame finds a rule gone whose successor is on its way.
 */
export function ruleChanges(held: Iterable<Rule>, wanted: Iterable<Rule>): FlowChange[] {
  const left = new Map([...held].map((rule) => [ruleKey(rule), rule]));
  const changes: FlowChange[] = [];
  for (const rule of wanted) {
    const key = ruleKey(rule);
    const same = left.get(key);
    left.delete(key);
    if (same === undefined || !sameEffect(same, rule)) changes.push(add(rule));
  }
  return [...changes, ...[...left.values()].map(remove)];
}

/** Adds a rule, or replaces one of the same table, priority and match. */
function add(rule: Rule): FlowChange {
  const idleTimeout = rule.idleTimeout ?? 0;
  return {
    ...blank(rule),
    command: FlowModCommand.ADD,
    instructions: [...rule.instructions],
    idleTimeout,
    flags: idleTimeout > 0 ? FlowModFlags.SEND_FLOW_REM : 0,
  };
}

function remove(rule: Rule): FlowChange {
  return { ...blank(rule), command: FlowModCommand.DELETE_STRICT };
}

/** Empties the switch. */
export function removeAll(): FlowChange {
  return {
    ...blank({ table: 0xff, priority: 0, cookie: 0n, match: [], instructions: [] }),
    command: FlowModCommand.DELETE,
  };
}

function blank(rule: Rule): FlowChange {
  return {
    type: 'flowMod',
    cookie: rule.cookie,
    cookieMask: 0n,
    tableId: rule.table,
    command: FlowModCommand.ADD,
    idleTimeout: 0,
    hardTimeout: 0,
    priority: rule.priority,
    bufferId: noBuffer,
    outPort: PortNo.ANY,
    outGroup: PortNo.ANY,
    flags: 0,
    match: [...rule.match],
    instructions: [],
  };
}

function ruleKey(rule: Rule): string {
  return `${rule.table}/${rule.priority}/${rule.match.map(text).sort().join()}`;
}

function sameEffect(a: Rule, b: Rule): boolean {
  return a.cookie === b.cookie && a.idleTimeout === b.idleTimeout && text(a.instructions) === text(b.instructions);
}

function text(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));
}
