import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Identity } from '../../../src/identity/index.ts';
import type { Member, Signal, SignalEvents } from '../../../src/signal/signal.ts';

/** What a test needs of an implementation: a courier, signals that use it, and a way to let time pass. */
export interface SignalWorld {
  signal(options: { signer: Identity; name: string; overlay: string; events: SignalEvents }): Signal;
  /** The courier goes away, and comes back at the same place. */
  stop(): Promise<void>;
  restart(): Promise<void>;
  /** Resolves once `condition` holds; fails when it does not within a few seconds of the world's own time. */
  until(condition: () => boolean): Promise<void>;
  /** Lets a moment pass, in which a wrong event would have come. */
  settle(): Promise<void>;
  end(): Promise<void>;
}

/** A node as far as its courier is concerned. */
export class SignalRecorder implements SignalEvents {
  readonly log: string[] = [];
  readonly known = new Map<string, Member>();
  readonly received: [from: string, payload: string][] = [];

  members(members: readonly Member[]): void {
    this.log.push('members');
    this.known.clear();
    for (const member of members) this.known.set(member.nodeId, member);
  }

  joined(member: Member): void {
    this.log.push('joined');
    this.known.set(member.nodeId, member);
  }

  left(nodeId: string): void {
    this.log.push('left');
    this.known.delete(nodeId);
  }

  message(from: string, payload: string): void {
    this.received.push([from, payload]);
  }

  state(connected: boolean, _reason: string): void {
    this.log.push(connected ? 'connected' : 'disconnected');
  }
}

/** What every implementation of Signal must do. */
export function describeSignals(name: string, create: () => Promise<SignalWorld>): void {
  describe(`${name}: signal compliance`, () => {
    let world: SignalWorld;
    let signals: Signal[];
    beforeEach(async () => {
      world = await create();
      signals = [];
    });
    afterEach(async () => {
      for (const signal of signals) signal.close();
      await world.end();
    });

    const node = (overlay = 'home', name = 'node', signer = Identity.generate()) => {
      const events = new SignalRecorder();
      const signal = world.signal({ signer, name, overlay, events });
      signals.push(signal);
      let settled: 'resolved' | string | undefined;
      return {
        id: signer.nodeId,
        signer,
        events,
        signal,
        async start(): Promise<void> {
          signal.start().then(
            () => {
              settled = 'resolved';
            },
            (error) => {
              settled = error.code;
            },
          );
          await world.until(() => settled !== undefined);
          if (settled !== 'resolved') throw Object.assign(new Error(settled), { code: settled });
        },
      };
    };

    it('tells each node of the others, of comers and of goers', async () => {
      const [a, b] = [node('home', 'anna'), node('home', 'bert')];
      await a.start();
      expect(a.events.log).toEqual(['connected', 'members']);
      expect(a.events.known.size).toBe(0);
      await b.start();
      expect([...b.events.known.values()]).toEqual([{ nodeId: a.id, publicKey: a.signer.publicKey, name: 'anna' }]);
      await world.until(() => a.events.known.has(b.id));
      expect(a.events.known.get(b.id)).toEqual({ nodeId: b.id, publicKey: b.signer.publicKey, name: 'bert' });
      b.signal.close();
      await world.until(() => !a.events.known.has(b.id));
      expect(a.events.log).toEqual(['connected', 'members', 'joined', 'left']);
    });

    it('carries messages in order, to the one they are for', async () => {
      const [a, b, c] = [node(), node(), node()];
      for (const each of [a, b, c]) await each.start();
      const payloads = Array.from({ length: 50 }, (_, index) => `{"text":"message ${index} é \\u0000"}`);
      for (const payload of payloads) expect(a.signal.send(b.id, payload)).toBe(true);
      await world.until(() => b.events.received.length === payloads.length);
      expect(b.events.received).toEqual(payloads.map((payload) => [a.id, payload]));
      await world.settle();
      expect(c.events.received).toEqual([]);
      expect(a.events.received).toEqual([]);
    });

    it('keeps overlays apart', async () => {
      const [a, b] = [node('one'), node('two')];
      await a.start();
      await b.start();
      expect(b.events.known.size).toBe(0);
      a.signal.send(b.id, 'hello');
      await world.settle();
      expect(a.events.known.size).toBe(0);
      expect(b.events.received).toEqual([]);
    });

    it('loses what is for nobody, and takes no more after it is closed', async () => {
      const a = node();
      expect(a.signal.send(a.id, 'early')).toBe(false);
      await a.start();
      expect(a.signal.send(Identity.generate().nodeId, 'nobody')).toBe(true);
      expect(a.signal.send(Identity.generate().nodeId, 'x'.repeat(66_000))).toBe(false);
      a.signal.close();
      a.signal.close();
      expect(a.signal.send(a.id, 'late')).toBe(false);
      await world.settle();
      expect(a.events.log).toEqual(['connected', 'members']);
    });

    it('lets a node that was killed take its place again', async () => {
      const [a, old] = [node(), node('home', 'old')];
      await a.start();
      await old.start();
      await world.until(() => a.events.known.has(old.id));
      const again = node('home', 'again', old.signer);
      await again.start();
      await world.until(() => a.events.known.get(old.id)?.name === 'again');
      expect(a.events.log.slice(2)).toEqual(['joined', 'left', 'joined']);
      expect([...again.events.known.keys()]).toEqual([a.id]);
      a.signal.send(old.id, 'hello');
      await world.until(() => again.events.received.length === 1);
      expect(old.events.received).toEqual([]);
      await world.until(() => old.events.log.includes('disconnected'));
    });

    it('comes back by itself when the courier does', async () => {
      const [a, b] = [node(), node()];
      await a.start();
      await b.start();
      await world.stop();
      await world.until(() => [a, b].every(({ events }) => events.log.includes('disconnected')));
      expect(a.signal.send(b.id, 'into the void')).toBe(false);
      await world.restart();
      await world.until(() => [a, b].every(({ events }) => events.log.filter((x) => x === 'members').length === 2));
      await world.until(() => a.events.known.has(b.id) && b.events.known.has(a.id));
      expect(a.signal.send(b.id, 'hello again')).toBe(true);
      await world.until(() => b.events.received.length === 1);
    });

    it('rejects a start that nobody answers, for good', async () => {
      await world.stop();
      const a = node();
      await expect(a.start()).rejects.toMatchObject({ code: 'SIGNAL_UNREACHABLE' });
      await world.restart();
      await world.settle();
      expect(a.events.log).toEqual([]);
      await expect(a.signal.start()).rejects.toMatchObject({ code: 'SIGNAL_CLOSED' });
    });

    it('rejects a start that was overtaken by close', async () => {
      const a = node();
      const starting = a.signal.start();
      a.signal.close();
      await expect(starting).rejects.toMatchObject({ code: 'SIGNAL_CLOSED' });
      await world.settle();
      expect(a.events.log).toEqual([]);
    });
  });
}
