import type { Instruction } from '../../../ofp/index.ts';
import { apply, output, type Rule, type SwitchView, Table } from '../pipeline.ts';
import type { App, AppReach } from './app.ts';
import type { LinkLimiter } from './link-limits.ts';

interface Route {
  readonly port: number;
  readonly rule: Rule;
}

/** `overlay-routing`: a frame for another switch leaves by the link to the next hop. */
export class OverlayRouting implements App {
  readonly counters = {};
  readonly #reach: AppReach;
  readonly #limits: LinkLimiter;
  /** By target; a rule that stays is the same object, so that nobody compares it again. */
  #routes: ReadonlyMap<bigint, Route> = new Map();

  constructor(reach: AppReach, limits: LinkLimiter) {
    this.#reach = reach;
    this.#limits = limits;
  }

  viewed({ hops }: SwitchView): void {
    const routes = new Map<bigint, Route>();
    for (const [target, port] of hops) {
      const known = this.#routes.get(target);
      routes.set(
        target,
        known?.port === port ? known : { port, rule: routeRule(target, port, this.#limits.meter(port)) },
      );
    }
    this.#routes = routes;
    this.#reach.rules.hold(
      'routes',
      Array.from(routes.values(), ({ rule }) => rule),
    );
  }
}

function routeRule(target: bigint, port: number, limits: readonly Instruction[]): Rule {
  return {
    ...{ table: Table.transit, cookie: target, priority: 100 },
    match: [{ field: 'tunnel_id', value: target }],
    instructions: [...limits, apply(output(port))],
  };
}
