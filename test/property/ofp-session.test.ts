import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type CommitOutcome,
  ControllerRole,
  ErrorType,
  encode,
  type OfpMessage,
  type OfpMessageInput,
  type OfpVersion,
  type RequestOutcome,
  RoleTable,
  Session,
  type SessionEnd,
  type SessionProblem,
} from '../../ofp/index.ts';

const echoIntervalMs = 1000;
const echoTimeoutMs = 3000;
const requestTimeoutMs = 2000;
const handshakeTimeoutMs = 4000;

/** A session at one end of a pair of byte pipes that the test cuts, delays and breaks. */
class End {
  readonly session: Session;
  /** Bytes on their way to the other end. */
  pipe = new Uint8Array(0);
  readonly heard: OfpMessage[] = [];
  readonly problems: SessionProblem[] = [];
  readonly ends: SessionEnd[] = [];
  readies = 0;
  afterEnd = 0;

  constructor(
    side: 'controller' | 'switch',
    versions: readonly OfpVersion[],
    answer?: (session: Session, m: OfpMessage, frame: Uint8Array) => void,
  ) {
    const alive = () => {
      if (this.ends.length > 0) this.afterEnd++;
    };
    this.session = new Session(
      {
        side,
        versions,
        echoIntervalMs,
        echoTimeoutMs,
        requestTimeoutMs,
        handshakeTimeoutMs,
        sink: {
          send: (bytes) => {
            alive();
            this.pipe = Uint8Array.from([...this.pipe, ...bytes]);
          },
          ready: () => {
            alive();
            this.readies++;
          },
          message: (message, frame) => {
            alive();
            this.heard.push(structuredClone(message));
            answer?.(this.session, message, frame);
          },
          problem: (problem) => {
            alive();
            this.problems.push(problem);
          },
          ended: (end) => {
            alive();
            this.ends.push(end);
          },
        },
      },
      0,
    );
  }

  /** Bytes of the pipe, from the front. */
  take(count: number): Uint8Array {
    const taken = this.pipe.slice(0, count);
    this.pipe = this.pipe.slice(count);
    return taken;
  }
}

/** A switch that knows one flow priority which it refuses, and answers some requests late or never. */
function switchBehaviour(held: { session: Session; message: OfpMessage }[], holds: (message: OfpMessage) => boolean) {
  return (session: Session, message: OfpMessage, frame: Uint8Array) => {
    if (message.type === 'flowMod') {
      if (message.priority === refusedPriority) session.refuse(frame, ErrorType.FLOW_MOD_FAILED, 1);
    } else if (holds(message)) held.push({ session, message });
    else answer(session, message);
  };
}

const refusedPriority = 13;

function answer(session: Session, message: OfpMessage): void {
  if (message.type === 'featuresRequest') {
    session.reply(message, {
      type: 'featuresReply',
      datapathId: 5n,
      nBuffers: 0,
      nTables: 1,
      auxiliaryId: 0,
      capabilities: 0,
      ...(session.version === 1 ? { actions: 0, ports: [] } : {}),
    });
  } else if (message.type === 'barrierRequest') session.reply(message, { type: 'barrierReply' });
  else if (message.type === 'getConfigRequest') {
    session.reply(message, { type: 'getConfigReply', flags: 0, missSendLen: message.xid & 0xffff });
  }
}

type Step =
  /** Up to so many bytes arrive, cut anywhere. */
  | { kind: 'toSwitch' | 'toController'; bytes: number }
  | { kind: 'wait'; ms: number }
  | { kind: 'ask' }
  | { kind: 'commit'; priorities: number[] }
  | { kind: 'answerHeld' }
  | { kind: 'event' }
  | { kind: 'wrongXid'; xid: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constantFrom('toSwitch', 'toController'),
      bytes: fc.nat(120),
    }) as fc.Arbitrary<Step>,
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(900) }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'ask' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      priorities: fc.array(fc.integer({ min: 10, max: 15 }), { maxLength: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'answerHeld' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'event' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('wrongXid' as const),
      xid: fc.integer({ min: 1_000_000, max: 2_000_000 }),
    }),
  },
);

/** Two sessions back to back, and what their model says of each request. */
class Pair {
  readonly held: { session: Session; message: OfpMessage }[] = [];
  readonly controller: End;
  readonly device: End;
  now = 0;
  asked = 0;
  readonly outcomes: { outcome: RequestOutcome; askedAt: number; at: number }[] = [];
  readonly commits: { outcome: CommitOutcome; priorities: number[] }[] = [];
  committed = 0;
  events = 0;
  wrong = 0;

