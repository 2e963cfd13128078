import type { Timer } from '../lib/clock.ts';
import { type Candidate, formatCandidate, parseCandidate } from './candidate.ts';
import { TunnelError } from './errors.ts';
import type { RtcHost } from './rtc-host.ts';
import type { TunnelSignal } from './tunnel.ts';

/** Remote candidates of one tunnel, in the description and after it: each of them makes us send to an address. */
const maxRemoteCandidates = 32;
/**
 * How long the end that offers keeps its candidates to itself once the answer is here.
 *
 * The native library takes an answer in two steps: first ICE gets the credentials, then the fingerprint is kept. A peer
 * that knows our addresses is already sending checks; on a short path ICE and DTLS can be through between the two steps,
 * and DTLS finds no fingerprint to compare with and fails. A peer that does not know our addresses cannot send first:
 * our own checks, which start when both steps are done, show it the way. It needs the candidates only to open a NAT of its
 * own, and that can wait this long. The same order makes sure that our DTLS listens before the peer's first flight
 * comes, which would otherwise be lost and sent again after one second.
 */
const candidateDelayMs = 100;
const midPattern = /^[A-Za-z0-9]{1,16}$/;

export type CandidateSignal = Extract<TunnelSignal, { kind: 'candidate' }>;

export interface CandidateSink {
  /** To the other end. */
  send(payload: CandidateSignal): void;
  /** To the native side, which has the remote description by then. */
  add(candidate: string, mid: string): void;
}

/** Which candidates of one tunnel go to the other end and are taken from there, and when. */
export class CandidateExchange {
  readonly #host: RtcHost;
  readonly #sink: CandidateSink;
  readonly #offers: boolean;
  /** Local ones that must wait; undefined when none need to. */
  #held: CandidateSignal[] | undefined;
  /** Remote ones that came before the description; undefined once it is here. */
  #early: CandidateSignal[] | undefined = [];
  #taken = 0;
  #timer: Timer | undefined;

  constructor(role: 'offer' | 'answer', host: RtcHost, sink: CandidateSink) {
    this.#host = host;
    this.#sink = sink;
    this.#offers = role === 'offer';
    this.#held = this.#offers ? [] : undefined;
  }

  /** One of our own, as the native side writes it; one that the other end could not read is left out. */
  local(text: string, mid: string): void {
    const candidate = tryParse(text);
    if (candidate === undefined) this.#host.counters.ignoredCandidates += 1;
    if (candidate === undefined || this.#host.ignores(candidate)) return;
    const payload: CandidateSignal = { kind: 'candidate', candidate: formatCandidate(candidate), mid };
    if (this.#held === undefined) this.#sink.send(payload);
    else this.#held.push(payload);
  }

  /** One of the other end. Throws a TunnelError when it cannot be read. */
  remote(payload: CandidateSignal): void {
    if (this.#early !== undefined) {
      // The native side refuses candidates that come before the description.
      if (this.#early.length < maxRemoteCandidates) this.#early.push(payload);
      else this.#host.counters.ignoredCandidates += 1;
      return;
    }
    const candidate = parseCandidate(payload.candidate);
    if (!midPattern.test(payload.mid)) {
      throw new TunnelError('TUNNEL_MALFORMED_SIGNAL', 'malformed candidate: not a media id');
    }
    if (this.#admits(candidate)) this.#sink.add(formatCandidate(candidate), payload.mid);
  }

  /** Of the candidates in a remote description, those to use. */
  described(candidates: readonly Candidate[]): Candidate[] {
    return candidates.filter((candidate) => this.#admits(candidate));
  }

  /** The native side has the remote description. */
  ready(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const payload of early) this.remote(payload);
    if (this.#offers) this.#timer = this.#host.clock.after(candidateDelayMs, () => this.#sendHeld());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#early = [];
    this.#held = [];
  }

  #sendHeld(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const payload of held) this.#sink.send(payload);
  }

  #admits(candidate: Candidate): boolean {
    if (this.#host.ignores(candidate)) return false;
    if (this.#taken === maxRemoteCandidates) {
      this.#host.counters.ignoredCandidates += 1;
      return false;
    }
    this.#taken += 1;
    return true;
  }
}

function tryParse(text: string): Candidate | undefined {
  try {
    return parseCandidate(text);
  } catch {
    return undefined;
  }
}
