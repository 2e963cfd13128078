import { describe, expect, test } from 'vitest';
import {
  type CommitOutcome,
  ControllerRole,
  decode,
  ErrorType,
  encode,
  FlowModFailedCode,
  isStaleGeneration,
  type Message,
  type OfpMessage,
  type OfpMessageInput,
  type OfpVersion,
  type Outgoing,
  type RequestOutcome,
  RoleTable,
  Session,
  type SessionEnd,
  type SessionOptions,
  type SessionProblem,
} from '../../ofp/index.ts';

/** One side with a record of everything that came out of it. */
class Side {
  readonly session: Session;
  readonly sent: Uint8Array[] = [];
  readonly messages: OfpMessage[] = [];
  readonly problems: SessionProblem[] = [];
  readonly ends: SessionEnd[] = [];
  ready = 0;
  onMessage: (message: OfpMessage, frame: Uint8Array) => void = () => {};

  constructor(side: 'controller' | 'switch', options: Partial<SessionOptions> = {}) {
    const sink = {
      send: (bytes: Uint8Array) => this.sent.push(bytes),
      ready: () => this.ready++,
      message: (message: OfpMessage, frame: Uint8Array) => {
        this.messages.push(message);
        this.onMessage(message, frame);
      },
      problem: (problem: SessionProblem) => this.problems.push(problem),
      ended: (end: SessionEnd) => this.ends.push(end),
    };
    this.session = new Session({ side, sink, ...options }, 0);
  }

  /** What was sent since the last call, as messages. */
  said(): OfpMessage[] {
    return this.takeFrames().map((frame) => decode(frame));
  }

  takeFrames(): Uint8Array[] {
    const bytes = Buffer.concat(this.sent.splice(0));
    const frames: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += bytes.readUInt16BE(at + 2)) {
      frames.push(Uint8Array.from(bytes.subarray(at, at + bytes.readUInt16BE(at + 2))));
    }
    return frames;
  }

  hear(message: OfpMessageInput, now = 1): void {
    this.session.receive(encode(message), now);
  }
}

const features = { type: 'featuresReply', datapathId: 7n, nBuffers: 0, nTables: 4, capabilities: 0 } as const;
const helloOf = (version: OfpVersion, ...versions: number[]): OfpMessageInput => ({
  type: 'hello',
  version,
  xid: 3,
  elements:
    versions.length > 0 ? [{ type: 'versionBitmap', bitmaps: [versions.reduce((b, v) => b | (1 << v), 0)] }] : [],
});

function readySwitch(options: Partial<SessionOptions> = {}): Side {
  const side = new Side('switch', options);
  side.session.start();
  side.hear(helloOf(side.session.version, side.session.version), 0);
  side.takeFrames();
  return side;
}

function readyController(options: Partial<SessionOptions> = {}, auxiliaryId = 0): Side {
  const side = new Side('controller', options);
  side.session.start();
  side.hear(helloOf(4, 4), 0);
  const [, request] = side.said();
  side.hear({ ...features, auxiliaryId, version: 4, xid: request!.xid }, 0);
  return side;
}

