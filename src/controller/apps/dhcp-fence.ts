import type { OxmField } from '../../../ofp/index.ts';
import { Cookie, enteredHere, goto, icmpv6, inPort, type Rule, type SwitchView, Table, udp } from '../pipeline.ts';
import type { App, AppReach } from './app.ts';

/** What may be kept at home: both sides of each conversation. */
const conversations = {
  dhcp: [udp(4, 67, 68), udp(4, 68, 67)],
  dhcpv6: [udp(6, 547, 546), udp(6, 546, 547)],
  /** Router advertisements and solicitations. */
  ra: [icmpv6(134), icmpv6(133)],
} satisfies Record<string, readonly (readonly OxmField[])[]>;

export type Fenced = keyof typeof conversations;
export const fencedKinds = Object.keys(conversations) as Fenced[];

/** `dhcp-fence`: conversations that neither leave nor enter this site, so that each site has servers of its own. */
export class DhcpFence implements App {
  readonly counters = {};
  readonly #reach: AppReach;
  readonly #matches: readonly (readonly OxmField[])[];

  constructor(reach: AppReach, fenced: readonly Fenced[]) {
    this.#reach = reach;
    this.#matches = fenced.flatMap((kind) => conversations[kind]);
  }

  viewed({ self, ports }: SwitchView): void {
    const comesOver = (floodPort: number): OxmField[] => [{ field: 'tunnel_id', value: self }, inPort(floodPort)];
    const allRules = (flood: number) => this.#matches.flatMap((match) => rulesOf(match, comesOver(flood)));
    this.#reach.rules.holdFor('fence', ports?.flood, allRules);
  }
}

function rulesOf(match: readonly OxmField[], comesOver: readonly OxmField[]): Rule[] {
  const base = { cookie: Cookie.fence, priority: 400 };
  return [
    { ...base, table: Table.destination, match: [enteredHere, ...match], instructions: [goto(Table.local)] },
    ...comesOver.map((field) => ({ ...base, table: Table.classify, match: [field, ...match], instructions: [] })),
  ];
}
