import type { Clock } from '../lib/clock.ts';
import type { Candidate } from './candidate.ts';
import { TunnelError } from './errors.ts';
import { holdLibrary, type LibraryLog } from './library.ts';
import { PeerConnection, type RtcConfig } from './native.ts';
import type { RtcCounters, RtcHost } from './rtc-host.ts';
import { RtcTunnel } from './rtc-tunnel.ts';
import { maxControlMessage, type Tunnel, type TunnelEvents, type TunnelFactory, type TunnelOffer } from './tunnel.ts';

export interface RtcTunnelOptions {
  readonly clock: Clock;
  /** STUN and TURN servers as URLs (`stun:host:port`). None by default: only addresses of this machine are offered. */
  readonly iceServers?: readonly string[];
  /** Local address to use; all by default. */
  readonly bindAddress?: string;
  /**
   * Addresses that no tunnel may use, at either end. An overlay names its own here, lest it tunnel through itself.
   */
  readonly ignoreAddress?: (ip: string) => boolean;
  readonly log?: LibraryLog;
}

/** The underlay's usual MTU. */
const underlayMtu = 1500;
/** How long `close` waits for the native side to let go of a tunnel. */
const releaseTimeoutMs = 2_000;

/** Tunnels over node-datachannel: ICE, DTLS and SCTP data channels. */
export class RtcTunnelFactory implements TunnelFactory {
  readonly counters: RtcCounters = {
    malformedSignals: 0,
    fingerprintMismatches: 0,
    ignoredCandidates: 0,
    strayMessages: 0,
  };
  readonly #clock: Clock;
  readonly #host: RtcHost;
  readonly #tunnels = new Set<RtcTunnel>();
  readonly #releaseLibrary: () => void;
  #closing: Promise<void> | undefined;
  #emptied: (() => void) | undefined;

  constructor(options: RtcTunnelOptions) {
    this.#clock = options.clock;
    const config = configOf(options);
    checkIceServers(config);
    this.#releaseLibrary = holdLibrary(options.log);
    this.#host = {
      clock: options.clock,
      config,
      counters: this.counters,
      ignores: (candidate) => this.#ignores(candidate, options.ignoreAddress),
      hold: (tunnel) => this.#tunnels.add(tunnel),
      release: (tunnel) => this.#release(tunnel),
    };
  }

  dial(name: string, events: TunnelEvents): Tunnel {
    return this.#start(name, 'offer', events, (tunnel) => tunnel.dial());
  }

  accept(name: string, offer: TunnelOffer, events: TunnelEvents): Tunnel {
    return this.#start(name, 'answer', events, (tunnel) => tunnel.accept(offer));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #start(name: string, role: 'offer' | 'answer', events: TunnelEvents, begin: (tunnel: RtcTunnel) => void): Tunnel {
    if (this.#closing !== undefined) throw new TunnelError('TUNNEL_FACTORY_CLOSED', 'the tunnel factory is closed');
    const tunnel = new RtcTunnel(name, role, events, this.#host);
    // Later, so that a refused offer's `closed` comes when the caller holds the tunnel.
    queueMicrotask(() => begin(tunnel));
    return tunnel;
  }

  async #close(): Promise<void> {
    for (const tunnel of this.#tunnels) tunnel.close('this node is closing');
    if (this.#tunnels.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.#clock.after(releaseTimeoutMs, resolve);
        this.#emptied = () => {
          timer.cancel();
          resolve();
        };
      });
    }
    this.#releaseLibrary();
  }

  #release(tunnel: RtcTunnel): void {
    this.#tunnels.delete(tunnel);
    if (this.#tunnels.size === 0) this.#emptied?.();
  }

  #ignores(candidate: Candidate, ignoreAddress: ((ip: string) => boolean) | undefined): boolean {
    const ignored = candidate.transport !== 'udp' || ignoreAddress?.(candidate.address) === true;
    if (ignored) this.counters.ignoredCandidates += 1;
    return ignored;
  }
}

/** The native side parses the URLs; asked here, so that a wrong one is told at start and not at some later dial. */
function checkIceServers(config: RtcConfig): void {
  if (config.iceServers.length === 0) return;
  try {
    new PeerConnection('check', config).close();
  } catch {
    const text = `not a STUN or TURN server: one of ${config.iceServers.join(', ')} (write stun:HOST:PORT)`;
    throw new TunnelError('TUNNEL_BAD_ICE_SERVER', text);
  }
}

function configOf(options: RtcTunnelOptions): RtcConfig {
  return {
    iceServers: [...(options.iceServers ?? [])],
    mtu: underlayMtu,
    maxMessageSize: maxControlMessage,
    disableAutoNegotiation: true,
    ...(options.bindAddress === undefined ? {} : { bindAddress: options.bindAddress }),
  };
}