describe('hello', () => {
  const cases: [ours: OfpVersion[], theirs: OfpMessageInput, agreed: number | undefined][] = [
    [[4], helloOf(4, 4), 4],
    [[4], helloOf(4), 4],
    [[4], helloOf(6), 4],
    [[4], helloOf(6, 6), undefined],
    [[4], helloOf(6, 4, 6), 4],
    [[1, 4], helloOf(6, 1, 6), 1],
    [[1, 4], helloOf(3), undefined],
    [[1, 4, 6], helloOf(5, 1, 4, 5), 4],
    [[1], helloOf(4), 1],
    [[1], helloOf(4, 4), 1],
    [[1, 4], helloOf(1), 1],
    [[4, 5, 6], helloOf(1), undefined],
  ];
  test.each(cases)('of %j and %j', (versions, theirs, agreed) => {
    const side = new Side('switch', { versions });
    side.session.start();
    side.said();
    side.hear(theirs);
    if (agreed !== undefined) {
      expect(side.ready).toBe(1);
      expect(side.session.version).toBe(agreed);
      return;
    }
    const [error] = side.said();
    expect(error).toMatchObject({ type: 'error', errorType: 0, code: 0, xid: 3 });
    expect(Buffer.from((error as Message<'error'>).data).toString('latin1')).toMatch(/^[ -~]+$/);
    expect(side.ends).toEqual([expect.objectContaining({ code: 'INCOMPATIBLE' })]);
  });

  test('has all versions in its bitmap and the highest in its header', () => {
    const side = new Side('controller', { versions: [1, 4, 5] });
    side.session.start();
    expect(side.said()).toEqual([
      { type: 'hello', version: 5, xid: 0, elements: [{ type: 'versionBitmap', bitmaps: [0b110010] }] },
    ]);
  });

  test('of 1.0 alone has no elements', () => {
    const side = new Side('controller', { versions: [1] });
    side.session.start();
    expect(side.takeFrames().map((frame) => frame.length)).toEqual([8]);
  });

  test('of a version that does not exist yet is read by its bitmap', () => {
    const side = new Side('switch');
    const frame = encode(helloOf(6, 4, 6));
    frame[0] = 9;
    side.session.receive(frame, 1);
    expect(side.session.version).toBe(4);
  });

  test('that comes a second time is refused, and changes nothing', () => {
    const side = readySwitch({ versions: [1, 4] });
    side.hear(helloOf(4, 1));
    expect(side.said()).toMatchObject([{ type: 'error', errorType: 1, code: 1 }]);
    expect(side.problems).toMatchObject([{ kind: 'unexpected' }]);
    expect([side.session.version, side.session.isReady]).toEqual([4, true]);
  });

  test('must be first', () => {
    const side = new Side('switch');
    side.hear({ type: 'featuresRequest', version: 4, xid: 8 });
    expect(side.said()).toMatchObject([{ type: 'error', errorType: 1, code: 1, xid: 8 }]);
    expect(side.ends).toMatchObject([{ code: 'PROTOCOL' }]);
    side.hear(helloOf(4, 4));
    expect(side.ready).toBe(0);
  });

  test('refused by the peer ends the session with its reason', () => {
    const side = new Side('switch');
    side.hear({
      type: 'error',
      version: 4,
      xid: 0,
      errorType: 0,
      code: 0,
      data: Uint8Array.from(Buffer.from('no!\x07')),
    });
    expect(side.ends).toEqual([{ code: 'INCOMPATIBLE', detail: 'refused by the peer: no!?' }]);
    expect(side.said()).toEqual([]);
  });

  test('counts by its header if its elements are broken', () => {
    const side = new Side('switch', { versions: [1, 4] });
    side.session.receive(Uint8Array.of(1, 0, 0, 12, 0, 0, 0, 9, 0, 1, 0, 2), 1);
    expect([side.ready, side.session.version]).toEqual([1, 1]);
  });

  test('must come in time, and so must the features', () => {
    for (const heard of [false, true]) {
      const side = new Side('controller', { handshakeTimeoutMs: 100 });
      side.session.start();
      if (heard) side.hear(helloOf(4, 4), 50);
      side.session.tick(99);
      expect(side.ends).toEqual([]);
      expect(side.session.dueAt).toBe(100);
      side.session.tick(100);
      expect(side.ends).toMatchObject([{ code: 'HANDSHAKE_TIMEOUT' }]);
    }
  });
});

describe('features', () => {
  test('are asked for, and say whether the connection is an auxiliary one', () => {
    const side = readyController({}, 3);
    expect(side.ready).toBe(1);
    expect(side.session.features).toMatchObject({ datapathId: 7n, auxiliaryId: 3 });
  });

  test('must be known before events are', () => {
    const side = new Side('controller');
    side.session.start();
    side.hear(helloOf(4, 4));
    side.hear({
      type: 'flowRemoved',
      version: 4,
      xid: 0,
      cookie: 1n,
      priority: 1,
      reason: 0,
      idleTimeout: 0,
      match: [],
    });
    expect(side.messages).toEqual([]);
  });

  test('that are refused end the session', () => {
    const side = new Side('controller');
    side.session.start();
    side.hear(helloOf(4, 4));
    const [, request] = side.said();
    side.hear({ type: 'error', version: 4, xid: request!.xid, errorType: 1, code: 5, data: new Uint8Array(0) });
    expect(side.ends).toMatchObject([{ code: 'PROTOCOL' }]);
  });
});

