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

  has(key: string): boolean {
    return this.#rules.has(key);
  }

  /** Adds a rule, or replaces the one of the same table, priority and match. */
  put(rule: Rule): void {
    const key = keyOf(rule);
    const held = this.#rules.get(key);
    if (held !== undefined && sameEffect(held, rule)) return;
    this.#rules.set(key, rule);
    this.#send?.(addRule(rule));
  }

  /** As `put`, and sends it even if the switch should have it. */
  putAgain(rule: Rule): void {
    this.#rules.set(keyOf(rule), rule);
    this.#send?.(addRule(rule));
  }

  /** Sends a rule that ends by itself and is not missed. */
  putForNow(rule: Rule): void {
    this.#send?.(addRule(rule));
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
   * What turns a switch that holds `held` into one that holds these rules. Rules that stay are not touched and keep their
   * counters; additions come first, so that no frame finds a rule gone whose successor is on its way.
   */
  difference(held: readonly Rule[]): FlowChange[] {
    const found = new Map(held.map((rule) => [keyOf(rule), rule]));
    const changes: FlowChange[] = [];
    for (const [key, rule] of this.#rules) {
      const same = found.get(key);
      if (same === undefined || !sameEffect(same, rule)) changes.push(addRule(rule));
    }
    for (const [key, rule] of found) if (!this.#rules.has(key)) changes.push(removeRule(rule));
    return changes;
  }
}
