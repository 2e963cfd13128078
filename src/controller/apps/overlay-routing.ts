import { apply, output, type SwitchView, Table } from '../pipeline.ts';
import type { App, AppReach } from './app.ts';

/** `overlay-routing`: a frame for another switch leaves by the link to the next hop. */
export class OverlayRouting implements App {
  readonly counters = {};
  readonly #reach: AppReach;

  constructor(reach: AppReach) {
    this.#reach = reach;
  }

  viewed({ hops }: SwitchView): void {
    const rules = [...hops].map(([target, port]) => ({
      table: Table.transit,
      cookie: target,
      priority: 100,
      match: [{ field: 'tunnel_id', value: target } as const],
      instructions: [apply(output(port))],
    }));
    this.#reach.rules.hold('routes', rules);
  }
}