describe('wrong messages', () => {
  test('of another version are refused', () => {
    const side = readySwitch();
    side.hear({ type: 'featuresRequest', version: 1, xid: 5 });
    expect(side.said()).toMatchObject([{ type: 'error', version: 4, errorType: 1, code: 0, xid: 5 }]);
    expect(side.messages).toEqual([]);
  });

  test('that only the other side gets are refused', () => {
    const side = readySwitch();
    side.hear({ ...features, auxiliaryId: 0, version: 4, xid: 5 });
    expect(side.said()).toMatchObject([{ type: 'error', errorType: 1, code: 1, xid: 5 }]);
  });

  test('that are malformed are answered with their error and up to 64 of their bytes', () => {
    const side = readySwitch();
    const frame = encode({ type: 'echoRequest', version: 4, xid: 77, data: new Uint8Array(100).fill(5) });
    frame[1] = 77;
    side.session.receive(frame, 1);
    const [error] = side.said() as Message<'error'>[];
    expect(error).toMatchObject({ type: 'error', errorType: 1, code: 1, xid: 77 });
    expect(Buffer.compare(error!.data, frame.subarray(0, 64))).toBe(0);
    expect(side.problems).toMatchObject([{ kind: 'malformed' }]);
    expect(side.session.isReady).toBe(true);
  });

  test('are refused in the numbers of 1.0 where it has others', () => {
    const side = readySwitch({ versions: [1] });
    const frame = encode({ type: 'barrierRequest', version: 1, xid: 4 });
    side.session.refuse(frame, ErrorType.FLOW_MOD_FAILED, FlowModFailedCode.OVERLAP);
    side.session.refuse(frame, ErrorType.FLOW_MOD_FAILED, FlowModFailedCode.BAD_TIMEOUT);
    side.session.refuse(frame, ErrorType.QUEUE_OP_FAILED, 1);
    side.session.refuse(frame, ErrorType.BAD_MATCH, 6);
    side.session.refuse(frame, ErrorType.BAD_ACTION, 4);
    expect(side.said().map((error) => error.type === 'error' && [error.errorType, error.code])).toEqual([
      [3, 1],
      [3, 3],
      [5, 1],
      [3, 5],
      [2, 4],
    ]);
  });

  test('are never answered with an error if they are errors', () => {
    const side = readySwitch();
    side.session.receive(Uint8Array.of(4, 1, 0, 9, 0, 0, 0, 1, 0), 1);
    expect(side.said()).toEqual([]);
    expect(side.problems).toMatchObject([{ kind: 'malformed' }]);
  });

  test('whose length lies end the session, after what came before', () => {
    const side = readySwitch();
    const before = encode({ type: 'barrierRequest', version: 4, xid: 1 });
    side.session.receive(Buffer.concat([before, Uint8Array.of(4, 20, 0, 7, 0, 0, 0, 2)]), 1);
    expect(side.messages).toMatchObject([{ type: 'barrierRequest' }]);
    expect(side.said()).toMatchObject([{ type: 'error', errorType: 1, code: 6 }]);
    expect(side.ends).toMatchObject([{ code: 'PROTOCOL' }]);
  });

  test('and replies nobody waits for are reported', () => {
    const side = readyController();
    side.hear({ type: 'barrierReply', version: 4, xid: 999 });
    expect(side.problems).toEqual([{ kind: 'unmatched', xid: 999, type: 'barrierReply' }]);
    expect(side.messages).toEqual([]);
  });
});

