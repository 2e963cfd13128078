import {
  type AsyncProperty,
  ControllerRole,
  ExperimenterId,
  FlowRemovedReason,
  type Message,
  type OfpVersion,
  PacketInReason,
  PortReason,
} from '../../ofp/index.ts';
import { get16, get32 } from '../packet/index.ts';

/** What a controller may be told without having asked, as the properties of 1.4 name it. */
export type AsyncEvent =
  | 'packetIn'
  | 'portStatus'
  | 'flowRemoved'
  | 'roleStatus'
  | 'tableStatus'
  | 'requestForward'
  | 'flowStats'
  | 'controllerStatus';

/** Bitmaps of reasons: first for master and equal, second for slave. */
export type AsyncMasks = { readonly [E in AsyncEvent]: readonly [master: number, slave: number] };

const bits = (...reasons: readonly number[]) => reasons.reduce((mask, reason) => mask | (1 << reason), 0);
const R = FlowRemovedReason;
const allPortReasons = bits(...Object.values(PortReason));

/** OpenFlow 1.3 section 6.3.5: all but invalid TTLs, and to slaves the ports only. */
const defaultMasks: AsyncMasks = {
  packetIn: [
    bits(
      PacketInReason.NO_MATCH,
      PacketInReason.ACTION,
      PacketInReason.ACTION_SET,
      PacketInReason.GROUP,
      PacketInReason.PACKET_OUT,
    ),
    0,
  ],
  portStatus: [allPortReasons, allPortReasons],
  flowRemoved: [bits(...Object.values(R)), 0],
  roleStatus: [7, 7],
  tableStatus: [0, 0],
  requestForward: [0, 0],
  flowStats: [0, 0],
  controllerStatus: [0, 0],
};

const [masterPacketIn, slavePacketIn] = defaultMasks.packetIn;
const controllerMasks13: AsyncMasks = {
  ...defaultMasks,
  packetIn: [masterPacketIn | bits(PacketInReason.INVALID_TTL), slavePacketIn],
};

/**
 * What a connection is told until it says what it wants. A controller of 1.3 hears of invalid TTLs too: conformance tests
 * look for all the reasons of that version.
 */
export function initialMasks(kind: 'controller' | 'service', version: OfpVersion): AsyncMasks {
  return kind === 'controller' && version === 4 ? controllerMasks13 : defaultMasks;
}

/** A service connection hears of nothing until it asks. */
const isDeafTo = (mask: number, reason: number) => ((mask >>> reason) & 1) === 0;

export function wants(masks: AsyncMasks, role: number, event: AsyncEvent, reason: number): boolean {
  return !isDeafTo(masks[event][role === ControllerRole.SLAVE ? 1 : 0], reason);
}

type Mask3 = 'packetInMask' | 'portStatusMask' | 'flowRemovedMask';
/** What set-async says in 1.3, and in the Nicira message that 1.0 has for it. */
export type AsyncMasks13 = { readonly [K in Mask3]: readonly [number, number] };

/** Bits that a property may have, by version; the first are those of 1.3. */
const known: { readonly [E in AsyncEvent]: { readonly since: OfpVersion } } = {
  packetIn: { since: 4 },
  portStatus: { since: 4 },
  flowRemoved: { since: 4 },
  roleStatus: { since: 5 },
  tableStatus: { since: 5 },
  requestForward: { since: 5 },
  flowStats: { since: 6 },
  controllerStatus: { since: 6 },
};
const events = Object.keys(known) as AsyncEvent[];

export function masks13(masks: AsyncMasks): {
  packetInMask: [number, number];
  portStatusMask: [number, number];
  flowRemovedMask: [number, number];
} {
  return {
    packetInMask: limited(masks.packetIn, 0x7),
    portStatusMask: limited(masks.portStatus, allPortReasons),
    flowRemovedMask: limited(masks.flowRemoved, 0xf),
  };
}

/** To the reasons that 1.3 has. */
const limited = ([master, slave]: readonly [number, number], known: number): [number, number] => [
  master & known,
  slave & known,
];

export function withMasks13(masks: AsyncMasks, changed: AsyncMasks13): AsyncMasks {
  const { packetInMask, portStatusMask, flowRemovedMask } = changed;
  return { ...masks, packetIn: packetInMask, portStatus: portStatusMask, flowRemoved: flowRemovedMask };
}

/** `<event>Slave` and `<event>Master` for every event that the version has. */
export function maskProperties(masks: AsyncMasks, version: OfpVersion): AsyncProperty[] {
  return events
    .filter((event) => version >= known[event].since)
    .flatMap((event): AsyncProperty[] => [
      { type: `${event}Slave`, mask: masks[event][1] },
      { type: `${event}Master`, mask: masks[event][0] },
    ]);
}

/** Properties that are not named stay as they are (1.4 section 7.3.10). Unknown ones are left out. */
export function withProperties(masks: AsyncMasks, properties: Message<'setAsync'>['properties']): AsyncMasks {
  const changed: { [E in AsyncEvent]: readonly [number, number] } = { ...masks };
  for (const property of properties ?? []) {
    const named = /^(\w+?)(Slave|Master)$/.exec(property.type);
    const event = events.find((each) => each === named?.[1]);
    if (!event || !('mask' in property)) continue;
    const [master, slave] = changed[event];
    changed[event] = named![2] === 'Master' ? [property.mask, slave] : [master, property.mask];
  }
  return changed;
}

/** Nicira's message with the properties of 1.4, for the versions before: 8 bytes each, of type, length and mask. */
const setAsyncConfig2 = 27;
const propertyLength = 8;

type Experimental = Pick<Message<'experimenter'>, 'experimenter' | 'expType' | 'data'>;

/** Type of a message of Open vSwitch's; undefined: it is another's. The type comes first in the data of 1.0. */
export function niciraTypeOf({ experimenter, expType, data }: Experimental, version: OfpVersion): number | undefined {
  if (experimenter !== ExperimenterId.NICIRA) return undefined;
  return version === 1 && data.length >= 4 ? get32(data, 0) : expType;
}

/** The properties that an experimenter message sets, or undefined: it is another one. */
export function asyncPropertiesOf(message: Message<'experimenter'>, version: OfpVersion): AsyncProperty[] | undefined {
  const { data } = message;
  if (niciraTypeOf(message, version) !== setAsyncConfig2) return undefined;
  const properties: AsyncProperty[] = [];
  for (let at = version === 1 ? 4 : 0; at + propertyLength <= data.length; at += propertyLength) {
    const event = events[get16(data, at) >> 1];
    if (!event || get16(data, at + 2) !== propertyLength) continue;
    properties.push({ type: `${event}${(data[at + 1]! & 1) === 0 ? 'Slave' : 'Master'}`, mask: get32(data, at + 4) });
  }
  return properties;
}
