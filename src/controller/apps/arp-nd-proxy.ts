import { type OxmField, PortNo } from '../../../ofp/index.ts';
import {
  ArpOp,
  buildArp,
  buildNeighbourAdvertisement,
  get32,
  Icmpv6Type,
  macNumber,
  Packet,
} from '../../../switch/packet/index.ts';
import {
  apply,
  arp,
  Cookie,
  enteredHere,
  everywhere,
  goto,
  icmpv6,
  output,
  type Rule,
  type SwitchView,
  Table,
  toAll,
  toController,
  toGroup,
  udp,
  untagged,
  wholeFrame,
} from '../pipeline.ts';
import { packetOut } from '../rules.ts';
import { type ArpMessage, readAddressMessage, routerAdvertisement, type Solicitation } from './address-messages.ts';
import type { App, AppReach, ShownFrame } from './app.ts';
import { type Binding, BindingTable } from './bindings.ts';
import type { HostDirectory } from './host-directory.ts';
import { type Host, sameLocation } from './hosts.ts';

export interface ArpNdProxyOptions {
  readonly reach: AppReach;
  /** Where a MAC address lives, if that is known. */
  readonly host: (mac: Uint8Array) => Host | undefined;
  readonly directory?: Pick<HostDirectory, 'addressed' | 'findAddress'> | undefined;
  /** The switch shows questions to its leaf ports by itself: it may be without this controller, and its hosts find each other all the same. */
  readonly isSelfReliant: boolean;
}

/**
 * `arp-nd-proxy`: who has an address? When that is known, the host that asks is answered here, and nobody else hears of it.
 * Only plain questions are: probes for duplicates and announcements are for the owner to hear, wherever it is; a question
 * sent to one host asks whether it is there; and nobody answers for a host that is not known to be somewhere else.
 */
export class ArpNdProxy implements App {
  readonly #options: ArpNdProxyOptions;
  readonly #bindings = new BindingTable();
  readonly #counts = { arpAnswered: 0, ndAnswered: 0, questionsFlooded: 0, addressMessagesIgnored: 0 };
  #view: SwitchView | undefined;

  constructor(options: ArpNdProxyOptions) {
    this.#options = options;
  }

  get counters() {
    const { evicted, refused } = this.#bindings;
    return { ...this.#counts, bindingsEvicted: evicted, bindingsRefused: refused };
  }

  /** Addresses whose owner is known. */
  get size(): number {
    return this.#bindings.size;
  }

  viewed(view: SwitchView): void {
    this.#view = view;
    const { reach, isSelfReliant } = this.#options;
    reach.rules.holdFor('arp-nd-proxy', view.ports, ({ leaves }) => rulesOf(isSelfReliant ? leaves : []));
  }

  /** A frame that goes its way: what it teaches. */
  overheard(frame: ShownFrame, now: number): void {
    const message = readAddressMessage(frame.packet);
    if (message === undefined) this.#counts.addressMessagesIgnored += 1;
    else if (message.kind === 'advertisement') {
      const { target, mac, isRouter, overrides } = message;
      if (mac === undefined || !overrides) return;
      this.#learn(target, mac, isRouter, now);
      this.#register(target, mac, isRouter, frame);
    } else if (message.kind === 'routerAdvertisement') {
      const binding = this.#bindings.get(message.ip, now);
      if (binding !== undefined) this.#learn(message.ip, binding.mac, true, now);
    } else if (message.kind === 'solicitation') this.#compare(message, now);
    else {
      this.#learn(message.ip, message.mac, false, now);
      if (message.kind === 'arp') this.#register(message.ip, message.mac, false, frame);
    }
  }

  /** A question of a host at a leaf port, which went nowhere else. True: it was flooded, false: it is or will be answered. */
  asked(frame: ShownFrame, now: number): boolean {
    this.overheard(frame, now);
    if (this.#answer(frame, now) || this.#find(frame, now)) return false;
    this.#flood(frame);
    return true;
  }

  #answer(frame: ShownFrame, now: number): boolean {
    const message = readAddressMessage(frame.packet);
    const answer =
      message?.kind === 'arp'
        ? this.#arpAnswer(message, frame, now)
        : message?.kind === 'solicitation'
          ? this.#ndAnswer(message, frame, now)
          : undefined;
    if (answer === undefined) return false;
    this.#options.reach.send([packetOut(answer, PortNo.CONTROLLER, [output(frame.inPort)])]);
    return true;
  }

  /** Asks the directory for an address that nobody here has heard of. What it does not know either is flooded. */
  #find({ cookie, inPort, from, packet }: ShownFrame, now: number): boolean {
    const { directory, host } = this.#options;
    const message = readAddressMessage(packet);
    if (directory === undefined || (message?.kind !== 'arp' && message?.kind !== 'solicitation')) return false;
    const { ip, mac, target } = message;
    const isPlain = !isUnspecified(ip) && !isSame(ip, target) && isOneHost(target);
    // The first frame of a host goes everywhere, so that all learn where it is.
    const isNews = mac === undefined || host(mac)?.location.kind !== 'local';
    if (!isPlain || isNews || this.#bindings.get(target, now) !== undefined) return false;
    const [wanted, data] = [target.slice(), packet.frame.slice()];
    const isKnown = (owner: Uint8Array) => host(owner) !== undefined;
    directory.findAddress(wanted, isKnown, now, (address, at) => {
      const frame = { cookie, inPort, from, packet: new Packet() };
      frame.packet.load(data);
      const isNew = this.#bindings.get(wanted, at) === undefined;
      if (address !== undefined && isNew) this.#learn(wanted, address.mac, address.isRouter, at);
      if (!this.#answer(frame, at)) this.#flood(frame);
    });
    return true;
  }

  #arpAnswer({ ip, mac, target }: ArpMessage, frame: ShownFrame, now: number): Uint8Array | undefined {
    const [asker, wanted] = [get32(ip, 0), get32(target, 0)];
    // Asked before it takes an address (RFC 5227 section 2.1.1), or telling everybody that it has it.
    if (asker === 0 || asker === wanted) return undefined;
    const binding = this.#elsewhere(target, mac, frame, now);
    if (binding === undefined) return undefined;
    this.#counts.arpAnswered += 1;
    return buildArp({ op: ArpOp.REPLY, srcMac: binding.mac, srcIp: wanted, dstMac: mac, dstIp: asker });
  }

  #ndAnswer({ ip, mac, target }: Solicitation, frame: ShownFrame, now: number): Uint8Array | undefined {
    // Without a source it looks for a duplicate (RFC 4862 section 5.4.2).
    if (isUnspecified(ip) || mac === undefined) return undefined;
    const binding = this.#elsewhere(target, mac, frame, now);
    if (binding === undefined) return undefined;
    this.#counts.ndAnswered += 1;
    const { mac: srcMac, isRouter } = binding;
    return buildNeighbourAdvertisement({ srcMac, dstMac: mac, srcIp: target, dstIp: ip, target, isRouter });
  }

