import type { Clock } from '../lib/clock.ts';
import type { Candidate } from './candidate.ts';
import type { RtcConfig } from './native.ts';
import type { RtcTunnel } from './rtc-tunnel.ts';

/** What the tunnels of one factory share. */
export interface RtcHost {
  readonly clock: Clock;
  readonly config: RtcConfig;
  readonly counters: RtcCounters;
  /** Whether the candidate is to be left out, at whichever end; counted if so. */
  ignores(candidate: Candidate): boolean;
  /** Keeps the tunnel referenced: the garbage collector closes native objects that nobody holds. */
  hold(tunnel: RtcTunnel): void;
  /** The native side has let go. */
  release(tunnel: RtcTunnel): void;
}

/** Of all tunnels of a factory, the closed ones too. */
export interface RtcCounters {
  /** Tunnels closed because a description or candidate could not be used, or came out of turn. */
  malformedSignals: number;
  /** Tunnels closed because the certificate or the description's fingerprint was not the signed one. */
  fingerprintMismatches: number;
  /** Candidates left out: an address to ignore, a transport other than UDP, or too many of them. */
  ignoredCandidates: number;
  /** Text messages, and channels that the peer opened on its own. */
  strayMessages: number;
}
