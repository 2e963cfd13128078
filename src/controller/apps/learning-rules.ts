import type { OxmField } from '../../../ofp/index.ts';
import {
  apply,
  Cookie,
  enteredHere,
  ethType,
  goto,
  inPort,
  inVlan,
  output,
  type Rule,
  type SwitchPorts,
  Table,
  toController,
  toSwitch,
  wholeFrame,
} from '../pipeline.ts';
import { announcementGroup, announcementType } from './announcement.ts';
import { type Host, type HostLocation, hostAgeingMs, type Station } from './hosts.ts';

/** Bytes of a frame that the controller needs to see: its Ethernet header, with room for tags. */
const learnBytes = 64;
const hostIdleTimeout = hostAgeingMs / 1000;

/** Rules of `learning`: who is not known where it shows up is shown to the controller. */
export function baseRules(ports: SwitchPorts): Rule[] {
  const learn = apply(toController(learnBytes));
  const announced: OxmField[] = [{ field: 'eth_dst', value: announcementGroup }, ethType(announcementType)];
  const base = { cookie: Cookie.learning, table: Table.source };
  const announcement = { cookie: Cookie.announcement, table: Table.classify };
  return [
    {
      ...announcement,
      priority: 660,
      match: [inPort(ports.flood), ...announced],
      instructions: [apply(toController(wholeFrame))],
    },
    { ...announcement, priority: 650, match: announced, instructions: [] },
    { ...base, priority: 10, match: [enteredHere], instructions: [learn, goto(Table.destination)] },
    { ...base, priority: 0, match: [], instructions: [learn, goto(Table.local)] },
  ];
}

export function senderAt(place: HostLocation): OxmField {
  return place.kind === 'local' ? inPort(place.port) : { field: 'metadata', value: place.switchId };
}

/** Frames of a host. */
export function senderIs({ mac, vlan }: Station): OxmField[] {
  return [{ field: 'eth_src', value: mac }, inVlan(vlan)];
}

function after(place: HostLocation): number {
  return place.kind === 'local' ? Table.destination : Table.local;
}

/** Frames go their way, and the controller does not hear of them for a while. */
export function silence(match: readonly OxmField[], place: HostLocation, priority: number, seconds: number): Rule {
  const instructions = [goto(after(place))];
  return { table: Table.source, cookie: Cookie.learning, priority, match, instructions, hardTimeout: seconds };
}

/** What is known of a host. The last one stops the learning, so that none is missing once frames no longer come up. */
export function hostRules(host: Host, self: bigint): Rule[] {
  const { mac, vlan, location } = host;
  const to: OxmField[] = [{ field: 'eth_dst', value: mac }, inVlan(vlan)];
  const priority = 100;
  const cookie = location.kind === 'local' ? self : location.switchId;
  const known: Rule = {
    table: Table.source,
    cookie,
    priority,
    match: [senderAt(location), ...senderIs(host)],
    instructions: [goto(after(location))],
    idleTimeout: hostIdleTimeout,
  };
  if (location.kind === 'local') {
    return [
      { table: Table.local, cookie, priority, match: to, instructions: [apply(output(location.port))] },
      { table: Table.destination, cookie, priority, match: to, instructions: [goto(Table.local)] },
      known,
    ];
  }
  const forward = [apply(toSwitch(location.switchId)), goto(Table.transit)];
  return [{ table: Table.destination, cookie, priority, match: to, instructions: forward }, known];
}
