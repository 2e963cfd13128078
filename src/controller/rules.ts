import { type Action, FlowModCommand, NO_BUFFER, type OfpMessageInput, TableNo } from '../../ofp/index.ts';
import { addRule, type FlowChange, keyOf, type Rule, removeRule, sameEffect } from './runtime/rule.ts';

type MessageOf<T extends OfpMessageInput['type']> = Omit<Extract<OfpMessageInput, { type: T }>, 'version' | 'xid'>;
/** Messages for the switch; version and transaction id are the channel's. */
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
  /** By name, what each set of rules of that name is for. */
  readonly #things = new Map<string, ReadonlyMap<unknown, unknown>>();
  readonly #sources: (() => Iterable<Rule>)[] = [];

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

  /** Rules for each of several things, which follow from the thing and its key alone: only those of others than before are looked at. */
  holdEach<K extends bigint, T>(
    name: string,
    things: ReadonlyMap<K, T>,
    rulesOf: (key: K, thing: T) => readonly Rule[],
  ) {
    const before = this.#things.get(name) ?? new Map<K, T>();
    this.#things.set(name, things);
    for (const [key, thing] of things) {
      if (!before.has(key) || before.get(key) !== thing) this.hold(`${name} ${key}`, rulesOf(key, thing));
    }
    for (const key of before.keys()) if (!things.has(key as K)) this.hold(`${name} ${key}`, []);
  }

  /** Rules that are too many to be held here: who knows them lists them when the switch is given everything anew. */
  include(rules: () => Iterable<Rule>): void {
    this.#sources.push(rules);
  }

  /** Such rules come, some in the place of others, and go: the former first, as in `ruleChanges`. */
  change(come: readonly Rule[], gone: readonly Rule[]): void {
    const changes = [...come.map(addRule), ...gone.map(removeRule)];
    if (changes.length > 0) this.#send(changes);
  }

  /** A rule that has its end, at its hard timeout, and need not survive the connection. */
  lend(rule: Rule): void {
    this.#send([addRule(rule)]);
  }

  /** Empties the switch and gives it everything anew. */
  renew(): void {
    const { DELETE } = FlowModCommand;
    const empty: FlowChange = { type: 'flowMod', command: DELETE, tableId: TableNo.ALL, priority: 0, match: [] };
    this.#send([empty, ...[...this.#held.values()].flatMap((rules) => rules.map(addRule))]);
    for (const rules of this.#sources) this.#send(Array.from(rules(), addRule));
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
    if (same !== rule && (same === undefined || !sameEffect(same, rule))) changes.push(addRule(rule));
  }
  return [...changes, ...[...left.values()].map(removeRule)];
}

/** Apps hold many rules again and again: what tells one from others is worked out once for each. */
const keys = new WeakMap<Rule, string>();

function ruleKey(rule: Rule): string {
  const known = keys.get(rule);
  if (known !== undefined) return known;
  const key = keyOf(rule);
  keys.set(rule, key);
  return key;
}