describe('liveness', () => {
  test('echo requests are answered with their data', () => {
    const side = readySwitch();
    side.hear({ type: 'echoRequest', version: 4, xid: 6, data: Uint8Array.of(1, 2, 3) });
    expect(side.said()).toEqual([{ type: 'echoReply', version: 4, xid: 6, data: Uint8Array.of(1, 2, 3) }]);
  });

  test('a silent peer is probed, then given up', () => {
    const side = readySwitch({ echoIntervalMs: 100, echoTimeoutMs: 300 });
    side.session.tick(99);
    expect(side.said()).toEqual([]);
    expect(side.session.dueAt).toBe(100);
    side.session.tick(100);
    expect(side.said()).toMatchObject([{ type: 'echoRequest' }]);
    side.session.tick(400);
    expect(side.ends).toEqual([]);
    side.session.tick(900);
    expect(side.ends).toMatchObject([{ code: 'ECHO_TIMEOUT' }]);
  });

  test('a peer that answers nothing but sends anything lives', () => {
    const side = readySwitch({ echoIntervalMs: 100, echoTimeoutMs: 300 });
    for (let now = 100; now < 5000; now += 250) {
      side.session.tick(now);
      // Not even a whole message.
      side.session.receive(Uint8Array.of(4, 2, 0xff, 0xff, 0, 0, 0, 0).subarray(0, now === 100 ? 8 : 1), now + 10);
    }
    expect(side.ends).toEqual([]);
  });

  test('this side standing still does not kill a peer', () => {
    const side = readySwitch({ echoIntervalMs: 100, echoTimeoutMs: 300 });
    side.session.tick(100);
    side.session.tick(60_000);
    side.hear({ type: 'echoReply', version: 4, xid: 1 }, 60_001);
    side.session.tick(60_002);
    expect(side.ends).toEqual([]);
  });

  test('can be switched off', () => {
    const side = readySwitch({ echoIntervalMs: 0 });
    side.session.tick(1e12);
    expect([side.said(), side.ends, side.session.dueAt]).toEqual([[], [], Number.POSITIVE_INFINITY]);
  });
});

describe('requests', () => {
  test('end with their reply, an error, a timeout or the session', () => {
    const side = readyController();
    const outcomes: RequestOutcome[] = [];
    const done = (outcome: RequestOutcome) => outcomes.push(outcome);
    side.session.request({ type: 'barrierRequest' }, 0, done);
    side.session.request({ type: 'getConfigRequest' }, 0, done);
    side.session.request({ type: 'getAsyncRequest' }, 0, done, 50);
    side.session.request({ type: 'barrierRequest' }, 0, done);
    const [a, b, c] = side.said();
    side.hear({ type: 'error', version: 4, xid: b!.xid, errorType: 1, code: 5, data: new Uint8Array(0) });
    side.hear({ type: 'barrierReply', version: 4, xid: a!.xid });
    side.session.tick(50);
    side.hear({ type: 'getAsyncReply', version: 4, xid: c!.xid });
    side.session.disconnected();
    expect(outcomes.map(({ kind }) => kind)).toEqual(['refused', 'reply', 'timeout', 'ended']);
    expect(side.problems).toMatchObject([{ kind: 'unmatched', type: 'getAsyncReply' }]);
    side.session.request({ type: 'barrierRequest' }, 0, done);
    expect(outcomes).toHaveLength(5);
  });

  test('are not answered by a reply of another type', () => {
    const side = readyController();
    const outcomes: RequestOutcome[] = [];
    side.session.request({ type: 'getConfigRequest' }, 0, (outcome) => outcomes.push(outcome));
    side.hear({ type: 'barrierReply', version: 4, xid: side.said()[0]!.xid });
    expect(outcomes).toEqual([]);
  });

  test('that have no reply are a mistake', () => {
    expect(() =>
      readyController().session.request({ type: 'setConfig', flags: 0, missSendLen: 0 }, 0, () => {}),
    ).toThrow(TypeError);
  });

  test('a batch ends with its barrier, and with what was refused of it', () => {
    const side = readyController();
    const outcomes: CommitOutcome[] = [];
    const set = { type: 'setConfig', flags: 0, missSendLen: 0 } as const;
    side.session.commit([set, set, set], 0, (outcome) => outcomes.push(outcome));
    const said = side.said();
    expect(said.map(({ type }) => type)).toEqual(['setConfig', 'setConfig', 'setConfig', 'barrierRequest']);
    side.hear({ type: 'error', version: 4, xid: said[1]!.xid, errorType: 10, code: 0, data: new Uint8Array(0) });
    expect(outcomes).toEqual([]);
    side.hear({ type: 'barrierReply', version: 4, xid: said[3]!.xid });
    expect(outcomes).toMatchObject([{ kind: 'done' }]);
    const [outcome] = outcomes;
    expect(outcome?.kind === 'done' && [...outcome.refused.keys()]).toEqual([1]);
  });

  test('an error that belongs to nothing known goes to the sink', () => {
    const side = readyController();
    side.hear({ type: 'error', version: 4, xid: 12345, errorType: 1, code: 5, data: new Uint8Array(0) });
    expect(side.messages).toMatchObject([{ type: 'error', xid: 12345 }]);
  });
});

