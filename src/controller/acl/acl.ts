import type { Action, Instruction } from '../../../ofp/index.ts';
import type { App, Stage } from '../runtime/app.ts';
import { cookieOf } from '../runtime/cookies.ts';
import type { Meter } from '../runtime/requests.ts';
import { keyOf, type Rule } from '../runtime/rule.ts';
import type { ManagedSwitch } from '../runtime/switch.ts';
import type { AclRule, AclRules } from './parse.ts';

const highest = 65_000;
const version15 = 6;

/** The app of an access control list: frames that it drops are seen by no app after it. */
export class Acl implements App {
  readonly name = 'acl';
  readonly owner = 3;
  readonly tables = 1;
  readonly needsStages = true;
  readonly meters: readonly Meter[];
  readonly #rules: AclRules['rules'];
  #stage: Stage = { table: 0, next: 1 };

  constructor({ rules, meters }: AclRules) {
    this.#rules = rules;
    this.meters = meters;
  }

  get size(): number {
    return this.#rules.length;
  }

  place(stage: Stage): void {
    this.#stage = stage;
  }

  connected(sw: ManagedSwitch): void {
    const seen = new Set<string>();
    for (const rule of this.#rulesOf(sw)) {
      // Of two with one match, the first counts.
      const key = keyOf({ ...rule, priority: 0 });
      if (!seen.has(key)) sw.rules.put(rule);
      seen.add(key);
    }
  }

  *#rulesOf(sw: ManagedSwitch): Iterable<Rule> {
    const { table, next } = this.#stage;
    const cookie = cookieOf(this.owner);
    const goOn: Instruction = { type: 'gotoTable', tableId: next };
    const version = sw.voice?.version ?? 0;
    for (const [i, rule] of this.#rules.entries()) {
      if (rule.datapathId !== undefined && rule.datapathId !== sw.datapathId) continue;
      const instructions = rule.isDrop ? [] : [...passed(rule, version), goOn];
      yield { table, cookie, priority: highest - i, match: rule.match, instructions };
    }
    yield { table, cookie, priority: 0, match: [], instructions: [goOn] };
  }
}

/** In 1.5 a meter is an action; before, an instruction. */
function passed({ meters, mirrors }: AclRule, version: number): Instruction[] {
  const copies: Action[] = mirrors.map((port) => ({ type: 'output', port, maxLen: 0 }));
  const isAction = version >= version15;
  const metered: Action[] = isAction ? meters.map((meterId) => ({ type: 'meter', meterId })) : [];
  const actions = [...metered, ...copies];
  return [
    ...(isAction ? [] : meters.map((meterId): Instruction => ({ type: 'meter', meterId }))),
    ...(actions.length > 0 ? [{ type: 'applyActions' as const, actions }] : []),
  ];
}
