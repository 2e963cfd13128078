import { describe, expect, it } from 'vitest';
import {
  BadRequestCode,
  ControllerRole,
  decode,
  ErrorType,
  encode,
  FlowModCommand,
  FlowModFlags,
  FlowRemovedReason,
  HelloFailedCode,
  type Message,
  type MessageType,
  type OfpMessage,
  type OfpMessageInput,
  PacketInReason,
  PortNo,
  PortReason,
  RoleRequestFailedCode,
} from '../../ofp/index.ts';
import { eventBacklog } from '../../switch/agent/transport.ts';
import { Agent, type AgentConnection, type ConnectionKind } from '../../switch/index.ts';
import { get16, put16 } from '../../switch/packet/index.ts';
import { apply, BridgeLab, flowMod, frame, hex, inPort, mac, output } from './support/switch-lab.ts';

type Fields = OfpMessageInput extends infer M ? (M extends unknown ? Omit<M, 'version' | 'xid'> : never) : never;

/** A controller that keeps what it is sent. */
class Controller {
  readonly connection: AgentConnection;
  readonly chunks: Uint8Array[] = [];
  closed: string | undefined;
  #read = 0;
  #xid = 100;

  constructor(agent: Agent, kind: ConnectionKind = 'controller') {
    this.connection = agent.connect(
      {
        send: (bytes) => this.chunks.push(bytes),
        close: (reason) => {
          this.closed = reason;
        },
      },
      kind,
    );
  }

  static ready(agent: Agent, kind?: ConnectionKind): Controller {
    const controller = new Controller(agent, kind);
    controller.send({ type: 'hello', elements: [] });
    controller.take();
    return controller;
  }

  bytes(bytes: Uint8Array, now = 0): void {
    this.connection.receive(bytes, now);
  }