  /** The owner of an address, if it is known to be at another place than the one who asks. */
  #elsewhere(ip: Uint8Array, asker: Uint8Array, { from }: ShownFrame, now: number): Binding | undefined {
    const binding = this.#bindings.get(ip, now);
    if (binding === undefined || macNumber(binding.mac, 0) === macNumber(asker, 0)) return undefined;
    const host = this.#options.host(binding.mac);
    if (host !== undefined) return from !== undefined && sameLocation(host.location, from) ? undefined : binding;
    this.#bindings.forget(ip);
    return undefined;
  }

  /** What a question says about its sender does not tell whether that is a router: enough to doubt, not to know. */
  #compare({ ip, mac }: Solicitation, now: number): void {
    const known = this.#bindings.get(ip, now);
    if (known === undefined || mac === undefined) return;
    if (macNumber(mac, 0) === macNumber(known.mac, 0)) this.#learn(ip, mac, known.isRouter, now);
    else this.#bindings.forget(ip);
  }

  /** What the host of a leaf port says of itself. */
  #register(ip: Uint8Array, mac: Uint8Array, isRouter: boolean, { from, packet }: ShownFrame): void {
    const isItsOwn = from?.kind === 'local' && macNumber(packet.frame, sourceMacAt) === macNumber(mac, 0);
    if (isItsOwn && isOneHost(ip)) this.#options.directory?.addressed(ip, { mac: mac.slice(), isRouter });
  }

  #learn(ip: Uint8Array, mac: Uint8Array, isRouter: boolean, now: number): void {
    if (isOneHost(ip) && (mac[0]! & 1) === 0) this.#bindings.confirm(ip, mac, isRouter, now);
  }

  #flood({ packet, inPort }: ShownFrame): void {
    const ports = this.#view?.ports;
    if (ports === undefined) return;
    this.#counts.questionsFlooded += 1;
    const { reach, isSelfReliant } = this.#options;
    const actions = isSelfReliant ? [output(ports.flood)] : everywhere(ports);
    reach.send([packetOut(packet.frame.slice(), inPort, actions)]);
  }
}

/** An address that a single host can have: not unspecified, loopback, multicast or broadcast. */
function isOneHost(ip: Uint8Array): boolean {
  if (ip.length === 4) return ip[0] !== 0 && ip[0] !== 127 && ip[0]! < 224;
  return ip[0] !== 0xff && ip.subarray(0, 15).some((byte) => byte !== 0);
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, i) => byte === b[i]);
}

function isUnspecified(ip: Uint8Array): boolean {
  return ip.every((byte) => byte === 0);
}

const sourceMacAt = 6;
const requests: readonly (readonly OxmField[])[] = [
  [toAll, ...arp, { field: 'arp_op', value: ArpOp.REQUEST }],
  [toGroup, ...icmpv6(Icmpv6Type.NEIGHBOUR_SOLICITATION)],
];
const statements: readonly (readonly OxmField[])[] = [
  arp,
  ...[routerAdvertisement, Icmpv6Type.NEIGHBOUR_SOLICITATION, Icmpv6Type.NEIGHBOUR_ADVERTISEMENT].map(icmpv6),
  udp(4, 67),
];
const show = toController(wholeFrame);

/** `listeners`: ports that hear questions in any case. */
function rulesOf(listeners: readonly number[]): Rule[] {
  const ask = apply(show, ...listeners.map((port) => output(port)));
  return [
    ...requests.map((match) => ({
      table: Table.services,
      cookie: Cookie.question,
      priority: 200,
      match: [enteredHere, untagged, ...match],
      instructions: [ask],
    })),
    ...statements.map((match) => ({
      table: Table.services,
      cookie: Cookie.binding,
      priority: 100,
      match: [untagged, ...match],
      instructions: [apply(show), goto(Table.source)],
    })),
  ];
}