  constructor(versions: readonly OfpVersion[], holdsEvery: number) {
    this.controller = new End('controller', versions);
    let seen = 0;
    const holds = (message: OfpMessage) => message.type === 'getConfigRequest' && ++seen % holdsEvery === 0;
    this.device = new End('switch', versions, switchBehaviour(this.held, holds));
    this.controller.session.start();
    this.device.session.start();
  }

  run(step: Step): void {
    const { controller, device, now } = this;
    switch (step.kind) {
      case 'toSwitch':
        device.session.receive(controller.take(step.bytes), now);
        break;
      case 'toController':
        controller.session.receive(device.take(step.bytes), now);
        break;
      case 'wait':
        this.now += step.ms;
        controller.session.tick(this.now);
        device.session.tick(this.now);
        break;
      case 'ask':
        if (!controller.session.isReady) return;
        this.asked++;
        controller.session.request({ type: 'getConfigRequest' }, now, (outcome) =>
          this.outcomes.push({ outcome, askedAt: now, at: this.now }),
        );
        break;
      case 'commit':
        if (!controller.session.isReady) return;
        this.committed++;
        controller.session.commit(
          step.priorities.map((priority) => ({ type: 'flowMod', command: 0, priority, match: [] })),
          now,
          (outcome) => this.commits.push({ outcome, priorities: step.priorities }),
        );
        break;
      case 'answerHeld':
        for (const { session, message } of this.held.splice(0)) answer(session, message);
        break;
      case 'event':
        if (!device.session.isReady) return;
        if (controller.session.isReady && device.session.notify(packetIn)) this.events++;
        break;
      case 'wrongXid': {
        if (!device.session.isReady || !controller.session.isReady) return;
        const version = device.session.version;
        device.session.reply({ type: 'barrierRequest', version, xid: step.xid }, { type: 'barrierReply' });
        this.wrong++;
      }
    }
  }

  /** Lets everything on its way arrive. */
  drain(): void {
    while (this.controller.pipe.length + this.device.pipe.length > 0) {
      this.device.session.receive(this.controller.take(1000), this.now);
      this.controller.session.receive(this.device.take(1000), this.now);
    }
  }
}

const packetIn = {
  type: 'packetIn' as const,
  bufferId: 0xffffffff,
  totalLen: 3,
  reason: 0,
  match: [{ field: 'in_port' as const, value: 1 }],
  data: Uint8Array.of(1, 2, 3),
};
const versions = fc.constantFrom<readonly OfpVersion[]>([1], [4], [1, 4], [4, 5, 6]);

test('two sessions agree however their bytes are cut and whenever they come', () => {
  fc.assert(
    fc.property(
      versions,
      fc.integer({ min: 2, max: 4 }),
      fc.array(step, { maxLength: 200, size: 'max' }),
      (spoken, holdsEvery, steps) => {
        const pair = new Pair(spoken, holdsEvery);
        for (const each of steps) pair.run(each);
        // Time only ends a session whose handshake or whose peer's bytes are held up by the test itself.
        for (const end of [pair.controller, pair.device]) {
          for (const { code } of end.ends) expect(['HANDSHAKE_TIMEOUT', 'ECHO_TIMEOUT']).toContain(code);
        }
        if (pair.controller.ends.length + pair.device.ends.length > 0) return;
        pair.drain();
        expect([pair.controller.readies, pair.device.readies]).toEqual([1, 1]);
        expect(pair.controller.session.version).toBe(Math.max(...spoken));
        expect(pair.device.session.version).toBe(Math.max(...spoken));
        pair.now += requestTimeoutMs;
        pair.controller.session.tick(pair.now);
        // Each request ended once: with the answer to that very request, or when its time was up.
        expect(pair.outcomes).toHaveLength(pair.asked);
        for (const { outcome, askedAt, at } of pair.outcomes) {
          expect(['reply', 'timeout']).toContain(outcome.kind);
          if (outcome.kind === 'timeout') expect(at - askedAt).toBeGreaterThanOrEqual(requestTimeoutMs);
          else if (outcome.kind === 'reply') {
            expect(outcome.message).toMatchObject({
              type: 'getConfigReply',
              missSendLen: outcome.message.xid & 0xffff,
            });
          }
        }
        expect(pair.commits).toHaveLength(pair.committed);
        for (const { outcome, priorities } of pair.commits) {
          if (outcome.kind !== 'done') continue;
          const refused = priorities.flatMap((priority, i) => (priority === refusedPriority ? [i] : []));
          expect([...outcome.refused.keys()]).toEqual(refused);
        }
        expect(pair.controller.heard.filter(({ type }) => type === 'packetIn')).toHaveLength(pair.events);
        const unmatched = pair.controller.problems.filter(({ kind }) => kind === 'unmatched').length;
        expect(unmatched).toBeGreaterThanOrEqual(pair.wrong);
        expect(pair.controller.problems.length).toBe(unmatched);
        expect(pair.device.problems).toEqual([]);
      },
    ),
    { numRuns: 300 },
  );
});

