import type { Timer } from '../lib/clock.ts';
import { CandidateExchange } from './candidate-exchange.ts';
import { TunnelError } from './errors.ts';
import { Batcher, createLanes, isCongested, type Lanes, onBinary, sendControl, sendFrames } from './lanes.ts';
import { guarded, PeerConnection } from './native.ts';
import type { RtcHost } from './rtc-host.ts';
import { formatSessionDescription, parseSessionDescription } from './session-description.ts';
import {
  openTimeoutMs,
  type Tunnel,
  type TunnelCounters,
  type TunnelEvents,
  type TunnelOffer,
  type TunnelPath,
  type TunnelSignal,
} from './tunnel.ts';

type Role = 'offer' | 'answer';

/** One node-datachannel PeerConnection with its two lanes. */
export class RtcTunnel implements Tunnel {
  readonly name: string;
  readonly counters: TunnelCounters = { rxMessages: 0, rxBytes: 0, txMessages: 0, txBytes: 0, txDropped: 0 };
  readonly #role: Role;
  readonly #host: RtcHost;
  readonly #events: TunnelEvents;
  readonly #openTimer: Timer;
  readonly #batcher: Batcher;
  readonly #candidates: CandidateExchange;
  readonly #peer: PeerConnection;
  #lanes: Lanes | undefined;
  #state: 'connecting' | 'open' | 'closed' = 'connecting';
  /** The fingerprint that the peer's node key signed, once its description is here. */
  #signedFingerprint: string | undefined;

