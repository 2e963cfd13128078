import { addRule, type FlowChange, keyOf, type Rule, removeRule, sameEffect } from './rule.ts';

/**
 * The rules that one switch is to hold. While the switch is in step, each change goes out at once; while it is away, changes are
 * kept, and `difference` says later what it lacks.
 */
export class RuleBook {
  readonly #rules = new Map<string, Rule>();
  #send: ((change: FlowChange) => void) | undefined;

  get size(): number {
    return this.#rules.size;
  }

  /** From now on changes go out by `send`; undefined: no more. */
  follow(send: ((change: FlowChange) => void) | undefined): void {
    this.#send = send;
  }

  /** Adds a rule, or replaces the one of the same table, priority and match. */
  put(rule: Rule): void {
    const key = keyOf(rule);
    const held = this.#rules.get(key);
    if (held !== undefined && sameEffect(held, rule)) return;
    this.#rules.set(key, rule);
    this.#send?.(addRule(rule));
  }

  /** Sends a rule that is not kept here: it ends by itself, or follows from what an app knows. */
  send(rule: Rule): void {
    this.#send?.(addRule(rule));
  }

  /** Takes a rule back that is not kept here. */
  sendRemoval(rule: Rule): void {
    this.#send?.(removeRule(rule));
  }

  /** These are all the rules with cookies of an app that are kept here; additions come first. */
  hold(cookies: readonly bigint[], rules: readonly Rule[]): void {
    const left = new Set<string>();
    for (const [key, { cookie }] of this.#rules) if (cookies.includes(cookie)) left.add(key);
    for (const rule of rules) {
      left.delete(keyOf(rule));
      this.put(rule);
    }
    for (const key of left) this.removeKey(key);
  }

  holds(rule: Rule): boolean {
    const held = this.#rules.get(keyOf(rule));
    return held !== undefined && sameEffect(held, rule);
  }

  /** Keeps a rule no longer; the switch does. False: it was not kept here, or is another one. */
  release(rule: Rule): boolean {
    return this.holds(rule) && this.#rules.delete(keyOf(rule));
  }

  remove(rule: Rule): void {
    this.removeKey(keyOf(rule));
  }

  removeKey(key: string): void {
    const held = this.#rules.get(key);
    if (held === undefined || !this.#rules.delete(key)) return;
    this.#send?.(removeRule(held));
  }

  /**
   * What turns a switch that holds `held` into one that holds these rules, and those that apps have besides. Rules that stay are not touched and keep their
   * counters; additions come first, so that no frame finds a rule gone whose successor is on its way.
   */
  difference(held: readonly Rule[], besides: Iterable<Rule>): FlowChange[] {
    const left = new Map(held.map((rule) => [keyOf(rule), rule]));
    const changes: FlowChange[] = [];
    const want = (key: string, rule: Rule) => {
      const same = left.get(key);
      left.delete(key);
      if (same === undefined || !sameEffect(same, rule)) changes.push(addRule(rule));
    };
    for (const [key, rule] of this.#rules) want(key, rule);
    for (const rule of besides) want(keyOf(rule), rule);
    for (const rule of left.values()) changes.push(removeRule(rule));
    return changes;
  }
}