test('the loss of the connection ends every request exactly once, and nothing follows', () => {
  fc.assert(
    fc.property(
      versions,
      fc.array(step, { maxLength: 100, size: 'max' }),
      fc.array(step, { maxLength: 20 }),
      (spoken, before, after) => {
        const pair = new Pair(spoken, 2);
        for (const each of before) pair.run(each);
        pair.controller.session.disconnected();
        pair.device.session.disconnected();
        for (const each of after) pair.run(each);
        pair.drain();
        for (const end of [pair.controller, pair.device]) {
          expect(end.ends).toHaveLength(1);
          expect(end.afterEnd).toBe(0);
          expect(end.session.dueAt).toBe(Number.POSITIVE_INFINITY);
        }
        expect(pair.outcomes).toHaveLength(pair.asked);
        expect(pair.commits).toHaveLength(pair.committed);
      },
    ),
    { numRuns: 200 },
  );
});

const garbage = fc.oneof(
  fc.uint8Array({ maxLength: 100 }),
  // Well framed, with any type and version, so that it gets past the splitter.
  fc
    .tuple(fc.integer({ min: 0, max: 7 }), fc.nat(40), fc.uint8Array({ maxLength: 60 }))
    .map(([version, type, body]) => {
      const frame = new Uint8Array(8 + body.length);
      frame.set([version, type, 0, frame.length, 0, 0, 0, 1]);
      frame.set(body, 8);
      return frame;
    }),
);

test('garbage is answered, reported or ends the session, and never makes it throw', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('controller' as const, 'switch' as const),
      versions,
      fc.boolean(),
      fc.array(garbage, { maxLength: 20, size: 'max' }),
      fc.array(fc.nat(50), { maxLength: 50 }),
      (side, spoken, greeted, pieces, cuts) => {
        const end = new End(side, spoken);
        end.session.start();
        const version = end.session.version;
        const hello: OfpMessageInput = { type: 'hello', version, xid: 1 };
        const bytes = Buffer.concat([...(greeted ? [encode(hello)] : []), ...pieces]);
        let at = 0;
        for (const size of [...cuts, bytes.length]) {
          end.session.receive(Uint8Array.from(bytes.subarray(at, at + size)), at);
          at += size;
          end.session.tick(at);
        }
        expect(end.ends.length).toBeLessThanOrEqual(1);
        expect(end.afterEnd).toBe(0);
        // What it said in answer is well framed, and short beside what made it speak.
        let length = 0;
        for (let i = 0; i < end.pipe.length; i += length) {
          length = (end.pipe[i + 2]! << 8) | end.pipe[i + 3]!;
          expect(length).toBeGreaterThanOrEqual(8);
        }
        expect(end.pipe.length).toBeLessThan(100 + 12 * bytes.length);
      },
    ),
    { numRuns: 1000 },
  );
});

test('of any requests for the master role there is one master at a time, and no stale one', () => {
  const request = fc.record({
    who: fc.nat(3),
    role: fc.nat(4),
    generationId: fc.oneof(
      fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
      fc.bigInt({ min: 0n, max: 6n }),
      fc.bigInt({ min: 0xffff_ffff_ffff_fff9n, max: 0xffff_ffff_ffff_ffffn }),
    ),
  });
  fc.assert(
    fc.property(fc.array(request, { maxLength: 40, size: 'max' }), (requests) => {
      const roles = new RoleTable();
      const holders = Array.from({ length: 4 }, () => ({ demoted() {} }));
      let last: bigint | undefined;
      for (const { who, role, generationId } of requests) {
        const before = holders.map((holder) => roles.roleOf(holder));
        const answer = roles.request(holders[who]!, role, generationId);
        const ordered = role === ControllerRole.MASTER || role === ControllerRole.SLAVE;
        const behind = last === undefined ? 0n : (last - generationId) & 0xffff_ffff_ffff_ffffn;
        const isStale = ordered && behind !== 0n && behind <= 0x7fff_ffff_ffff_ffffn;
        expect('refused' in answer).toBe(isStale || role > ControllerRole.SLAVE);
        if ('refused' in answer) {
          expect(holders.map((holder) => roles.roleOf(holder))).toEqual(before);
          continue;
        }
        if (ordered) last = generationId;
        const masters = holders.filter((holder) => roles.roleOf(holder) === ControllerRole.MASTER);
        expect(masters.length).toBeLessThanOrEqual(1);
        if (role === ControllerRole.MASTER) expect(masters[0]).toBe(holders[who]);
      }
    }),
    { numRuns: 500 },
  );
});