  constructor(name: string, role: Role, events: TunnelEvents, host: RtcHost) {
    this.name = name;
    this.#role = role;
    this.#events = events;
    this.#host = host;
    this.#batcher = new Batcher((messages) => this.#deliverFrames(messages));
    this.#peer = new PeerConnection(name, host.config);
    this.#candidates = new CandidateExchange(role, host, {
      send: (payload) => {
        if (this.#state !== 'closed') events.signal(payload);
      },
      add: (candidate, mid) => this.#peer.addRemoteCandidate(candidate, mid),
    });
    host.hold(this);
    this.#openTimer = host.clock.after(openTimeoutMs, () =>
      this.#end(`no connection within ${openTimeoutMs / 1000} s`),
    );
    this.#listen();
  }

  /** The end that offers. */
  dial(): void {
    this.#attempt(() => {
      this.#openLanes();
      this.#peer.setLocalDescription('offer');
    });
  }

  /** The end that answers. */
  accept(offer: TunnelOffer): void {
    this.#attempt(() => {
      this.#takeDescription(offer);
      this.#openLanes();
      this.#peer.setLocalDescription('answer');
    });
  }

  signal(payload: TunnelSignal): void {
    this.#attempt(() => {
      if (payload.kind === 'candidate') this.#candidates.remote(payload);
      else this.#takeDescription(payload);
    });
  }

  sendControl(message: Uint8Array): boolean {
    if (this.#state !== 'open' || this.#lanes === undefined) return false;
    try {
      return sendControl(this.#lanes.control, message, this.counters);
    } catch {
      // The native lane closed and its event is still on the way here.
      return false;
    }
  }

  /** HOT PATH. */
  sendFrames(messages: readonly Uint8Array[]): number {
    const before = this.counters.txMessages;
    const dropped = this.counters.txDropped;
    if (this.#state === 'open' && this.#lanes !== undefined) {
      try {
        return sendFrames(this.#lanes.frames, messages, this.counters);
      } catch {
        // As in sendControl: whatever was not sent is lost with the lane.
      }
    }
    const taken = this.counters.txMessages - before;
    this.counters.txDropped = dropped + messages.length - taken;
    return taken;
  }

  get isCongested(): boolean {
    if (this.#state !== 'open' || this.#lanes === undefined) return false;
    try {
      return isCongested(this.#lanes.frames);
    } catch {
      // As in sendControl.
      return false;
    }
  }

  path(): TunnelPath | undefined {
    if (this.#state === 'closed') return undefined;
    try {
      const pair = this.#peer.getSelectedCandidatePair();
      if (pair === null) return undefined;
      const rtt = this.#peer.rtt();
      return {
        rttMs: rtt >= 0 ? rtt : undefined,
        localType: pair.local.type,
        remoteType: pair.remote.type,
        remoteAddress: pair.remote.address,
      };
    } catch {
      return undefined;
    }
  }

  close(reason: string): void {
    this.#end(reason);
  }

  #listen(): void {
    this.#peer.onLocalDescription(guarded((sdp: string, type: string) => this.#sendDescription(sdp, type)));
    this.#peer.onLocalCandidate(guarded((candidate: string, mid: string) => this.#candidates.local(candidate, mid)));
    this.#peer.onDataChannel(
      // A channel that was not agreed on: nothing reads it, so nothing may queue in it.
      guarded((channel) => {
        this.#host.counters.strayMessages += 1;
        try {
          channel.close();
        } catch {
          // Closed by the peer meanwhile.
        }
      }),
    );
    this.#peer.onStateChange(
      guarded((state: string) => {
        if (state === 'failed') this.#gone('the connection was lost, or never came about');
        if (state !== 'closed') return;
        this.#gone('closed by the peer');
        this.#host.release(this);
      }),
    );
  }

  #openLanes(): void {
    this.#lanes = createLanes(this.#peer);
    for (const lane of [this.#lanes.control, this.#lanes.frames]) {
      lane.onOpen(guarded(() => this.#tryOpen()));
      lane.onClosed(guarded(() => this.#gone('closed by the peer')));
    }
  }

  #sendDescription(sdp: string, type: string): void {
    if (this.#state === 'closed' || (type !== 'offer' && type !== 'answer')) return;
    const local = parseSessionDescription(sdp);
    // Candidates travel by themselves, once they are filtered.
    const described = formatSessionDescription({ ...local, candidates: [] });
    this.#events.signal({ kind: type, sdp: described, fingerprint: local.fingerprint });
  }

  #takeDescription(offer: TunnelOffer): void {
    if (this.#signedFingerprint !== undefined || offer.kind === this.#role) {
      throw new TunnelError('TUNNEL_UNEXPECTED_SIGNAL', `an ${offer.kind} out of turn`);
    }
    const remote = parseSessionDescription(offer.sdp);
    if (remote.fingerprint !== offer.fingerprint.toUpperCase()) {
      throw new TunnelError('TUNNEL_FINGERPRINT_MISMATCH', `the ${offer.kind}'s fingerprint is not the signed one`);
    }
    this.#signedFingerprint = remote.fingerprint;
    const candidates = this.#candidates.described(remote.candidates);
    this.#peer.setRemoteDescription(formatSessionDescription({ ...remote, candidates }), offer.kind);
    this.#candidates.ready();
  }

  /** Both lanes up, and the certificate that DTLS saw is the signed one. Messages wait in the native queue until then. */
  #tryOpen(): void {
    const lanes = this.#lanes;
    if (this.#state !== 'connecting' || lanes === undefined) return;
    if (!lanes.control.isOpen() || !lanes.frames.isOpen()) return;
    const seen = this.#peer.remoteFingerprint();
    if (seen.algorithm !== 'sha-256' || seen.value.toUpperCase() !== this.#signedFingerprint) {
      this.#refuse(new TunnelError('TUNNEL_FINGERPRINT_MISMATCH', "the peer's certificate is not the signed one"));
      return;
    }
    this.#state = 'open';
    this.#openTimer.cancel();
    const refused = () => {
      this.#host.counters.strayMessages += 1;
    };
    this.#events.open();
    if (!this.#isOpen()) return;
    onBinary(lanes.control, (message) => this.#deliverControl(message), refused);
    onBinary(lanes.frames, (message) => this.#batcher.push(message), refused);
    lanes.frames.onBufferedAmountLow(guarded(() => this.#drained()));
  }

  /** Asked again after a handler ran: it may have closed the tunnel. */
  #isOpen(): boolean {
    return this.#state === 'open';
  }

  #drained(): void {
    if (this.#isOpen()) this.#events.drained();
  }

  #deliverControl(message: Uint8Array): void {
    if (this.#state !== 'open') return;
    this.counters.rxMessages += 1;
    this.counters.rxBytes += message.length;
    this.#events.control(message);
  }

  #deliverFrames(messages: readonly Uint8Array[]): void {
    if (this.#state !== 'open') return;
    this.counters.rxMessages += messages.length;
    for (const message of messages) this.counters.rxBytes += message.length;
    this.#events.frames(messages);
  }

  /** The other end is gone. Each lane has a queue of its own into this thread: what is in them comes first. */
  #gone(reason: string): void {
    if (this.#state === 'closed') return;
    setImmediate(() => {
      this.#batcher.flush();
      this.#end(reason);
    });
  }

  /** Runs what hostile input can make fail. */
  #attempt(task: () => void): void {
    if (this.#state === 'closed') return;
    try {
      task();
    } catch (error) {
      this.#refuse(error);
    }
  }

  #refuse(error: unknown): void {
    const mismatch = error instanceof TunnelError && error.code === 'TUNNEL_FINGERPRINT_MISMATCH';
    this.#host.counters[mismatch ? 'fingerprintMismatches' : 'malformedSignals'] += 1;
    this.#end(error instanceof Error ? error.message : String(error));
  }

  #end(reason: string): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#openTimer.cancel();
    this.#candidates.stop();
    this.#batcher.discard();
    this.#peer.close();
    this.#events.closed(reason);
  }
}