describe('multipart', () => {
  const port = (portNo: number) => ({
    portNo,
    hwAddr: Uint8Array.of(2, 0, 0, 0, 0, portNo & 255),
    name: `p${portNo}`,
    config: 0,
    state: 0,
    curr: 0,
    advertised: 0,
    supported: 0,
    peer: 0,
    currSpeed: 0,
    maxSpeed: 0,
  });

  test('a long answer leaves in parts of at most 64 KiB and arrives whole', () => {
    const ports = Array.from({ length: 3000 }, (_, i) => port(i + 1));
    const device = readySwitch();
    device.onMessage = (message) =>
      device.session.reply(message, { type: 'multipartReply', multipart: 'portDesc', body: ports });
    const controller = readyController();
    const outcomes: RequestOutcome[] = [];
    controller.session.request({ type: 'multipartRequest', multipart: 'portDesc', body: {} }, 0, (o) =>
      outcomes.push(o),
    );
    device.session.receive(Buffer.concat(controller.takeFrames()), 1);
    const frames = device.takeFrames();
    expect(frames.length).toBeGreaterThan(2);
    expect(frames.map((frame) => frame[11]! & 1)).toEqual([...frames.slice(1).map(() => 1), 0]);
    for (const frame of frames) {
      controller.session.receive(frame, 2);
      frame.fill(0xee);
    }
    expect(outcomes).toHaveLength(1);
    const [outcome] = outcomes;
    const body = outcome?.kind === 'reply' && 'body' in outcome.message ? outcome.message.body : undefined;
    expect(body).toHaveLength(3000);
    expect(body).toMatchObject(ports);
  });

  test('an answer in more parts than are allowed is given up', () => {
    const side = readyController({ maxMultipartBytes: 1000 });
    const outcomes: RequestOutcome[] = [];
    side.session.request({ type: 'multipartRequest', multipart: 'portDesc', body: {} }, 0, (o) => outcomes.push(o));
    const [request] = side.said();
    for (let i = 0; i < 30; i++) {
      const body = [port(i)];
      side.hear({ type: 'multipartReply', multipart: 'portDesc', version: 4, xid: request!.xid, flags: 1, body });
    }
    expect(outcomes).toMatchObject([{ kind: 'unusable' }]);
    expect(side.problems.length).toBeGreaterThan(10);
  });

  test('parts of different answers do not fit together', () => {
    const side = readyController();
    const outcomes: RequestOutcome[] = [];
    side.session.request({ type: 'multipartRequest', multipart: 'portDesc', body: {} }, 0, (o) => outcomes.push(o));
    const { xid } = side.said()[0]!;
    side.hear({ type: 'multipartReply', multipart: 'portDesc', version: 4, xid, flags: 1, body: [port(1)] });
    side.hear({ type: 'multipartReply', multipart: 'queue', version: 4, xid, flags: 0, body: [] });
    expect(outcomes).toMatchObject([{ kind: 'unusable' }]);
  });

  test('each part gives the rest more time', () => {
    const side = readyController({ requestTimeoutMs: 100, echoIntervalMs: 0 });
    const outcomes: RequestOutcome[] = [];
    side.session.request({ type: 'multipartRequest', multipart: 'portDesc', body: {} }, 0, (o) => outcomes.push(o));
    const { xid } = side.said()[0]!;
    for (let now = 90; now < 500; now += 90) {
      side.hear({ type: 'multipartReply', multipart: 'portDesc', version: 4, xid, flags: 1, body: [] }, now);
      side.session.tick(now + 5);
    }
    expect(outcomes).toEqual([]);
    side.session.tick(1000);
    expect(outcomes).toEqual([{ kind: 'timeout' }]);
  });

  test('requests in parts are bounded', () => {
    const side = readySwitch();
    const part = (xid: number): OfpMessageInput => ({
      type: 'multipartRequest',
      multipart: 'tableFeatures',
      version: 4,
      xid,
      flags: 1,
      body: [],
    });
    for (let xid = 1; xid <= 8; xid++) side.hear(part(xid));
    expect(side.said()).toEqual([]);
    side.hear(part(9));
    expect(side.said()).toMatchObject([{ type: 'error', errorType: 1, code: 13, xid: 9 }]);
    side.hear({ ...part(1), flags: 0 } as OfpMessageInput);
    expect(side.messages).toMatchObject([{ type: 'multipartRequest', xid: 1, body: [] }]);
    side.session.tick(side.session.dueAt + 60_000);
    side.hear(part(10));
    expect(side.said().filter(({ type }) => type === 'error')).toEqual([]);
  });
});

