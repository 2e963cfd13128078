import { PortConfig as ConfigFlag, PortState } from '../../ofp/index.ts';
import { LinkDecoder, LinkEncoder, type LinkRecord } from '../packet/index.ts';
import type { PortVlans } from './vlans.ts';

export type PortKind = 'leaf' | 'peer' | 'flood';

/** What the owner of a bridge says of a port it adds. */
export type PortOptions = CommonPortOptions &
  (
    | { readonly kind: 'leaf' }
    /** `peer`: the 128-bit id of the node at the other end. */
    | { readonly kind: 'peer'; readonly peer: bigint }
  );

export interface CommonPortOptions {
  /** 1 to 15 bytes of printable ASCII. */
  readonly name: string;
  /** Six bytes. */
  readonly mac: Uint8Array;
  /**
   * Takes a batch, in order, and returns how many it took; the others are counted as dropped. A leaf port gets Ethernet
   * frames, a peer port gets messages of link records. The views are valid only during the call, and the bridge must not
   * be called from inside it.
   */
  send(batch: readonly Uint8Array[]): number;
  /** The number to have, which may be `PortNo.LOCAL`; otherwise the next free one. */
  readonly no?: number;
  /** For NORMAL, at leaf ports. Without them, every frame comes and goes as it is. */
  readonly vlans?: PortVlans | undefined;
  /** Current speed for descriptions, in kb/s. */
  readonly speed?: number;
  /** What the port's device counts beyond OpenFlow's counters, by name of up to 255 bytes; asked for when a controller asks. */
  ownCounters?(): OwnCounters;
}

export type OwnCounters = { readonly [name: string]: number };

/** A counter that the port's device does not keep is -1. */
export interface PortCounters {
  rxPackets: number;
  rxBytes: number;
  txPackets: number;
  txBytes: number;
  rxDropped: number;
  txDropped: number;
  rxErrors: number;
  txErrors: number;
}

/** One port of a bridge: its state, its counters, and what waits to be sent at the end of the batch. */
export class Port {
  readonly no: number;
  readonly name: string;
  readonly mac: Uint8Array;
  readonly kind: PortKind;
  /** Set on peer ports. */
  readonly peer: bigint | undefined;
  readonly vlans: PortVlans | undefined;
  readonly speed: number;
  readonly createdAt: number;
  readonly counters: PortCounters = {
    rxPackets: 0,
    rxBytes: 0,
    txPackets: 0,
    txBytes: 0,
    rxDropped: 0,
    txDropped: 0,
    rxErrors: 0,
    txErrors: 0,
  };
  /** `PortConfig` bits: what a controller set. */
  config = 0;
  isLinkUp = true;
  /** Answers from its other end are overdue: groups pass it by while another bucket will do. */
  isLate = false;
  /** It closes a loop: nothing but probes comes in or goes out. */
  isBlocked = false;
  readonly #send: (batch: readonly Uint8Array[]) => number;
  readonly #ownCounters: () => OwnCounters;
  readonly #encoder: LinkEncoder | undefined;
  #frames: Uint8Array[] = [];

  constructor(no: number, kind: PortKind, options: CommonPortOptions, peer: bigint | undefined, now: number) {
    this.no = no;
    this.name = options.name;
    this.mac = options.mac.slice();
    this.kind = kind;
    this.peer = peer;
    this.vlans = options.vlans;
    this.speed = options.speed ?? 0;
    this.createdAt = now;
    this.#send = (batch) => options.send(batch);
    this.#ownCounters = () => options.ownCounters?.() ?? {};
    this.#encoder = kind === 'peer' ? new LinkEncoder() : undefined;
  }

  /** What only its device counts. */
  get ownCounters(): OwnCounters {
    return this.#ownCounters();
  }

  /** `PortState` bits. */
  get state(): number {
    const link = this.isLinkUp ? 0 : PortState.LINK_DOWN;
    return link | (this.isBlocked ? PortState.BLOCKED : 0) | (this.isUp ? PortState.LIVE : 0);
  }

  get isUp(): boolean {
    return this.isLinkUp && !this.isBlocked && (this.config & ConfigFlag.PORT_DOWN) === 0;
  }

  /** For groups; not told to controllers, who could do nothing sooner. */
  get isLive(): boolean {
    return this.isUp && !this.isLate;
  }

  /** Whether something waits for `flush`. */
  get isQueueing(): boolean {
    return this.#frames.length > 0;
  }

  /** Counts a frame that came in; false when the port does not take frames. */
  admit(frame: Uint8Array): boolean {
    const { counters } = this;
    counters.rxPackets += 1;
    counters.rxBytes += frame.length;
    if (!this.isBlocked && (this.config & (ConfigFlag.NO_RECV | ConfigFlag.PORT_DOWN)) === 0) return true;
    counters.rxDropped += 1;
    return false;
  }

  /** Queues a frame on a leaf port. The bytes must stay as they are until `flush`. */
  queueFrame(frame: Uint8Array): void {
    if (this.#mayForward()) this.#frames.push(frame);
  }

  /** Queues a probe on a leaf port, even a blocked one. */
  queueProbe(probe: Uint8Array): void {
    if (this.isLinkUp && (this.config & ConfigFlag.PORT_DOWN) === 0) this.#frames.push(probe);
  }

  /** Copies a frame into a link record on a peer port. */
  queueRecord(record: Readonly<LinkRecord>, frame: Uint8Array): void {
    if (!this.#mayForward()) return;
    if (this.#encoder?.append(record, frame)) this.#frames.push(frame);
    else this.counters.txErrors += 1;
  }

  /** Counts a frame that a logical port took; where it goes is the engine's business. */
  countLogical(frame: Uint8Array): void {
    this.#countSent(frame.length);
  }

  /** Hands what is queued to the port's sink. */
  flush(): void {
    if (this.#frames.length === 0) return;
    const frames = this.#frames;
    this.#frames = [];
    const batch = this.#encoder ? this.#encoder.take() : frames;
    const taken = this.#send(batch);
    for (const frame of frames) this.#countSent(frame.length);
    for (let i = Math.max(0, taken); i < batch.length; i++) this.#countUntaken(batch[i]!);
  }

  #mayForward(): boolean {
    if (this.isUp && (this.config & ConfigFlag.NO_FWD) === 0) return true;
    this.counters.txDropped += 1;
    return false;
  }

  #countSent(length: number): void {
    this.counters.txPackets += 1;
    this.counters.txBytes += length;
  }

  #countUntaken(item: Uint8Array): void {
    if (!this.#encoder) {
      this.#countDropped(item.length);
      return;
    }
    const records = new LinkDecoder();
    records.open(item);
    while (records.next()) this.#countDropped(records.frame.length);
  }

  #countDropped(length: number): void {
    this.counters.txPackets -= 1;
    this.counters.txBytes -= length;
    this.counters.txDropped += 1;
  }
}
