import type { Timer } from '../lib/clock.ts';
import { parseCandidate } from './candidate.ts';
import { TunnelError } from './errors.ts';
import { type MemoryWire, ReliableLane, sendUnreliably } from './memory-lane.ts';
import { type MemoryPath, type MemoryTunnelNetwork, memoryFingerprint } from './memory-network.ts';
import {
  maxControlMessage,
  maxFrameMessage,
  openTimeoutMs,
  type Tunnel,
  type TunnelCounters,
  type TunnelEvents,
  type TunnelOffer,
  type TunnelPath,
  type TunnelSignal,
} from './tunnel.ts';

/** ICE gives a silent peer up after this long (RFC 7675 section 5.1). */
const consentTimeoutMs = 30_000;
/** DTLS's first retransmission (RFC 6347 section 4.2.4.1). */
const handshakeRetryMs = 1_000;
const localhost = '127.0.0.1';
const nowhere: MemoryPath = { latencyMs: 0, loss: 1 };

/**
 * One end of an in-memory tunnel. A description is nothing but an id in the network and a fingerprint; there is nothing
 * to gather, so no candidates are sent, and those that come are read and left.
 */
export class MemoryTunnel implements Tunnel {
  readonly name: string;
  readonly host: string;
  /** Nothing waits here. */
  readonly isCongested = false;
  readonly counters: TunnelCounters = { rxMessages: 0, rxBytes: 0, txMessages: 0, txBytes: 0, txDropped: 0 };
  readonly #role: 'offer' | 'answer';
  readonly #events: TunnelEvents;
  readonly #network: MemoryTunnelNetwork;
  readonly #released: () => void;
  readonly #id: string;
  readonly #wire: MemoryWire;
  readonly #control: ReliableLane;
  /** Open timeout first, consent timeout once the other end fell silent. */
  #timer: Timer;
  #state: 'connecting' | 'open' | 'closed' = 'connecting';
  #peer: MemoryTunnel | undefined;
  /** What the other end, open already, sent while this one was not. */
  #early: (() => void)[] = [];

  constructor(
    name: string,
    role: 'offer' | 'answer',
    host: string,
    events: TunnelEvents,
    network: MemoryTunnelNetwork,
    released: () => void,
  ) {
    this.name = name;
    this.host = host;
    this.#role = role;
    this.#events = events;
    this.#network = network;
    this.#released = released;
    this.#id = network.add(this);
    const { clock, random, pool } = network;
    this.#wire = { clock, random, pool, way: () => this.#way() };
    this.#control = new ReliableLane(this.#wire, (message) => this.#peer?.receiveControl(message));
    this.#timer = network.clock.after(openTimeoutMs, () => this.#end(`no connection within ${openTimeoutMs / 1000} s`));
  }

  dial(): void {
    this.#describe();
  }

  accept(offer: TunnelOffer): void {
    this.signal(offer);
    this.#describe();
  }

