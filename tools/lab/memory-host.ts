import type { Clock, Timer } from '../../src/lib/clock.ts';
import {
  ArpAt,
  ArpOp,
  buildArp,
  buildIcmpv4Echo,
  buildIcmpv6Echo,
  buildNeighbourAdvertisement,
  buildNeighbourSolicitation,
  EtherType,
  get16,
  get32,
  Icmpv4Type,
  Icmpv6Type,
  IpProto,
  Ipv4At,
  Ipv6At,
  isArpAt,
  isNeighbourDiscovery,
  NdAt,
  NdOption,
  ndLinkAddressAt,
  Packet,
} from '../../switch/packet/index.ts';
import { addressBytes, addressKey } from './addresses.ts';
import type { Pinger } from './network.ts';

/** The host's end of an in-memory TAP. */
export interface Cable {
  send(frames: readonly Uint8Array[]): number;
  /** The views are valid only until the handler returns. */
  onFrames(handler: (frames: readonly Uint8Array[]) => void): void;
}

export interface MemoryHostOptions {
  readonly cable: Cable;
  readonly mac: Uint8Array;
  readonly v4: string;
  readonly v6: string;
  readonly clock: Clock;
}

interface Waiting {
  readonly target: Uint8Array;
  readonly sentAt: number;
  /** Until the neighbour's MAC is known, and the request on its way. */
  retry: Timer | undefined;
  end(rtt: number | undefined): void;
}

const solicitEveryMs = 250;
const echoPayload = new TextEncoder().encode('ringlet lab echo');
const echoHeader = 8;

/** As much of a host's network stack as echoes need: ARP, neighbour discovery, ICMP and ICMPv6 echo. */
export class MemoryHost implements Pinger {
  readonly #cable: Cable;
  readonly #mac: Uint8Array;
  readonly #v4: Uint8Array;
  readonly #v6: Uint8Array;
  readonly #clock: Clock;
  readonly #packet = new Packet();
  /** Only those that were asked for. */
  readonly #neighbours = new Map<string, Uint8Array>();
  readonly #waiting = new Map<number, Waiting>();
  #sequence = 0;

  constructor({ cable, mac, v4, v6, clock }: MemoryHostOptions) {
    this.#cable = cable;
    this.#mac = mac;
    this.#v4 = addressBytes(v4);
    this.#v6 = addressBytes(v6);
    this.#clock = clock;
    cable.onFrames((frames) => {
      for (const frame of frames) this.#receive(frame);
    });
  }

  ping(address: string, timeoutMs: number): Promise<number | undefined> {
    const target = addressBytes(address);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    const sequence = this.#sequence;
    this.#waiting.get(sequence)?.end(undefined);
    return new Promise((resolve) => {
      const timeout = this.#clock.after(timeoutMs, () => waiting.end(undefined));
      const waiting: Waiting = {
        target,
        sentAt: this.#clock.now(),
        retry: undefined,
        end: (rtt) => {
          timeout.cancel();
          waiting.retry?.cancel();
          this.#waiting.delete(sequence);
          resolve(rtt);
        },
      };
      this.#waiting.set(sequence, waiting);
      this.#request(sequence, waiting);
    });
  }

