import { floodEtherType } from '../../../switch/flood/index.ts';
import {
  apply,
  Cookie,
  ethType,
  everywhere,
  inPort,
  output,
  type Rule,
  type SwitchPorts,
  type SwitchView,
  Table,
} from '../pipeline.ts';
import type { App, AppReach } from './app.ts';

/** `bounded-flood`: what nobody knows the way of goes everywhere, once; floods of neighbours go on by the flood port. */
export class BoundedFlood implements App {
  readonly counters = {};
  readonly #reach: AppReach;

  constructor(reach: AppReach) {
    this.#reach = reach;
  }

  viewed({ ports }: SwitchView): void {
    this.#reach.rules.hold('flood', ports === undefined ? [] : rulesOf(ports));
  }
}

function rulesOf(ports: SwitchPorts): Rule[] {
  const miss: Pick<Rule, 'cookie' | 'priority' | 'match'> = { cookie: Cookie.flood, priority: 0, match: [] };
  return [
    { ...miss, table: Table.destination, instructions: [apply(...everywhere(ports))] },
    { ...miss, table: Table.local, instructions: [apply(...ports.leaves.map((port) => output(port)))] },
    ...[...ports.peers].map(([cookie, port]) => ({
      table: Table.classify,
      cookie,
      priority: 600,
      match: [inPort(port), ethType(floodEtherType)],
      instructions: [apply(output(ports.flood))],
    })),
  ];
}
