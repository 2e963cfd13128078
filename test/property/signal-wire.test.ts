import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Identity } from '../../src/identity/index.ts';
import { backoffMs } from '../../src/lib/backoff.ts';
import { verifySignature } from '../../src/lib/ed25519.ts';
import { TokenBucket } from '../../src/lib/token-bucket.ts';
import { Roster } from '../../src/signal/roster.ts';
import {
  clientMessageSchema,
  maxMembers,
  maxServerMessageBytes,
  readMessage,
  register,
  registrationInput,
  serverMessageSchema,
} from '../../src/signal/wire.ts';

const overlay = fc.stringMatching(/^[A-Za-z0-9._-]{1,64}$/);
const name = fc.stringMatching(/^[A-Za-z0-9.-]{1,63}$/);

describe('messages', () => {
  it('of any text are read or refused, never thrown', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.constant('__proto__'));
    fc.assert(
      fc.property(text, (value) => {
        expect(readMessage(clientMessageSchema, value)).toBeUndefined();
        expect(readMessage(serverMessageSchema, value)).toBeUndefined();
      }),
    );
  });

  it('of a full overlay fit the bound on messages', () => {
    const member = { publicKey: Identity.generate().publicKey, name: 'n'.repeat(63) };
    const message = { type: 'members' as const, members: Array.from({ length: maxMembers }, () => member) };
    const text = JSON.stringify(message);
    expect(text.length).toBeLessThan(maxServerMessageBytes);
    expect(readMessage(serverMessageSchema, text)).toEqual(message);
  });
});

describe('registrations', () => {
  it('are good for their nonce, overlay and name, and for nothing else', () => {
    const signer = Identity.generate();
    const nonces = [Identity.generate().publicKey, Identity.generate().publicKey] as const;
    fc.assert(
      fc.property(overlay, name, overlay, name, (o1, n1, o2, n2) => {
        const message = register(signer, nonces[0], o1, n1);
        expect(readMessage(clientMessageSchema, JSON.stringify(message))).toEqual(message);
        if (message.type !== 'register') throw new Error('not a registration');
        const fits = (nonce: string, o: string, n: string) =>
          verifySignature(message.publicKey, registrationInput(nonce, o, n), message.sig);
        expect(fits(nonces[0], o1, n1)).toBe(true);
        expect(fits(nonces[1], o1, n1)).toBe(false);
        expect(fits(nonces[0], o2, n2)).toBe(o1 === o2 && n1 === n2);
        expect(fits(nonces[0], o1 + n1.slice(0, 1), n1.slice(1))).toBe(false);
      }),
      { numRuns: 50 },
    );
  });
});

describe('the back-off', () => {
  it('doubles from 200 ms to 8 s, of which the upper half is drawn', () => {
    fc.assert(
      fc.property(fc.nat(2_000), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failures, random) => {
        const longest = Math.min(200 * 2 ** failures, 8_000);
        const delay = backoffMs(failures, random);
        expect(delay).toBeGreaterThanOrEqual(longest / 2);
        expect(delay).toBeLessThanOrEqual(longest);
      }),
    );
  });
});

describe('a token bucket', () => {
  it('lets through its burst and its rate, and no more', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { maxLength: 500 }), (gaps) => {
        const bucket = new TokenBucket(20, 100, 0);
        let now = 0;
        let through = 0;
        for (const gap of gaps) {
          now += gap;
          if (bucket.take(now)) through += 1;
        }
        expect(through).toBeLessThanOrEqual(20 + now / 10);
        expect(through).toBeGreaterThanOrEqual(Math.min(gaps.length, 20));
      }),
    );
  });
});

describe('the roster', () => {
  it('agrees with a plain list, and stays within its bounds', () => {
    const step = fc.record({
      kind: fc.constantFrom('add' as const, 'remove' as const),
      overlay: fc.constantFrom('a', 'b', 'c'),
      nodeId: fc.constantFrom('1', '2', '3', '4'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const roster = new Roster<string>({ maxOverlays: 2, maxMembers: 3 });
        const model = new Map<string, string>();
        for (const { kind, overlay: room, nodeId } of steps) {
          const key = `${room}/${nodeId}`;
          const inRoom = [...model.keys()].filter((other) => other.startsWith(`${room}/`));
          if (kind === 'remove') {
            expect(roster.remove(room, nodeId, 'another')).toBe(false);
            expect(roster.remove(room, nodeId, key)).toBe(model.delete(key));
          } else if (!model.has(key)) {
            const rooms = new Set([...model.keys()].map((other) => other.split('/')[0]));
            const full = inRoom.length === 0 ? rooms.size >= 2 : inRoom.length >= 3;
            expect(roster.full(room) !== undefined).toBe(full);
            if (full) continue;
            roster.add(room, nodeId, key);
            model.set(key, key);
          }
          expect([...roster.members(room)].sort()).toEqual(
            [...model.keys()].filter((other) => other.startsWith(`${room}/`)).sort(),
          );
          expect(roster.find(room, nodeId)).toBe(model.get(key));
        }
      }),
    );
  });
});
