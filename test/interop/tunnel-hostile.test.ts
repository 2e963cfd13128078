import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../src/lib/virtual-clock.ts';
import { guarded, PeerConnection } from '../../src/tunnel/native.ts';
import type { RtcTunnelFactory, RtcTunnelOptions } from '../../src/tunnel/rtc-factory.ts';
import type { TunnelOffer, TunnelSignal } from '../../src/tunnel/tunnel.ts';
import { connect, Recorder } from '../unit/support/tunnel-pair.ts';
import { until } from '../unit/support/until.ts';
import { loopbackFactory } from './support/loopback-factory.ts';

const factories: RtcTunnelFactory[] = [];

function factory(options: Partial<RtcTunnelOptions> = {}): RtcTunnelFactory {
  const made = loopbackFactory(options);
  factories.push(made);
  return made;
}

afterEach(async () => {
  await Promise.all(factories.splice(0).map((made) => made.close()));
});

/** A good offer, and the tunnel that waits for its answer. */
async function offerOf(made: RtcTunnelFactory): Promise<TunnelOffer> {
  const recorder = new Recorder();
  let offer: TunnelOffer | undefined;
  recorder.onSignal = (payload) => {
    if (payload.kind !== 'candidate') offer = payload;
  };
  made.dial('offering', recorder);
  await until(() => offer !== undefined);
  return offer!;
}

