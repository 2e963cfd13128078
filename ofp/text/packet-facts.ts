import type { OxmField, OxmName } from '../tables/oxm-types.ts';
import type { FieldValue } from './fields.ts';
import { missing } from './match-parse.ts';
import { fail, type Piece } from './scan.ts';

const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const MPLS: readonly number[] = [0x8847, 0x8848];
const VLAN_PRESENT = 0x1000;
/** Two tags are as many as Open vSwitch looks at. */
const MAX_TAGS = 2;
const TRANSPORTS: ReadonlyMap<number, 'tcp' | 'udp' | 'sctp'> = new Map([
  [6, 'tcp'],
  [17, 'udp'],
  [132, 'sctp'],
]);

/**
 * What a match, and the actions so far, say of the packet: an action that cannot work on it is refused when it is read
 * (spec 1.3 7.4.4.3, MATCH_INCONSISTENT).
 */
export class PacketFacts {
  readonly #known = new Map<OxmName, { value: FieldValue }>();
  #tags = 0;

  constructor(match: readonly OxmField[]) {
    for (const oxm of match) {
      if (oxm.field === 'unknown') continue;
      this.#known.set(oxm.field, { value: oxm.value });
      if (oxm.field === 'vlan_vid' && (oxm.value & (oxm.mask ?? VLAN_PRESENT) & VLAN_PRESENT) !== 0) this.#tags = 1;
    }
  }

  get isTagged(): boolean {
    return this.#tags > 0;
  }

  pushTag(key: Piece): void {
    if (this.#tags === MAX_TAGS) fail(key, `at most ${MAX_TAGS} VLAN tags`);
    this.#tags++;
  }

  popTag(key: Piece): void {
    if (this.#tags === 0) fail(key, 'a packet with a VLAN tag');
    this.#tags--;
  }

  /** The payload of an MPLS packet is not known. */
  pushMpls(ethType: number): void {
    this.#known.set('eth_type', { value: ethType });
    this.#known.delete('ip_proto');
  }

  popMpls(key: Piece, ethType: number): void {
    this.needMpls(key);
    this.#known.set('eth_type', { value: ethType });
  }

  needIpv4(key: Piece): void {
    if (this.#ethType !== IPV4) fail(key, 'a flow of IPv4');
  }

  needIp(key: Piece): void {
    if (this.#ethType !== IPV4 && this.#ethType !== IPV6) fail(key, 'a flow of IP');
  }

  needMpls(key: Piece): void {
    if (!MPLS.includes(this.#ethType)) fail(key, 'a flow of MPLS');
  }

  needTransport(key: Piece): void {
    this.needIp(key);
    if (!this.#transport) fail(key, 'a flow of TCP, UDP or SCTP');
  }

  transportField(end: 'src' | 'dst'): OxmName | undefined {
    return this.#transport && `${this.#transport}_${end}`;
  }

  /** What the specification demands of the packet for `field` to be there. */
  needFor(field: OxmName, key: Piece): void {
    if ((field === 'vlan_vid' || field === 'vlan_pcp') && this.isTagged) return;
    if (field === 'vlan_vid' || field === 'vlan_pcp') fail(key, 'a packet with a VLAN tag');
    const needed = missing(field, this.#known);
    if (needed !== undefined) fail(key, `a flow with ${needed}`);
  }

  get #ethType(): number {
    return Number(this.#known.get('eth_type')?.value ?? -1);
  }

  get #transport(): 'tcp' | 'udp' | 'sctp' | undefined {
    return TRANSPORTS.get(Number(this.#known.get('ip_proto')?.value ?? -1));
  }
}
