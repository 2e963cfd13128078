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
  readonly #etherType: number;

  /** `etherType`: of the frames of floods. */
  constructor(reach: AppReach, etherType: number) {
    this.#reach = reach;
    this.#etherType = etherType;
  }

  viewed({ ports }: SwitchView): void {
    this.#reach.rules.holdFor('flood', ports, (known) => rulesOf(known, this.#etherType));
  }
}

function rulesOf(ports: SwitchPorts, etherType: number): Rule[] {
  const miss: Pick<Rule, 'cookie' | 'priority' | 'match'> = { cookie: Cookie.flood, priority: 0, match: [] };
  return [
    { ...miss, table: Table.destination, instructions: [apply(...everywhere(ports))] },
    { ...miss, table: Table.local, instructions: [apply(...ports.leaves.map((port) => output(port)))] },
    ...[...ports.peers].map(([cookie, port]) => ({
      table: Table.classify,
      cookie,
      priority: 600,
      match: [inPort(port), ethType(etherType)],
      instructions: [apply(output(ports.flood))],
    })),
  ];
}