describe('a hostile peer', () => {
  it('cannot crash the process with offers that are nearly right', async () => {
    const alice = factory();
    const bob = factory();
    const good = await offerOf(alice);
    const lines = good.sdp.split('\r\n');
    const line = fc.nat(lines.length - 1);
    const mutation = fc.oneof(
      fc.record({ kind: fc.constant('drop' as const), line }),
      fc.record({ kind: fc.constant('repeat' as const), line }),
      fc.record({ kind: fc.constant('replace' as const), line, text: fc.string({ unit: 'binary', maxLength: 300 }) }),
      fc.record({ kind: fc.constant('append' as const), line, text: fc.string({ maxLength: 40 }) }),
      fc.record({ kind: fc.constant('cut' as const), line, at: fc.nat(100) }),
    );
    const mutated = fc.array(mutation, { minLength: 1, maxLength: 3 }).map((mutations) => {
      const out = [...lines];
      for (const step of mutations) {
        const old = out[step.line] ?? '';
        if (step.kind === 'drop') out.splice(step.line, 1);
        else if (step.kind === 'repeat') out.splice(step.line, 0, old);
        else if (step.kind === 'replace') out[step.line] = old.slice(0, old.indexOf(':') + 1) + step.text;
        else if (step.kind === 'append') out[step.line] = old + step.text;
        else out[step.line] = old.slice(0, step.at);
      }
      return out.join('\r\n');
    });
    await fc.assert(
      fc.asyncProperty(mutated, async (sdp) => {
        const recorder = new Recorder();
        const tunnel = bob.accept('answering', { ...good, sdp }, recorder);
        await until(() => recorder.log.length > 0);
        // Refused for what it is, or harmless enough to be answered.
        expect(recorder.log[0]).toMatch(/^(closed|answer)$/);
        if (recorder.log[0] === 'closed') expect(recorder.reasons[0]).toMatch(/^(malformed |the offer's fingerprint )/);
        tunnel.close('done');
      }),
      { numRuns: 150 },
    );
    expect(bob.counters.malformedSignals).toBeGreaterThan(0);
  });

  it('cannot crash the process with candidates', async () => {
    const alice = factory();
    const bob = factory();
    const token = fc.string({ maxLength: 20 });
    const candidate = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 700 }),
      fc
        .tuple(
          token,
          fc.integer(),
          token,
          fc.integer(),
          fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()),
          fc.integer(),
          token,
        )
        .map(([a, b, c, d, e, f, g]) => `candidate:${a} ${b} ${c} ${d} ${e} ${f} typ ${g}`),
      fc
        .tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: 0, max: 70_000 }))
        .map(([address, port]) => `candidate:1 1 UDP 1 ${address} ${port} typ host`),
    );
    await fc.assert(
      fc.asyncProperty(candidate, fc.oneof(fc.constant('0'), token), async (text, mid) => {
        const recorder = new Recorder();
        const tunnel = bob.accept('answering', await offerOf(alice), recorder);
        await until(() => recorder.log.includes('answer'));
        tunnel.signal({ kind: 'candidate', candidate: text, mid });
        if (recorder.reasons.length > 0) expect(recorder.reasons[0]).toMatch(/^malformed candidate: /);
        tunnel.close('done');
      }),
      { numRuns: 100 },
    );
    expect(bob.counters.malformedSignals).toBeGreaterThan(0);
  });

  it('is not believed when description and signature agree on a certificate that it does not have', async () => {
    const alice = factory();
    const bob = factory();
    const other = (await offerOf(alice)).fingerprint;
    const pair = connect(alice, bob, (payload) =>
      payload.kind === 'offer'
        ? { kind: 'offer', sdp: payload.sdp.replace(payload.fingerprint, other), fingerprint: other }
        : payload,
    );
    await until(() => pair.b.reasons.length > 0);
    expect(pair.b.log).not.toContain('open');
    expect(pair.b.reasons).toEqual(['the connection was lost, or never came about']);
    expect(pair.a.controls).toEqual([]);
  });

  it('may open channels of its own and send text: counted, and nobody reads it', async () => {
    const bob = factory();
    const stranger = new PeerConnection('stranger', {
      iceServers: [],
      mtu: 1500,
      bindAddress: '127.0.0.1',
      disableAutoNegotiation: true,
    });
    const recorder = new Recorder();
    let fingerprint = '';
    const lane = stranger.createDataChannel('control', { negotiated: true, id: 0 });
    const frames = stranger.createDataChannel('frames', {
      negotiated: true,
      id: 1,
      unordered: true,
      maxRetransmits: 0,
    });
    const extra = stranger.createDataChannel('extra');
    const early: TunnelSignal[] = [];
    let tunnel: ReturnType<RtcTunnelFactory['accept']> | undefined;
    stranger.onLocalDescription(
      guarded((sdp: string) => {
        fingerprint = /a=fingerprint:sha-256 (.*)/.exec(sdp)?.[1]?.trim() ?? '';
        tunnel = bob.accept('answering', { kind: 'offer', sdp, fingerprint }, recorder);
        for (const payload of early) tunnel.signal(payload);
      }),
    );
    stranger.onLocalCandidate(
      guarded((candidate: string, mid: string) => {
        const payload: TunnelSignal = { kind: 'candidate', candidate, mid };
        if (tunnel === undefined) early.push(payload);
        else tunnel.signal(payload);
      }),
    );
    recorder.onSignal = (payload) => {
      if (payload.kind === 'candidate') stranger.addRemoteCandidate(payload.candidate, payload.mid);
      else stranger.setRemoteDescription(payload.sdp, payload.kind);
    };
    stranger.setLocalDescription('offer');
    try {
      await until(() => recorder.isOpen && lane.isOpen());
      lane.sendMessage('text');
      lane.sendMessageBinary(Uint8Array.of(1, 2, 3));
      await until(() => recorder.controls.length === 1 && bob.counters.strayMessages === 2);
      expect(recorder.controls[0]).toEqual(Buffer.of(1, 2, 3));
      expect([frames.isOpen(), extra.isOpen()]).toEqual([true, expect.any(Boolean)]);
    } finally {
      stranger.close();
    }
    await until(() => recorder.reasons.length > 0);
    expect(recorder.reasons).toEqual(['closed by the peer']);
  });

  it('cannot make us try more than 32 addresses', async () => {
    const alice = factory();
    const bob = factory();
    const recorder = new Recorder();
    const tunnel = bob.accept('answering', await offerOf(alice), recorder);
    await until(() => recorder.log.includes('answer'));
    for (let port = 1; port <= 40; port += 1) {
      tunnel.signal({ kind: 'candidate', candidate: `candidate:1 1 UDP 1 127.0.0.1 ${port} typ host`, mid: '0' });
    }
    expect(recorder.reasons).toEqual([]);
    expect(bob.counters.ignoredCandidates).toBe(8);
  });
});