describe('a peer that does not read', () => {
  const event: Outgoing = {
    type: 'packetIn',
    bufferId: 0xffffffff,
    totalLen: 100,
    reason: 0,
    match: [],
    data: new Uint8Array(100),
  };

  test('loses events, which are counted, and is sent the rest when it reads again', () => {
    const side = readySwitch({ maxQueuedEvents: 1000 });
    side.session.setWritable(false);
    const kept = Array.from({ length: 50 }, () => side.session.notify(event)).filter(Boolean).length;
    expect(side.session.droppedEvents).toBe(50 - kept);
    expect(kept).toBeGreaterThan(0);
    side.hear({ type: 'echoRequest', version: 4, xid: 1, data: new Uint8Array(0) });
    expect(side.sent).toEqual([]);
    side.session.setWritable(true);
    expect(side.said().map(({ type }) => type)).toEqual([
      ...Array.from({ length: kept }, () => 'packetIn'),
      'echoReply',
    ]);
    expect(side.ends).toEqual([]);
  });

  test('and asks on without end is cut off', () => {
    const side = readySwitch({ maxQueued: 10_000 });
    side.session.setWritable(false);
    for (let xid = 0; xid < 200; xid++) {
      side.hear({ type: 'echoRequest', version: 4, xid, data: new Uint8Array(1000) });
    }
    expect(side.ends).toMatchObject([{ code: 'QUEUE_OVERFLOW' }]);
    expect(side.sent).toEqual([]);
  });

  test('is told of no event before hello', () => {
    const side = new Side('switch');
    expect([side.session.notify(event), side.sent]).toEqual([false, []]);
  });

  test('what is said in one go leaves in one piece', () => {
    const side = readySwitch();
    side.session.batch(() => {
      for (let i = 0; i < 10; i++) side.session.notify(event);
    });
    expect(side.sent).toHaveLength(1);
    expect(side.said()).toHaveLength(10);
  });
});

