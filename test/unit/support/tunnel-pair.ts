import type { Tunnel, TunnelEvents, TunnelFactory, TunnelSignal } from '../../../src/tunnel/tunnel.ts';

/** One end, with all that happened to it. */
export class Recorder implements TunnelEvents {
  readonly log: string[] = [];
  readonly controls: Uint8Array[] = [];
  frameCount = 0;
  readonly reasons: string[] = [];
  onSignal: (payload: TunnelSignal) => void = () => {};
  onOpen: () => void = () => {};
  onControl: (message: Uint8Array) => void = () => {};
  onFrames: (messages: readonly Uint8Array[]) => void = () => {};

  get isOpen(): boolean {
    return this.log.includes('open') && this.reasons.length === 0;
  }

  signal(payload: TunnelSignal): void {
    this.log.push(payload.kind);
    this.onSignal(payload);
  }

  open(): void {
    this.log.push('open');
    this.onOpen();
  }

  control(message: Uint8Array): void {
    this.log.push('control');
    this.controls.push(message);
    this.onControl(message);
  }

  frames(messages: readonly Uint8Array[]): void {
    this.log.push('frames');
    this.frameCount += messages.length;
    this.onFrames(messages);
  }

  drained(): void {
    this.log.push('drained');
  }

  closed(reason: string): void {
    this.log.push('closed');
    this.reasons.push(reason);
  }
}

export interface Pair {
  readonly a: Recorder;
  readonly b: Recorder;
  readonly dialer: Tunnel;
  /** Set once the offer has arrived. */
  answerer: Tunnel | undefined;
}

/** Dials from `alice` to `bob`, each signal going through `carry` on its way. */
export function connect(
  alice: TunnelFactory,
  bob: TunnelFactory,
  carry: (payload: TunnelSignal, to: 'a' | 'b') => TunnelSignal | undefined = (payload) => payload,
): Pair {
  const a = new Recorder();
  const b = new Recorder();
  const pair: Pair = { a, b, dialer: alice.dial('to bob', a), answerer: undefined };
  a.onSignal = (payload) => {
    const carried = carry(payload, 'b');
    if (carried === undefined) return;
    if (carried.kind === 'offer') pair.answerer ??= bob.accept('to alice', carried, b);
    else pair.answerer?.signal(carried);
  };
  b.onSignal = (payload) => {
    const carried = carry(payload, 'a');
    if (carried !== undefined) pair.dialer.signal(carried);
  };
  return pair;
}
