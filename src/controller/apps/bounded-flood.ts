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
  #flood: number | undefined;

  /** `etherType`: of the frames of floods. */
  constructor(reach: AppReach, etherType: number) {
    this.#reach = reach;
    this.#etherType = etherType;
  }

  viewed({ ports }: SwitchView): void {
    const { rules } = this.#reach;
    rules.holdFor('flood', ports && `${ports.flood}/${ports.leaves.join()}`, () => rulesOf(ports!));
    if (ports?.flood !== this.#flood) rules.holdEach('flood of peer', new Map(), () => []);
    this.#flood = ports?.flood;
    rules.holdEach('flood of peer', ports?.peers ?? new Map(), (cookie, port) => [
      {
        table: Table.classify,
        cookie,
        priority: 600,
        match: [inPort(port), ethType(this.#etherType)],
        instructions: [apply(output(ports!.flood))],
      },
    ]);
  }
}

function rulesOf(ports: SwitchPorts): Rule[] {
  const miss: Pick<Rule, 'cookie' | 'priority' | 'match'> = { cookie: Cookie.flood, priority: 0, match: [] };
  return [
    { ...miss, table: Table.destination, instructions: [apply(...everywhere(ports))] },
    { ...miss, table: Table.local, instructions: [apply(...ports.leaves.map((port) => output(port)))] },
  ];
}