describe('roles', () => {
  test('generation ids compare by their signed difference', () => {
    expect(isStaleGeneration(5n, 4n)).toBe(true);
    expect(isStaleGeneration(5n, 5n)).toBe(false);
    expect(isStaleGeneration(0xffff_ffff_ffff_fffen, 1n)).toBe(false);
    expect(isStaleGeneration(1n, 0xffff_ffff_ffff_fffen)).toBe(true);
    expect(isStaleGeneration(0n, 0x7fff_ffff_ffff_ffffn)).toBe(false);
    expect(isStaleGeneration(0n, 0x8000_0000_0000_0001n)).toBe(true);
  });

  const ask = (side: Side, role: number, generationId: bigint, xid = 1) => {
    side.hear({ type: 'roleRequest', version: side.session.version, xid, role, generationId });
    return side.said();
  };

  test('one master, whose predecessor becomes a slave and may change nothing', () => {
    const roles = new RoleTable();
    const [a, b] = [readySwitch({ roles }), readySwitch({ roles })];
    expect(ask(a!, ControllerRole.NOCHANGE, 0n)).toMatchObject([
      { type: 'roleReply', role: ControllerRole.EQUAL, generationId: 0xffff_ffff_ffff_ffffn },
    ]);
    expect(ask(a!, ControllerRole.MASTER, 10n)).toMatchObject([{ type: 'roleReply', role: ControllerRole.MASTER }]);
    expect(ask(b!, ControllerRole.MASTER, 11n)).toMatchObject([{ role: ControllerRole.MASTER, generationId: 11n }]);
    expect([a!.session.role, b!.session.role]).toEqual([ControllerRole.SLAVE, ControllerRole.MASTER]);
    a!.hear({ type: 'flowMod', version: 4, xid: 2, command: 0, priority: 1, match: [] });
    expect(a!.said()).toMatchObject([{ type: 'error', errorType: 1, code: 10, xid: 2 }]);
    a!.hear({ type: 'barrierRequest', version: 4, xid: 3 });
    expect(a!.messages).toMatchObject([{ type: 'barrierRequest' }]);
    expect(ask(a!, ControllerRole.MASTER, 10n)).toMatchObject([{ type: 'error', errorType: 11, code: 0 }]);
    expect(ask(a!, 9, 12n)).toMatchObject([{ type: 'error', errorType: 11, code: 2 }]);
    expect(ask(a!, ControllerRole.EQUAL, 0n)).toMatchObject([{ role: ControllerRole.EQUAL, generationId: 11n }]);
  });

  test('from 1.4 on a master that is deposed is told', () => {
    const roles = new RoleTable();
    const [a, b] = [readySwitch({ roles, versions: [5] }), readySwitch({ roles, versions: [5] })];
    ask(a!, ControllerRole.MASTER, 1n);
    ask(b!, ControllerRole.MASTER, 2n);
    expect(a!.said()).toMatchObject([{ type: 'roleStatus', role: ControllerRole.SLAVE, reason: 0, generationId: 2n }]);
  });

  test('a controller knows its own', () => {
    const side = readyController();
    side.session.request({ type: 'roleRequest', role: ControllerRole.MASTER, generationId: 1n }, 0, () => {});
    const { xid } = side.said()[0]!;
    side.hear({ type: 'roleReply', version: 4, xid, role: ControllerRole.MASTER, generationId: 1n });
    expect(side.session.role).toBe(ControllerRole.MASTER);
  });
});

describe('a bundle', () => {
  const changes = [1, 2].map((priority): Outgoing => ({ type: 'flowMod', command: 0, priority, match: [] }));

  function begun(): { side: Side; outcomes: RequestOutcome[]; answer: (message: Outgoing, now?: number) => void } {
    const side = readyController();
    side.takeFrames();
    const outcomes: RequestOutcome[] = [];
    side.session.commitBundle(9, changes, 1, (outcome) => outcomes.push(outcome));
    const [open] = side.said();
    expect(open).toMatchObject({ type: 'bundleControl', bundleId: 9, ctrlType: 0 });
    const answer = (message: Outgoing) => side.hear({ ...message, version: 4, xid: open!.xid } as OfpMessageInput);
    return { side, outcomes, answer };
  }

  test('is opened, filled and committed; what is in it has the transaction id of what carries it', () => {
    const { side, outcomes, answer } = begun();
    answer({ type: 'bundleControl', bundleId: 9, ctrlType: 1 });
    const [first, second, commit] = side.said();
    for (const added of [first, second]) {
      expect(added).toMatchObject({
        type: 'bundleAddMessage',
        bundleId: 9,
        message: { type: 'flowMod', xid: added!.xid },
      });
    }
    expect(commit).toMatchObject({ type: 'bundleControl', ctrlType: 4 });
    expect(outcomes).toEqual([]);
    side.hear({ type: 'bundleControl', version: 4, xid: commit!.xid, bundleId: 9, ctrlType: 5 });
    expect(outcomes).toMatchObject([{ kind: 'reply' }]);
  });

  test('that is refused sends none of its changes', () => {
    const { side, outcomes, answer } = begun();
    answer({ type: 'error', errorType: ErrorType.BAD_REQUEST, code: 3, data: new Uint8Array(8) });
    expect(outcomes).toMatchObject([{ kind: 'refused' }]);
    expect(side.said()).toEqual([]);
  });
});
