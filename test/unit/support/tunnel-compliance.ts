import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  maxControlMessage,
  maxFrameMessage,
  type Tunnel,
  type TunnelFactory,
  type TunnelOffer,
  type TunnelSignal,
} from '../../../src/tunnel/tunnel.ts';
import { connect, type Pair, Recorder } from './tunnel-pair.ts';

/** The longest frame message that crosses in one datagram. */
const datagramMessage = 1376;

/** What a test needs of an implementation: two hosts, and a way to let time pass. */
export interface TunnelWorld {
  readonly alice: TunnelFactory;
  readonly bob: TunnelFactory;
  /** Resolves once `condition` holds; fails when it does not within a few seconds of the world's own time. */
  until(condition: () => boolean): Promise<void>;
  /** Lets a moment pass, in which a wrong event would have come. */
  settle(): Promise<void>;
}

function numbered(index: number, size: number): Uint8Array {
  const message = new Uint8Array(size).fill(index & 0xff);
  new DataView(message.buffer).setUint32(0, index);
  return message;
}

/** What every implementation of Tunnel must do. */
export function describeTunnels(name: string, create: () => Promise<TunnelWorld>): void {
  describe(`${name}: tunnel compliance`, () => {
    let world: TunnelWorld;
    beforeEach(async () => {
      world = await create();
    });
    afterEach(async () => {
      const closing = [world.alice.close(), world.bob.close()];
      await world.settle();
      await Promise.all(closing);
    });

    const opened = async (): Promise<Pair & { answerer: Tunnel }> => {
      const pair = connect(world.alice, world.bob);
      await world.until(() => pair.a.isOpen && pair.b.isOpen);
      return pair as Pair & { answerer: Tunnel };
    };

    it('opens both ends once, after a signed offer and answer', async () => {
      const { a, b, dialer, answerer } = await opened();
      expect(a.log[0]).toBe('offer');
      expect(b.log[0]).toBe('answer');
      await world.settle();
      expect(a.log.filter((entry) => entry === 'open')).toHaveLength(1);
      expect(b.log.filter((entry) => entry === 'open')).toHaveLength(1);
      expect(dialer.name).toBe('to bob');
      expect(dialer.path()?.localType).toBe('host');
      expect(answerer.path()?.remoteAddress).toBe('127.0.0.1');
    });

    it('calls no event before dial or accept has returned', async () => {
      const a = new Recorder();
      const dialer = world.alice.dial('dial', a);
      expect(a.log).toEqual([]);
      await world.until(() => a.log.includes('offer'));
      const b = new Recorder();
      world.bob.accept('accept', { kind: 'offer', sdp: 'nonsense', fingerprint: 'nonsense' }, b);
      expect(b.log).toEqual([]);
      await world.until(() => b.reasons.length === 1);
      expect(b.log).toEqual(['closed']);
      dialer.close('done');
    });

    it('carries a megabyte over the control lane, whole and in order', async () => {
      const { a, b, dialer, answerer } = await opened();
      const sent = Array.from({ length: 64 }, (_, index) => numbered(index, 16_384));
      let next = 0;
      const push = () => {
        while (next < sent.length && dialer.sendControl(sent[next]!)) next += 1;
      };
      b.onControl = push;
      push();
      await world.until(() => b.controls.length === sent.length);
      for (const [index, message] of b.controls.entries()) expect(Buffer.compare(message, sent[index]!)).toBe(0);
      expect(answerer.sendControl(numbered(9, maxControlMessage))).toBe(true);
      expect(answerer.sendControl(numbered(9, maxControlMessage + 1))).toBe(false);
      await world.until(() => a.controls.length === 1);
      expect(a.controls[0]).toHaveLength(maxControlMessage);
      expect(answerer.counters.rxBytes).toBe(64 * 16_384);
      expect(answerer.counters.rxMessages).toBe(64);
      expect(dialer.counters.txMessages).toBe(64);
    });

    it('carries ten thousand frame messages both ways, and accounts for each', async () => {
      const { a, b, dialer, answerer } = await opened();
      const total = 10_000;
      const seen = new Uint8Array(total);
      b.onFrames = (messages) => {
        for (const message of messages) {
          expect(message).toHaveLength(datagramMessage);
          seen[new DataView(message.buffer, message.byteOffset).getUint32(0)]! += 1;
        }
        answerer.sendFrames(messages.slice(0, 1));
      };
      let sent = 0;
      let taken = 0;
      while (sent < total) {
        const batch = Array.from({ length: 50 }, (_, index) => numbered(sent + index, datagramMessage));
        const now = dialer.sendFrames(batch);
        expect(now).toBeLessThanOrEqual(batch.length);
        taken += now;
        sent += batch.length;
        const waited = b.frameCount;
        await world.until(() => b.frameCount > waited);
      }
      // A busy machine's kernel may drop a few: the lane is unreliable.
      await world.until(() => b.frameCount > taken * 0.95 && a.frameCount > 0);
      await world.settle();
      expect(taken + dialer.counters.txDropped).toBe(total);
      expect(taken).toBeGreaterThan(total * 0.9);
      expect(Math.max(...seen)).toBe(1);
      expect(dialer.counters.txMessages).toBe(taken);
      expect(dialer.counters.txBytes).toBe(taken * datagramMessage);
      expect(answerer.counters.rxMessages).toBe(b.frameCount);
      expect(b.frameCount).toBeLessThanOrEqual(taken);
    });

    it('carries the longest frame message, drops and counts one that is too long', async () => {
      const { b, dialer } = await opened();
      expect(dialer.sendFrames([numbered(1, maxFrameMessage)])).toBe(1);
      await world.until(() => b.frameCount === 1);
      expect(dialer.sendFrames([numbered(1, maxFrameMessage + 1), numbered(2, 60)])).toBe(1);
      expect(dialer.counters.txDropped).toBe(1);
      await world.until(() => b.frameCount === 2);
    });

    it('copies what it sends', async () => {
      const { b, dialer } = await opened();
      const message = numbered(7, 100);
      dialer.sendControl(message);
      message.fill(0xff);
      await world.until(() => b.controls.length === 1);
      expect(b.controls[0]?.[99]).toBe(7);
    });

    it('delivers what is sent from within open', async () => {
      const pair = connect(world.alice, world.bob);
      pair.a.onOpen = () => expect(pair.dialer.sendControl(numbered(1, 8))).toBe(true);
      pair.b.onOpen = () => expect(pair.answerer?.sendControl(numbered(2, 8))).toBe(true);
      await world.until(() => pair.a.controls.length === 1 && pair.b.controls.length === 1);
      expect(pair.a.log.indexOf('open')).toBeLessThan(pair.a.log.indexOf('control'));
      expect(pair.b.log.indexOf('open')).toBeLessThan(pair.b.log.indexOf('control'));
    });

    it('sends nothing before it is open and after it is closed', async () => {
      const a = new Recorder();
      const dialer = world.alice.dial('dial', a);
      expect(dialer.sendControl(new Uint8Array(4))).toBe(false);
      expect(dialer.sendFrames([new Uint8Array(4), new Uint8Array(4)])).toBe(0);
      expect(dialer.path()).toBeUndefined();
      dialer.close('enough');
      expect(dialer.sendControl(new Uint8Array(4))).toBe(false);
      expect(dialer.sendFrames([new Uint8Array(4)])).toBe(0);
      expect(dialer.counters).toEqual({ rxMessages: 0, rxBytes: 0, txMessages: 0, txBytes: 0, txDropped: 3 });
      await world.settle();
      expect(a.log).toEqual(['closed']);
    });

    it('closes once at both ends, with the reason at the near one', async () => {
      const { a, b, dialer } = await opened();
      dialer.close('enough');
      dialer.close('again');
      expect(a.reasons).toEqual(['enough']);
      await world.until(() => b.reasons.length > 0);
      await world.settle();
      expect(a.reasons).toEqual(['enough']);
      expect(b.reasons).toEqual(['closed by the peer']);
    });

    it('closes from the end that answered, too', async () => {
      const { a, b, answerer } = await opened();
      answerer.close('enough');
      await world.until(() => a.reasons.length > 0);
      expect(a.reasons).toEqual(['closed by the peer']);
      expect(b.reasons).toEqual(['enough']);
    });

    it('delivers a farewell before it tells that the other end closed', async () => {
      const { b, dialer } = await opened();
      dialer.sendControl(numbered(1, 32));
      dialer.sendFrames([numbered(2, 32)]);
      dialer.close('leaving');
      await world.until(() => b.reasons.length > 0);
      expect(b.controls).toHaveLength(1);
      expect(b.log.at(-1)).toBe('closed');
    });

    it.each(['onOpen', 'onControl', 'onFrames'] as const)('may be closed from within %s', async (handler) => {
      const pair = connect(world.alice, world.bob);
      pair.b[handler] = () => pair.answerer?.close('seen enough');
      pair.a.onOpen = () => {
        pair.dialer.sendControl(numbered(1, 8));
        pair.dialer.sendFrames([numbered(1, 8), numbered(2, 8)]);
      };
      await world.until(() => pair.b.reasons.length > 0);
      await world.settle();
      expect(pair.b.reasons).toEqual(['seen enough']);
      expect(pair.b.log.at(-1)).toBe('closed');
      pair.dialer.close('done');
    });

    it('calls nothing after closed', async () => {
      const { b, dialer, answerer } = await opened();
      for (let index = 0; index < 50; index += 1) dialer.sendFrames([numbered(index, 100)]);
      dialer.sendControl(numbered(1, 100));
      answerer.close('now');
      answerer.signal({ kind: 'candidate', candidate: 'nonsense', mid: '0' });
      await world.settle();
      expect(b.log.at(-1)).toBe('closed');
      expect(b.reasons).toEqual(['now']);
    });

    it.each(['offer', 'answer'] as const)('refuses an %s whose fingerprint is not the signed one', async (kind) => {
      const pair = connect(world.alice, world.bob, (payload) =>
        payload.kind === kind
          ? { ...payload, fingerprint: payload.fingerprint.replace(/^../, (x) => (x === '00' ? '11' : '00')) }
          : payload,
      );
      const refusing = kind === 'offer' ? pair.b : pair.a;
      await world.until(() => refusing.reasons.length > 0);
      expect(refusing.reasons).toEqual([`the ${kind}'s fingerprint is not the signed one`]);
      await world.settle();
      expect(pair.a.log).not.toContain('open');
      expect(pair.b.log).not.toContain('open');
    });

    it.each([
      ['an offer to the end that offered', (offer: TunnelOffer): TunnelSignal => offer, 'an offer out of turn'],
      [
        'an answer that cannot be read',
        (offer: TunnelOffer): TunnelSignal => ({ ...offer, kind: 'answer', sdp: 'v=0' }),
        /^malformed session description: /,
      ],
      [
        'a candidate that cannot be read',
        (): TunnelSignal => ({ kind: 'candidate', candidate: 'candidate:1 1 UDP 1 example.org 9 typ host', mid: '0' }),
        /^malformed candidate: /,
      ],
    ])('closes on %s', async (_, make, reason) => {
      const pair = await opened();
      const fresh = connect(world.alice, world.bob, (payload) => payload);
      await world.until(() => fresh.a.isOpen && fresh.b.isOpen);
      const offer: TunnelOffer = { kind: 'offer', sdp: 'v=0', fingerprint: 'none' };
      const victim = new Recorder();
      const dialer = world.alice.dial('victim', victim);
      const payload = make(offer);
      const target = payload.kind === 'candidate' ? fresh.dialer : dialer;
      const recorder = payload.kind === 'candidate' ? fresh.a : victim;
      target.signal(payload);
      expect(recorder.reasons).toEqual([typeof reason === 'string' ? reason : expect.stringMatching(reason)]);
      // The others are unharmed.
      expect(pair.dialer.sendControl(numbered(1, 8))).toBe(true);
      await world.until(() => pair.b.controls.length === 1);
      dialer.close('done');
    });

    it('takes a second answer for an error', async () => {
      let answer: TunnelSignal | undefined;
      const pair = connect(world.alice, world.bob, (payload) => {
        if (payload.kind === 'answer') answer = payload;
        return payload;
      });
      await world.until(() => pair.a.isOpen && pair.b.isOpen);
      pair.dialer.signal(answer!);
      expect(pair.a.reasons).toEqual(['an answer out of turn']);
    });

    it('closes all tunnels with the factory, and makes no more', async () => {
      const first = await opened();
      const second = await opened();
      const closing = world.alice.close();
      expect(first.a.reasons).toEqual(['this node is closing']);
      expect(second.a.reasons).toEqual(['this node is closing']);
      await world.until(() => first.b.reasons.length > 0 && second.b.reasons.length > 0);
      await closing;
      await world.alice.close();
      expect(() => world.alice.dial('late', new Recorder())).toThrow(
        expect.objectContaining({ code: 'TUNNEL_FACTORY_CLOSED' }),
      );
    });
  });
}