describe('addresses to ignore', () => {
  it('are not told to the other end', async () => {
    const alice = factory({ ignoreAddress: (ip) => ip === '127.0.0.1' });
    const bob = factory();
    const carried: TunnelSignal[] = [];
    const pair = connect(alice, bob, (payload, to) => {
      if (to === 'b') carried.push(payload);
      return payload;
    });
    await until(() => pair.b.log.includes('answer') && alice.counters.ignoredCandidates > 0);
    expect(JSON.stringify(carried)).not.toContain('127.0.0.1');
  });

  it('are not used when the other end tells them, in the description or after it', async () => {
    const alice = factory();
    const bob = factory({ ignoreAddress: () => true });
    const offer = await offerOf(alice);
    const recorder = new Recorder();
    const candidate = 'candidate:1 1 UDP 2114977791 127.0.0.1 9 typ host';
    const tunnel = bob.accept('answering', { ...offer, sdp: `${offer.sdp}a=${candidate}\r\n` }, recorder);
    await until(() => recorder.log.includes('answer'));
    const before = bob.counters.ignoredCandidates;
    expect(before).toBeGreaterThan(0);
    tunnel.signal({ kind: 'candidate', candidate, mid: '0' });
    expect(bob.counters.ignoredCandidates).toBe(before + 1);
    expect(recorder.log).not.toContain('candidate');
  });
});

describe('the way to an open tunnel', () => {
  it('takes candidates that overtake their description', async () => {
    const alice = factory();
    const bob = factory();
    const late: (() => void)[] = [];
    const pair = connect(alice, bob, (payload, to) => {
      if (to === 'b' || payload.kind === 'candidate') return payload;
      late.push(() => pair.dialer.signal(payload));
      return undefined;
    });
    await until(() => late.length === 1 && pair.b.log.includes('candidate'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    late[0]?.();
    await until(() => pair.a.isOpen && pair.b.isOpen);
  });

  it('takes an offer and a candidate, an answer and its candidates, all at once', async () => {
    const alice = factory();
    const bob = factory();
    const [a, b] = [new Recorder(), new Recorder()];
    const answered: TunnelSignal[] = [];
    let offer: TunnelOffer | undefined;
    a.onSignal = (payload) => {
      if (payload.kind === 'offer') offer = payload;
    };
    b.onSignal = (payload) => answered.push(payload);
    const dialer = alice.dial('to bob', a);
    await until(() => offer !== undefined);
    const answerer = bob.accept('to alice', offer!, b);
    answerer.signal({ kind: 'candidate', candidate: 'candidate:1 1 UDP 1 127.0.0.1 9 typ host', mid: '0' });
    await until(() => answered.length >= 2);
    for (const payload of answered) dialer.signal(payload);
    await until(() => a.isOpen && b.isOpen);
  });

  it('shows the answering end the way first, and tells addresses a little later', async () => {
    const clock = new VirtualClock();
    const alice = factory({ clock });
    const pair = connect(alice, factory());
    await until(() => pair.a.isOpen && pair.b.isOpen);
    expect(pair.a.log).not.toContain('candidate');
    clock.advance(100);
    expect(pair.a.log.at(-1)).toBe('candidate');
  });

  it('ends after 15 seconds of the clock it was given', async () => {
    const clock = new VirtualClock();
    const alice = factory({ clock });
    const recorder = new Recorder();
    alice.dial('nobody', recorder);
    await until(() => recorder.log.includes('offer'));
    clock.advance(14_999);
    expect(recorder.reasons).toEqual([]);
    clock.advance(1);
    expect(recorder.reasons).toEqual(['no connection within 15 s']);
  });

  it('starts with servers that can be used', () => {
    expect(() => factory({ iceServers: ['nonsense://x:y:z'] })).toThrow(
      expect.objectContaining({ code: 'TUNNEL_BAD_ICE_SERVER' }),
    );
  });

  it('tells the log of the library to whoever asked', async () => {
    const lines: string[] = [];
    const alice = factory({ log: (level, message) => lines.push(`${level} ${message}`) });
    const bob = factory();
    const other = (await offerOf(alice)).fingerprint;
    const pair = connect(alice, bob, (payload) =>
      payload.kind === 'offer'
        ? { kind: 'offer', sdp: payload.sdp.replace(payload.fingerprint, other), fingerprint: other }
        : payload,
    );
    await until(() => pair.b.reasons.length > 0 && lines.length > 0);
    expect(lines[0]).toMatch(/^(Warning|Error) /);
  });
});