  signal(payload: TunnelSignal): void {
    if (this.#state === 'closed') return;
    try {
      if (payload.kind === 'candidate') parseCandidate(payload.candidate);
      else this.#takeDescription(payload);
    } catch (error) {
      this.#end(error instanceof Error ? error.message : String(error));
    }
  }

  sendControl(message: Uint8Array): boolean {
    if (this.#state !== 'open' || message.length > maxControlMessage || !this.#control.send(message)) return false;
    this.counters.txMessages += 1;
    this.counters.txBytes += message.length;
    return true;
  }

  sendFrames(messages: readonly Uint8Array[]): number {
    const taken = this.#state === 'open' ? messages.filter((message) => message.length <= maxFrameMessage) : [];
    this.counters.txDropped += messages.length - taken.length;
    this.counters.txMessages += taken.length;
    for (const message of taken) this.counters.txBytes += message.length;
    sendUnreliably(this.#wire, taken, (kept) => this.#peer?.receiveFrames(kept));
    return taken.length;
  }

  path(): TunnelPath | undefined {
    if (this.#state !== 'open' || this.#peer === undefined) return undefined;
    const rttMs = this.#way().latencyMs + this.#peer.#way().latencyMs;
    return { rttMs, localType: 'host', remoteType: 'host', remoteAddress: localhost };
  }

  close(reason: string): void {
    this.#end(reason);
  }

  /** This end is no more and says nothing; the other end hears nothing until its consent runs out. */
  kill(): void {
    if (this.#state === 'closed') return;
    const peer = this.#peer;
    this.#leave();
    if (peer !== undefined) peer.#fallSilent();
  }

  receiveControl(message: Uint8Array): void {
    this.#whenOpen(() => {
      this.#count(message);
      this.#events.control(message);
    });
  }

  receiveFrames(messages: readonly Uint8Array[]): void {
    this.#whenOpen(() => {
      for (const message of messages) this.#count(message);
      this.#events.frames(messages);
    });
  }

  #describe(): void {
    if (this.#state === 'closed') return;
    this.#events.signal({ kind: this.#role, sdp: this.#id, fingerprint: memoryFingerprint(this.#id) });
  }

  #takeDescription(offer: TunnelOffer): void {
    if (this.#peer !== undefined || offer.kind === this.#role) {
      throw new TunnelError('TUNNEL_UNEXPECTED_SIGNAL', `an ${offer.kind} out of turn`);
    }
    if (!/^memory:[0-9]{1,15}$/.test(offer.sdp)) {
      throw new TunnelError('TUNNEL_MALFORMED_SIGNAL', 'malformed session description: not an id of a memory tunnel');
    }
    if (offer.fingerprint.toUpperCase() !== memoryFingerprint(offer.sdp)) {
      throw new TunnelError('TUNNEL_FINGERPRINT_MISMATCH', `the ${offer.kind}'s fingerprint is not the signed one`);
    }
    const peer = this.#network.find(offer.sdp);
    // Gone already: as in life, nothing answers, and the open timeout has the last word.
    if (peer === undefined) return;
    this.#peer = peer;
    if (this.#role === 'offer') this.#handshake(peer);
  }

  /** One round trip, tried again each second when a message of it is lost, as DTLS does. */
  #handshake(peer: MemoryTunnel): void {
    if (this.#state !== 'connecting' || peer.#state !== 'connecting' || peer.#peer !== this) return;
    const { clock, random } = this.#network;
    const there = this.#way();
    const back = peer.#way();
    if (random() < there.loss || random() < back.loss) {
      clock.after(handshakeRetryMs, () => this.#handshake(peer));
      return;
    }
    clock.after(there.latencyMs, () => {
      if (this.#state !== 'connecting') return;
      peer.#open();
      clock.after(back.latencyMs, () => this.#open());
    });
  }

  #open(): void {
    if (this.#state !== 'connecting') return;
    this.#state = 'open';
    this.#timer.cancel();
    this.#events.open();
    for (const task of this.#early.splice(0)) this.#whenOpen(task);
  }

  #whenOpen(task: () => void): void {
    if (this.#state === 'open') task();
    else if (this.#state === 'connecting') this.#early.push(task);
  }

  #way(): MemoryPath {
    return this.#peer === undefined ? nowhere : this.#network.path(this.host, this.#peer.host);
  }

  #count(message: Uint8Array): void {
    this.counters.rxMessages += 1;
    this.counters.rxBytes += message.length;
  }

  #fallSilent(): void {
    if (this.#state !== 'open') return;
    this.#timer = this.#network.clock.after(consentTimeoutMs, () => this.#end('the connection was lost'));
  }

  #leave(): void {
    this.#state = 'closed';
    this.#timer.cancel();
    this.#early = [];
    this.#control.stop();
    this.#network.remove(this.#id);
    this.#released();
  }

  #end(reason: string): void {
    if (this.#state === 'closed') return;
    const peer = this.#peer;
    this.#leave();
    this.#events.closed(reason);
    // The word that this end closes is sent once, and to an end that is up.
    if (peer === undefined || peer.#state !== 'open') return;
    if (this.#network.random() < this.#way().loss) peer.#fallSilent();
    else this.#control.end(() => peer.#end('closed by the peer'));
  }
}
