import type { Instruction, OxmField } from '../../../ofp/index.ts';
import {
  arp,
  Cookie,
  enteredHere,
  ethType,
  fromGroup,
  goto,
  icmpv6,
  inPort,
  type Rule,
  type SwitchPorts,
  type SwitchView,
  Table,
  toAll,
  toGroup,
  udp,
  untagged,
} from '../pipeline.ts';
import type { App, AppReach } from './app.ts';
import type { StormControl } from './storm-control.ts';

const reservedGroup = Uint8Array.of(0x01, 0x80, 0xc2, 0, 0, 0);
const reservedGroupMask = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xf0);

/** Unicast that services look at too: ARP, router and neighbour advertisements, solicitations, answers of a DHCP server. */
const conversations: readonly (readonly OxmField[])[] = [
  [...arp, untagged],
  ...[134, 135, 136].map((type) => [...icmpv6(type), untagged]),
  [...udp(4, 67), untagged],
];

/** `ingress`: where each frame that comes in goes first, and which ones end there. */
export class Ingress implements App {
  readonly counters = {};
  readonly #reach: AppReach;
  readonly #storm: StormControl;
  readonly #floodEtherType: number;

  /** `floodEtherType`: of the frames of floods. */
  constructor(reach: AppReach, storm: StormControl, floodEtherType: number) {
    this.#reach = reach;
    this.#floodEtherType = floodEtherType;
    this.#storm = storm;
  }

  viewed({ self, ports }: SwitchView): void {
    const { rules } = this.#reach;
    // Links come and go; what is for the other ports stays.
    const own = ports && `${ports.flood}/${ports.leaves.join()}`;
    const rulesOf = (known: SwitchPorts) => [...guards(self, this.#floodEtherType), ...this.#entries(self, known)];
    rules.holdFor('ingress', own, () => rulesOf(ports!));
    rules.holdEach('ingress of peer', ports?.peers ?? new Map(), (peer, port) => peerEntries(self, peer, port));
  }

  #entries(self: bigint, ports: SwitchPorts): Rule[] {
    const services = goto(Table.services);
    const source = goto(Table.source);
    return [
      rule(100, [inPort(ports.flood)], services),
      fromElsewhere(ports.flood),
      ...conversations.map((match) => rule(300, [{ field: 'tunnel_id', value: self }, ...match], services)),
      ...ports.leaves.flatMap((port) => {
        const broadcast = this.#storm.meter(port, 'broadcast');
        return [
          rule(120, [inPort(port), toAll], ...broadcast, services),
          rule(110, [inPort(port), toGroup], ...this.#storm.meter(port, 'multicast'), services),
          // One meter with broadcast: what the controller looks at is bounded in any case.
          ...conversations.map((match) => rule(105, [inPort(port), ...match], ...broadcast, services)),
          rule(100, [inPort(port)], source),
        ];
      }),
    ];
  }
}

function peerEntries(self: bigint, peer: bigint, port: number): Rule[] {
  return [
    fromElsewhere(port),
    { ...rule(200, [inPort(port), { field: 'tunnel_id', value: self }], goto(Table.source)), cookie: peer },
    { ...rule(100, [inPort(port)], goto(Table.transit)), cookie: peer },
  ];
}

/** Nothing that comes over the overlay entered it here. */
function fromElsewhere(port: number): Rule {
  return rule(750, [inPort(port), enteredHere]);
}

/** Frames that go nowhere: groups that no bridge forwards, nonsense, what came back, floods that no peer sent. */
function guards(self: bigint, floodEtherType: number): Rule[] {
  return [
    rule(900, [{ field: 'eth_dst', value: reservedGroup, mask: reservedGroupMask }]),
    rule(800, [fromGroup]),
    rule(700, [{ field: 'metadata', value: self }]),
    rule(500, [ethType(floodEtherType)]),
    { ...rule(0, [], goto(Table.source)), table: Table.services },
  ];
}

function rule(priority: number, match: readonly OxmField[], ...instructions: Instruction[]): Rule {
  return { table: Table.classify, cookie: Cookie.ingress, priority, match, instructions };
}