  close(): void {
    for (const waiting of [...this.#waiting.values()]) waiting.end(undefined);
  }

  #request(sequence: number, waiting: Waiting): void {
    const dstMac = this.#neighbours.get(addressKey(waiting.target));
    if (dstMac === undefined) {
      this.#solicit(waiting.target);
      waiting.retry = this.#clock.after(solicitEveryMs, () => this.#request(sequence, waiting));
      return;
    }
    waiting.retry?.cancel();
    waiting.retry = undefined;
    this.#echo('request', dstMac, waiting.target, 0, sequence, echoPayload);
  }

  #solicit(target: Uint8Array): void {
    const frame =
      target.length === 4
        ? buildArp({ op: ArpOp.REQUEST, srcMac: this.#mac, srcIp: get32(this.#v4, 0), dstIp: get32(target, 0) })
        : buildNeighbourSolicitation({ srcMac: this.#mac, srcIp: this.#v6, target });
    this.#cable.send([frame]);
  }

  #echo(
    kind: 'request' | 'reply',
    dstMac: Uint8Array,
    target: Uint8Array,
    identifier: number,
    sequence: number,
    payload: Uint8Array,
  ): void {
    const common = { kind, srcMac: this.#mac, dstMac, identifier, sequence, payload };
    const frame =
      target.length === 4
        ? buildIcmpv4Echo({ ...common, srcIp: get32(this.#v4, 0), dstIp: get32(target, 0) })
        : buildIcmpv6Echo({ ...common, srcIp: this.#v6, dstIp: target });
    this.#cable.send([frame]);
  }

  #receive(frame: Uint8Array): void {
    const packet = this.#packet;
    if (!packet.load(frame)) return;
    if (packet.etherType === EtherType.ARP) this.#receiveArp(frame, packet.l3At);
    else if (packet.l4At < 0 || packet.l4End < packet.l4At + echoHeader) return;
    else if (packet.etherType === EtherType.IPV4 && packet.ipProto === IpProto.ICMP) this.#receiveIcmpv4(packet);
    else if (packet.etherType === EtherType.IPV6 && packet.ipProto === IpProto.ICMPV6) this.#receiveIcmpv6(packet);
  }

  #receiveArp(frame: Uint8Array, at: number): void {
    if (!isArpAt(frame, at) || !isEqual(this.#v4, frame.subarray(at + ArpAt.TPA, at + ArpAt.TPA + 4))) return;
    const sender = frame.subarray(at + ArpAt.SPA, at + ArpAt.SPA + 4);
    const mac = frame.subarray(at + ArpAt.SHA, at + ArpAt.SHA + 6);
    if (get16(frame, at + ArpAt.OP) !== ArpOp.REQUEST) {
      this.#learn(sender, mac);
      return;
    }
    const answer = { op: ArpOp.REPLY, srcMac: this.#mac, srcIp: get32(this.#v4, 0), dstMac: mac };
    this.#cable.send([buildArp({ ...answer, dstIp: get32(sender, 0) })]);
  }

  #receiveIcmpv4(packet: Packet): void {
    const { frame, l3At, l4At } = packet;
    if (!isEqual(this.#v4, frame.subarray(l3At + Ipv4At.DST, l3At + Ipv4At.DST + 4))) return;
    const sender = frame.subarray(l3At + Ipv4At.SRC, l3At + Ipv4At.SRC + 4);
    if (frame[l4At] === Icmpv4Type.ECHO_REQUEST) this.#answer(packet, sender);
    else if (frame[l4At] === Icmpv4Type.ECHO_REPLY) this.#answered(packet, sender);
  }

  #receiveIcmpv6(packet: Packet): void {
    const { frame, l3At, l4At } = packet;
    const sender = frame.subarray(l3At + Ipv6At.SRC, l3At + Ipv6At.SRC + 16);
    if (isNeighbourDiscovery(frame, l4At)) this.#receiveDiscovery(frame, l4At, sender);
    else if (!isEqual(this.#v6, frame.subarray(l3At + Ipv6At.DST, l3At + Ipv6At.DST + 16))) return;
    else if (frame[l4At] === Icmpv6Type.ECHO_REQUEST) this.#answer(packet, sender);
    else if (frame[l4At] === Icmpv6Type.ECHO_REPLY) this.#answered(packet, sender);
  }

  #receiveDiscovery(frame: Uint8Array, at: number, sender: Uint8Array): void {
    const target = frame.subarray(at + NdAt.TARGET, at + NdAt.TARGET + 16);
    const isRequest = frame[at] === Icmpv6Type.NEIGHBOUR_SOLICITATION;
    const option = isRequest ? NdOption.SOURCE_LINK_ADDRESS : NdOption.TARGET_LINK_ADDRESS;
    const macAt = ndLinkAddressAt(frame, at, option);
    if (macAt < 0) return;
    const mac = frame.subarray(macAt, macAt + 6);
    if (!isRequest) {
      this.#learn(target, mac);
    } else if (isEqual(this.#v6, target)) {
      const answer = { srcMac: this.#mac, dstMac: mac, srcIp: this.#v6, dstIp: sender, target: this.#v6 };
      this.#cable.send([buildNeighbourAdvertisement(answer)]);
    }
  }

  #learn(address: Uint8Array, mac: Uint8Array): void {
    for (const [sequence, waiting] of this.#waiting) {
      if (waiting.retry === undefined || !isEqual(waiting.target, address)) continue;
      this.#neighbours.set(addressKey(address), mac.slice());
      this.#request(sequence, waiting);
    }
  }

  #answer({ frame, l4At, l4End }: Packet, sender: Uint8Array): void {
    const payload = frame.slice(l4At + echoHeader, l4End);
    this.#echo('reply', frame.slice(6, 12), sender, get16(frame, l4At + 4), get16(frame, l4At + 6), payload);
  }

  #answered({ frame, l4At }: Packet, sender: Uint8Array): void {
    const waiting = this.#waiting.get(get16(frame, l4At + 6));
    if (waiting !== undefined && isEqual(waiting.target, sender)) waiting.end(this.#clock.now() - waiting.sentAt);
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