  send(message: Fields, now = 0): number {
    this.#xid += 1;
    this.bytes(encode({ ...message, version: 4, xid: this.#xid } as OfpMessageInput), now);
    return this.#xid;
  }

  /** What came since the last call. */
  take(): OfpMessage[] {
    const stream = Buffer.concat(this.chunks).subarray(this.#read);
    this.#read += stream.length;
    const messages: OfpMessage[] = [];
    for (let at = 0; at < stream.length; at += get16(stream, at + 2)) {
      messages.push(decode(Uint8Array.from(stream.subarray(at, at + get16(stream, at + 2)))));
    }
    return messages;
  }

  ask(message: Fields, now = 0): OfpMessage[] {
    const xid = this.send(message, now);
    const answers = this.take();
    expect(answers.map((answer) => answer.xid)).toEqual(answers.map(() => xid));
    return answers;
  }

  errorOf(message: Fields): [number, number] {
    const [answer] = this.ask(message);
    if (answer?.type !== 'error') throw new Error(`answered with ${answer?.type}`);
    return [answer.errorType, answer.code];
  }

  events<T extends MessageType>(type: T): Message<T>[] {
    return this.take().filter((message): message is Message<T> => message.type === type);
  }
}

function setup(kind?: ConnectionKind) {
  const lab = new BridgeLab();
  const agent = new Agent(lab.bridge);
  return { lab, agent, controller: Controller.ready(agent, kind) };
}

const change = (fields = {}) =>
  ({ type: 'flowMod', ...flowMod(fields), match: flowMod(fields).match.slice() }) as Fields;

describe('hello', () => {
  const greeted = () => new Controller(new Agent(new BridgeLab().bridge));
  const hello = (version: number, bitmaps?: number[]) =>
    encode({
      type: 'hello',
      version: version as 4,
      xid: 1,
      elements: bitmaps ? [{ type: 'versionBitmap', bitmaps }] : [],
    });

  it('is sent at once', () => {
    expect(greeted().take()).toMatchObject([{ type: 'hello', version: 6, elements: [{ bitmaps: [0x72] }] }]);
  });

  it.each([
    ['1.3 without a bitmap', hello(4), 4],
    ['1.5 without a bitmap', hello(6), 6],
    ['1.6 without a bitmap', Uint8Array.of(7, 0, 0, 8, 0, 0, 0, 1), 6],
    ['1.5 with a bitmap of 1.0, 1.1 and 1.3', hello(6, [0x16]), 4],
    ['1.4 with a bitmap', hello(5, [0x30]), 5],
    ['1.0', hello(1), 1],
    ['1.1 without a bitmap', hello(2), undefined],
    ['1.2 and 1.1 in a bitmap', hello(3, [0x0c]), undefined],
    ['versions of the future in a bitmap', hello(6, [0x100]), undefined],
  ])('%s', (_name, bytes, version) => {
    const controller = greeted();
    controller.take();
    controller.bytes(bytes);
    expect(controller.connection.isReady).toBe(version !== undefined);
    if (version) expect(controller.connection.version).toBe(version);
    if (version) return;
    expect(controller.take()).toMatchObject([
      { type: 'error', errorType: ErrorType.HELLO_FAILED, code: HelloFailedCode.INCOMPATIBLE },
    ]);
    expect(controller.closed).toMatch(/OpenFlow 1\.0, 1\.3, 1\.4, 1\.5 is spoken here/);
  });

  it('goes by the versions that the owner of the switch allows', () => {
    const controller = new Controller(new Agent(new BridgeLab().bridge, { versions: [1] }));
    expect(controller.take()).toMatchObject([{ version: 1, elements: [] }]);
    controller.bytes(hello(4, [0x10]));
    expect(controller.connection.isReady).toBe(true);
    expect(controller.connection.version).toBe(1);
  });

  it('must come first', () => {
    const controller = greeted();
    controller.send({ type: 'featuresRequest' });
    expect(controller.closed).toMatch(/type 5 before hello/);
  });
});

describe('requests', () => {
  it('are answered byte by byte as well as all at once', () => {
    const { controller } = setup();
    const bytes = [1, 2, 3].flatMap((xid) => [...encode({ type: 'echoRequest', version: 4, xid, data: hex('aabb') })]);
    for (const byte of bytes) controller.bytes(Uint8Array.of(byte));
    const expected = [1, 2, 3].map((xid) => ({ type: 'echoReply', xid, data: hex('aabb') }));
    expect(controller.take()).toMatchObject(expected);
    const sent = controller.chunks.length;
    controller.bytes(Uint8Array.from(bytes));
    expect(controller.take()).toMatchObject(expected);
    expect(controller.chunks.length).toBe(sent + 1);
  });

  it('features, configuration, barrier', () => {
    const { controller } = setup();
    expect(controller.ask({ type: 'featuresRequest' })).toMatchObject([
      { datapathId: 0x11n, nTables: 254, nBuffers: 0 },
    ]);
    expect(controller.ask({ type: 'getConfigRequest' })).toMatchObject([{ flags: 0, missSendLen: 128 }]);
    expect(controller.ask({ type: 'setConfig', flags: 1, missSendLen: 65 })).toEqual([]);
    expect(controller.ask({ type: 'getConfigRequest' })).toMatchObject([{ flags: 1, missSendLen: 65 }]);
    expect(controller.errorOf({ type: 'setConfig', flags: 2, missSendLen: 0 })[0]).toBe(ErrorType.SWITCH_CONFIG_FAILED);
    expect(controller.ask({ type: 'barrierRequest' })).toMatchObject([{ type: 'barrierReply' }]);
  });

  it('an unknown type comes back whole', () => {
    const { controller } = setup();
    const bytes = new Uint8Array(80).fill(7);
    bytes.set(hex('04 63 0050 00000009'));
    controller.bytes(bytes);
    expect(controller.take()).toMatchObject([
      {
        type: 'error',
        xid: 9,
        errorType: ErrorType.BAD_REQUEST,
        code: BadRequestCode.BAD_TYPE,
        data: bytes,
      },
    ]);
  });

  it('what only a switch sends, other versions and experimenters are refused', () => {
    const { controller } = setup();
    expect(controller.errorOf({ type: 'barrierReply' })).toEqual([ErrorType.BAD_REQUEST, BadRequestCode.BAD_TYPE]);
    expect(
      controller.errorOf({ type: 'experimenter', experimenter: 0x2321, expType: 1, data: new Uint8Array(0) }),
    ).toEqual([ErrorType.BAD_REQUEST, BadRequestCode.BAD_EXPERIMENTER]);
    expect(
      controller.errorOf({ type: 'experimenter', experimenter: 0x2320, expType: 999, data: new Uint8Array(0) }),
    ).toEqual([ErrorType.BAD_REQUEST, BadRequestCode.BAD_EXP_TYPE]);
    controller.bytes(encode({ type: 'echoRequest', version: 5, xid: 3 }));
    expect(controller.take()).toMatchObject([
      { version: 5, xid: 3, errorType: ErrorType.BAD_REQUEST, code: BadRequestCode.BAD_VERSION },
    ]);
  });

  it('a length below that of the header ends the connection', () => {
    const { controller } = setup();
    controller.bytes(hex('04 02 0004 00000001'));
    expect(controller.take()).toMatchObject([{ errorType: ErrorType.BAD_REQUEST, code: BadRequestCode.BAD_LEN }]);
    expect(controller.closed).toMatch(/length/);
    controller.bytes(hex('04 02 0008 00000001'));
    expect(controller.take()).toEqual([]);
  });

  it('a flow-mod cut short is refused', () => {
    const { controller } = setup();
    const bytes = encode({ ...flowMod(), match: [inPort(1)], type: 'flowMod', version: 4, xid: 5 }).slice(0, 40);
    put16(bytes, 2, 40);
    controller.bytes(bytes);
    expect(controller.take()).toMatchObject([
      { type: 'error', xid: 5, errorType: ErrorType.BAD_REQUEST, code: BadRequestCode.BAD_LEN },
    ]);
  });

  it('flows go in, are shown, and errors name what was wrong', () => {
    const { controller, lab } = setup();
    controller.send(change({ match: [inPort(3)], cookie: 5n, instructions: [apply(output(2))] }), 1000);
    expect(controller.take()).toEqual([]);
    expect(lab.bridge.flows.size).toBe(1);
    const [reply] = controller.ask(
      {
        type: 'multipartRequest',
        multipart: 'flow',
        body: { tableId: 255, outPort: 0xffffffff, outGroup: 0xffffffff, cookie: 0n, cookieMask: 0n, match: [] },
      },
      3500,
    );
    expect(reply).toMatchObject({
      body: [{ cookie: 5n, durationSec: 2, durationNsec: 500_000_000, match: [inPort(3)] }],
    });
    expect(controller.errorOf(change({ tableId: 254 }))[0]).toBe(ErrorType.BAD_REQUEST);
    expect(
      controller.errorOf({ type: 'packetOut', bufferId: 5, inPort: 1, actions: [], data: new Uint8Array(0) }),
    ).toEqual([ErrorType.BAD_REQUEST, BadRequestCode.BUFFER_UNKNOWN]);
  });

  it('unknown multipart types and settings of tables are refused', () => {
    const { controller } = setup();
    const bytes = encode({ type: 'multipartRequest', version: 4, xid: 8, multipart: 'desc' });
    put16(bytes, 8, 99);
    controller.bytes(bytes);
    expect(controller.take()).toMatchObject([
      { xid: 8, errorType: ErrorType.BAD_REQUEST, code: BadRequestCode.BAD_MULTIPART },
    ]);
    const [features] = controller.ask({ type: 'multipartRequest', multipart: 'tableFeatures', body: [] });
    if (features?.type !== 'multipartReply' || features.multipart !== 'tableFeatures')
      throw new Error('no table features');
    expect(
      controller.errorOf({ type: 'multipartRequest', multipart: 'tableFeatures', body: features.body.slice(0, 1) })[0],
    ).toBe(ErrorType.TABLE_FEATURES_FAILED);
  });
});

describe('events', () => {
  it('packet-ins are cut to what the action wants', () => {
    const { controller, lab } = setup();
    const { no } = lab.leaf();
    controller.take();
    controller.send(change({ priority: 0, cookie: 9n, instructions: [apply(output(PortNo.CONTROLLER, 20))] }));
    lab.bridge.receive(no, [frame(mac(1), mac(2))], 0);
    expect(controller.events('packetIn')).toMatchObject([
      {
        bufferId: 0xffffffff,
        totalLen: 60,
        reason: PacketInReason.NO_MATCH,
        tableId: 0,
        cookie: 9n,
        match: [inPort(no)],
        data: frame(mac(1), mac(2)).subarray(0, 20),
      },
    ]);
  });

  it('of one batch go out together', () => {
    const { controller, lab } = setup();
    const { no } = lab.leaf();
    controller.send(change({ instructions: [apply(output(PortNo.CONTROLLER))] }));
    const before = controller.chunks.length;
    lab.bridge.receive(no, [frame(mac(1), mac(2)), frame(mac(1), mac(2))], 0);
    expect(controller.chunks.length).toBe(before + 1);
    expect(controller.events('packetIn')).toHaveLength(2);
  });

  it('may be answered from inside', () => {
    const lab = new BridgeLab();
    const agent = new Agent(lab.bridge);
    const [a, b] = [lab.leaf(), lab.leaf()];
    const connection: AgentConnection = agent.connect(
      {
        send: (bytes) => {
          if (bytes[1] !== 10) return;
          const { data } = decode(bytes) as Message<'packetIn'>;
          connection.receive(
            encode({ type: 'packetOut', version: 4, xid: 1, inPort: a.no, actions: [output(b.no)], data }),
            0,
          );
        },
        close() {},
      },
      'controller',
    );
    connection.receive(encode({ type: 'hello', version: 4, xid: 1, elements: [] }), 0);
    lab.flow({ instructions: [apply(output(PortNo.CONTROLLER))] });
    lab.bridge.receive(a.no, [frame(mac(1), mac(2))], 0);
    expect(b.sent).toEqual([frame(mac(1), mac(2))]);
  });

  it('tell of flows that asked for it, and of ports', () => {
    const { controller, lab } = setup();
    controller.send(change({ match: [inPort(1)], cookie: 1n, flags: FlowModFlags.SEND_FLOW_REM, idleTimeout: 5 }), 0);
    controller.send(change({ match: [inPort(2)], cookie: 2n, idleTimeout: 5 }), 0);
    lab.bridge.tick(6500);
    expect(controller.events('flowRemoved')).toMatchObject([
      {
        cookie: 1n,
        reason: FlowRemovedReason.IDLE_TIMEOUT,
        durationSec: 6,
        durationNsec: 500_000_000,
        idleTimeout: 5,
        match: [inPort(1)],
      },
    ]);
    const { no } = lab.leaf();
    lab.bridge.removePort(no);
    expect(controller.events('portStatus')).toMatchObject([
      { reason: PortReason.ADD, desc: { portNo: no } },
      { reason: PortReason.DELETE, desc: { portNo: no } },
    ]);
  });

  it('come before the reply of a later barrier', () => {
    const { controller } = setup();
    controller.send(change({ flags: FlowModFlags.SEND_FLOW_REM }));
    controller.bytes(
      Uint8Array.from([
        ...encode({ ...flowMod({ command: FlowModCommand.DELETE }), match: [], type: 'flowMod', version: 4, xid: 1 }),
        ...encode({ type: 'barrierRequest', version: 4, xid: 2 }),
      ]),
    );
    expect(controller.take().map(({ type }) => type)).toEqual(['flowRemoved', 'barrierReply']);
  });

  it('reach a service connection only once it set a length', () => {
    const { controller, lab } = setup('service');
    lab.leaf();
    expect(controller.take()).toEqual([]);
    controller.send({ type: 'setConfig', flags: 0, missSendLen: 100 });
    lab.leaf();
    expect(controller.events('portStatus')).toHaveLength(1);
  });

  it('are dropped and counted while the controller does not read, replies are not', () => {
    const { controller, lab } = setup();
    const { no } = lab.leaf();
    controller.send(change({ instructions: [apply(output(PortNo.CONTROLLER))] }));
    controller.take();
    controller.connection.setWritable(false);
    const big = new Uint8Array(1500).fill(2, 0, 12);
    const batch = Array.from({ length: 1000 }, () => big);
    lab.bridge.receive(no, batch, 0);
    controller.send({ type: 'barrierRequest' });
    expect(controller.take()).toEqual([]);
    controller.connection.setWritable(true);
    const messages = controller.take();
    expect(messages.at(-1)?.type).toBe('barrierReply');
    const told = messages.filter(({ type }) => type === 'packetIn').length;
    expect(told * 1500).toBeLessThanOrEqual(eventBacklog);
    expect(told + controller.connection.droppedEvents).toBe(1000);
  });

  it('a controller that asks without reading is cut off', () => {
    const { controller } = setup();
    controller.connection.setWritable(false);
    const echo = encode({ type: 'echoRequest', version: 4, xid: 1, data: new Uint8Array(60_000) });
    for (let i = 0; i < 1200 && controller.closed === undefined; i++) controller.bytes(echo);
    expect(controller.closed).toMatch(/wait for the peer/);
  });
});

describe('roles', () => {
  const ask = (controller: Controller, role: number, generationId: bigint) =>
    controller.ask({ type: 'roleRequest', role, generationId })[0];

  it('has one master at most, and slaves may not change anything', () => {
    const { agent, lab, controller: first } = setup();
    const second = Controller.ready(agent);
    expect(ask(first, ControllerRole.MASTER, 1n)).toMatchObject({
      type: 'roleReply',
      role: ControllerRole.MASTER,
      generationId: 1n,
    });
    expect(ask(second, ControllerRole.MASTER, 2n)).toMatchObject({ role: ControllerRole.MASTER });
    expect(first.events('roleStatus')).toMatchObject([{ role: ControllerRole.SLAVE, generationId: 2n }]);
    expect(ask(first, ControllerRole.NOCHANGE, 0n)).toMatchObject({ role: ControllerRole.SLAVE, generationId: 2n });
    expect(first.errorOf(change())).toEqual([ErrorType.BAD_REQUEST, BadRequestCode.IS_SLAVE]);
    lab.flow({ instructions: [apply(output(PortNo.CONTROLLER))] });
    const { no } = lab.leaf();
    lab.bridge.receive(no, [frame(mac(1), mac(2))], 0);
    expect(first.take().map(({ type }) => type)).toEqual(['portStatus']);
    expect(second.take().map(({ type }) => type)).toEqual(['portStatus', 'packetIn']);
  });

  it('refuses stale generations, also across the wrap, and roles that do not exist', () => {
    const { controller } = setup();
    ask(controller, ControllerRole.SLAVE, 0xffff_ffff_ffff_fffen);
    expect(ask(controller, ControllerRole.MASTER, 1n)).toMatchObject({ type: 'roleReply' });
    expect(controller.errorOf({ type: 'roleRequest', role: ControllerRole.MASTER, generationId: 0n })).toEqual([
      ErrorType.ROLE_REQUEST_FAILED,
      RoleRequestFailedCode.STALE,
    ]);
    expect(controller.errorOf({ type: 'roleRequest', role: 9, generationId: 0n })).toEqual([
      ErrorType.ROLE_REQUEST_FAILED,
      RoleRequestFailedCode.BAD_ROLE,
    ]);
  });

  it('chooses events by the masks of the role', () => {
    const { controller, lab } = setup();
    const masks = {
      packetInMask: [0, 0],
      portStatusMask: [1 << PortReason.DELETE, 0],
      flowRemovedMask: [1, 2],
    } as const;
    controller.send({ type: 'setAsync', ...masks } as unknown as Fields);
    expect(controller.ask({ type: 'getAsyncRequest' })).toMatchObject([{ type: 'getAsyncReply', ...masks }]);
    lab.bridge.removePort(lab.leaf().no);
    expect(controller.events('portStatus')).toMatchObject([{ reason: PortReason.DELETE }]);
  });
});

it('forgets connections that end and closes the others', () => {
  const { agent, controller } = setup();
  const other = Controller.ready(agent);
  other.connection.closed();
  expect(agent.connections.size).toBe(1);
  agent.close('going down');
  expect(controller.closed).toBe('going down');
  expect(agent.connections.size).toBe(0);
});
