import {
  type Action,
  FlowModCommand,
  FlowModFlags,
  NO_BUFFER,
  type OfpMessageInput,
  type OxmField,
  PortNo,
} from '../../ofp/index.ts';
import type { Rule } from './pipeline.ts';

type MessageOf<T extends OfpMessageInput['type']> = Omit<Extract<OfpMessageInput, { type: T }>, 'version' | 'xid'>;
/** Messages for the switch; version and transaction id are the channel's. */
export type FlowChange = MessageOf<'flowMod'>;
export type GroupChange = MessageOf<'groupMod'>;
export type MeterChange = MessageOf<'meterMod'>;
export type PacketOut = MessageOf<'packetOut'>;
export type SwitchChange = FlowChange | GroupChange | MeterChange | PacketOut;

/** Sends a frame as if it had come in at `inPort`; `PortNo.CONTROLLER`: it begins here. */
export function packetOut(data: Uint8Array, inPort: number, actions: Action[]): PacketOut {
  return { type: 'packetOut', bufferId: NO_BUFFER, inPort, match: [], actions, data };
}

/** The rules that a switch holds, by what they are for: a name that says so, and the rules that go with it. */
export class RuleBook {
  readonly #send: (changes: readonly SwitchChange[]) => void;
  readonly #held = new Map<string, readonly Rule[]>();
  /** What the rules of a name follow from, where they follow from one thing. */
  readonly #bases = new Map<string, unknown>();

  constructor(send: (changes: readonly SwitchChange[]) => void) {
    this.#send = send;
  }

  /** From now on the switch holds these rules under this name: what differs from before is sent. */
  hold(name: string, rules: readonly Rule[]): void {
    const changes = ruleChanges(this.#held.get(name) ?? [], rules);
    if (rules.length > 0) this.#held.set(name, rules);
    else this.#held.delete(name);
    if (changes.length > 0) this.#send(changes);
  }

  /** As `hold`, for rules that follow from `basis` alone: they are looked at again only when that is another one. */
  holdFor<T>(name: string, basis: T, rulesOf: (basis: T & {}) => readonly Rule[]): void {
    if (this.#bases.has(name) && this.#bases.get(name) === basis) return;
    this.#bases.set(name, basis);
    this.hold(name, basis === undefined || basis === null ? [] : rulesOf(basis));
  }

  /** A rule that has its end, at its hard timeout, and need not survive the connection. */
  lend(rule: Rule): void {
    this.#send([add(rule)]);
  }

  /** Empties the switch and gives it everything anew. */
  renew(): void {
    this.#send([removeAll(), ...[...this.#held.values()].flatMap((rules) => rules.map(add))]);
  }
}

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
  const { idleTimeout = 0, hardTimeout = 0 } = rule;
  return {
    ...blank(rule),
    command: FlowModCommand.ADD,
    instructions: [...rule.instructions],
    idleTimeout,
    hardTimeout,
    flags: idleTimeout > 0 ? FlowModFlags.SEND_FLOW_REM : 0,
  };
}

function remove(rule: Rule): FlowChange {
  return { ...blank(rule), command: FlowModCommand.DELETE_STRICT };
}

function removeAll(): FlowChange {
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
    bufferId: NO_BUFFER,
    outPort: PortNo.ANY,
    outGroup: PortNo.ANY,
    flags: 0,
    match: [...rule.match],
    instructions: [],
  };
}

/** Apps hold many rules again and again: what tells one from others is worked out once for each. */
const keys = new WeakMap<Rule, string>();

function ruleKey(rule: Rule): string {
  const known = keys.get(rule);
  if (known !== undefined) return known;
  const key = `${rule.table}/${rule.priority}/${rule.match.map(fieldKey).sort().join()}`;
  keys.set(rule, key);
  return key;
}

/** As `text`, for what is asked most often. */
function fieldKey(field: OxmField): string {
  return field.field !== 'unknown' ? `${field.field}=${field.value}/${field.mask ?? ''}` : text(field);
}

function sameEffect(a: Rule, b: Rule): boolean {
  if (a === b) return true;
  return a.cookie === b.cookie && a.idleTimeout === b.idleTimeout && text(a.instructions) === text(b.instructions);
}

function text(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));
}
