/**
 * The pipeline of an overlay switch as data: which rules its tables hold for a given set of ports, routes and hosts.
 *
 *   0 classify     reserved groups and forged frames end here; floods go to the flood port; frames of other switches to 3
 *   1 source       is the sender known where it shows up? If not, the controller hears of it. Frames go on in any case
 *   2 destination  frames from leaf ports: MAC -> switch (tunnel id), or flood
 *   3 transit      switch -> next hop
 *   4 local        MAC -> leaf port
 *
 * `metadata` begins as the id of the switch where a frame entered the overlay, 0 if that is this one; `tunnel_id` is the
 * switch where it leaves it. A cookie is the id of the switch that a rule is about: all its rules go in one message.
 */
import type { Action, Instruction, OxmField } from '../../ofp/index.ts';
import { floodEtherType } from '../../switch/flood/index.ts';
import type { HostLocation } from './hosts.ts';

export const Table = { classify: 0, source: 1, destination: 2, transit: 3, local: 4 } as const;

export interface Rule {
  readonly table: number;
  readonly priority: number;
  readonly cookie: bigint;
  readonly match: readonly OxmField[];
  readonly instructions: readonly Instruction[];
  /** Seconds; 0 or absent: for good. A rule that idles out is reported. */
  readonly idleTimeout?: number;
}

export interface SwitchPorts {
  readonly flood: number;
  readonly leaves: readonly number[];
  /** Port of the link to each neighbour, by the neighbour's switch id. */
  readonly peers: ReadonlyMap<bigint, number>;
}

/** Seconds until a silent MAC is forgotten (IEEE 802.1D, 7.9.2: ageing time). */
export const hostIdleTimeout = 300;
/** Bytes of a frame that the controller needs to see: its Ethernet header, with room for tags. */
const learnBytes = 64;
const toController = 0xffff_fffd;

const groupBit = Uint8Array.of(1, 0, 0, 0, 0, 0);
const reservedGroup = Uint8Array.of(0x01, 0x80, 0xc2, 0, 0, 0);
const reservedGroupMask = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xf0);

const output = (port: number, maxLen = 0): Action => ({ type: 'output', port, maxLen });
const goto = (tableId: number): Instruction => ({ type: 'gotoTable', tableId });
const apply = (...actions: Action[]): Instruction => ({ type: 'applyActions', actions });
const learn = apply(output(toController, learnBytes));

/** Rules that follow from what the switch is and which ports it has. */
export function portRules(selfSwitch: bigint, ports: SwitchPorts): Rule[] {
  const base = { cookie: 0n };
  const { classify, source, destination, local } = Table;
  const leaves = ports.leaves.map((port) => output(port));
  const rules: Rule[] = [
    {
      ...base,
      table: classify,
      priority: 900,
      match: [{ field: 'eth_dst', value: reservedGroup, mask: reservedGroupMask }],
      instructions: [],
    },
    {
      ...base,
      table: classify,
      priority: 800,
      match: [{ field: 'eth_src', value: groupBit, mask: groupBit }],
      instructions: [],
    },
    { ...base, table: classify, priority: 700, match: [{ field: 'metadata', value: selfSwitch }], instructions: [] },
    {
      ...base,
      table: classify,
      priority: 500,
      match: [{ field: 'eth_type', value: floodEtherType }],
      instructions: [],
    },
    {
      ...base,
      table: classify,
      priority: 100,
      match: [{ field: 'in_port', value: ports.flood }],
      instructions: [goto(source)],
    },
    { ...base, table: source, priority: 0, match: [], instructions: [learn, goto(local)] },
    { ...base, table: destination, priority: 0, match: [], instructions: [apply(...leaves, output(ports.flood))] },
    { ...base, table: local, priority: 0, match: [], instructions: [apply(...leaves)] },
  ];
  for (const port of ports.leaves) {
    const match: OxmField[] = [{ field: 'in_port', value: port }];
    rules.push(
      { ...base, table: classify, priority: 100, match, instructions: [goto(source)] },
      { ...base, table: source, priority: 10, match, instructions: [learn, goto(destination)] },
    );
  }
  for (const [cookie, port] of ports.peers) rules.push(...peerRules(selfSwitch, cookie, port, ports.flood));
  return rules;
}

function peerRules(selfSwitch: bigint, cookie: bigint, port: number, flood: number): Rule[] {
  const inPort: OxmField = { field: 'in_port', value: port };
  const table = Table.classify;
  return [
    {
      table,
      cookie,
      priority: 600,
      match: [inPort, { field: 'eth_type', value: floodEtherType }],
      instructions: [apply(output(flood))],
    },
    {
      table,
      cookie,
      priority: 200,
      match: [inPort, { field: 'tunnel_id', value: selfSwitch }],
      instructions: [goto(Table.source)],
    },
    { table, cookie, priority: 100, match: [inPort], instructions: [goto(Table.transit)] },
  ];
}

/** Frames for `target` leave by `port`. */
export function routeRule(target: bigint, port: number): Rule {
  return {
    table: Table.transit,
    cookie: target,
    priority: 100,
    match: [{ field: 'tunnel_id', value: target }],
    instructions: [apply(output(port))],
  };
}

/**
 * Rules of one known MAC; the last one stops the learning, so that none is missing once frames no longer come up.
 * `selfSwitch` is the cookie of hosts at this switch.
 */
export function hostRules(mac: Uint8Array, location: HostLocation, selfSwitch: bigint): Rule[] {
  const from: OxmField = { field: 'eth_src', value: mac };
  const to: OxmField = { field: 'eth_dst', value: mac };
  const priority = 100;
  if (location.kind === 'local') {
    const cookie = selfSwitch;
    return [
      { table: Table.local, cookie, priority, match: [to], instructions: [apply(output(location.port))] },
      { table: Table.destination, cookie, priority, match: [to], instructions: [goto(Table.local)] },
      {
        table: Table.source,
        cookie,
        priority,
        match: [{ field: 'in_port', value: location.port }, from],
        instructions: [goto(Table.destination)],
        idleTimeout: hostIdleTimeout,
      },
    ];
  }
  const cookie = location.switchId;
  return [
    {
      table: Table.destination,
      cookie,
      priority,
      match: [to],
      instructions: [
        apply({ type: 'setField', field: { field: 'tunnel_id', value: location.switchId } }),
        goto(Table.transit),
      ],
    },
    {
      table: Table.source,
      cookie,
      priority,
      match: [{ field: 'metadata', value: location.switchId }, from],
      instructions: [goto(Table.local)],
      idleTimeout: hostIdleTimeout,
    },
  ];
}
