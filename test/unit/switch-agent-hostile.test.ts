import { describe, expect, it } from 'vitest';
import { encode, type OfpMessageInput, PortNo } from '../../ofp/index.ts';
import { eventBacklog, replyBacklog } from '../../switch/agent/transport.ts';
import type { Agent, ConnectionKind } from '../../switch/index.ts';
import { agentLab, TestController } from './support/agent-lab.ts';
import { apply, type BridgeLab, flowMod, frame, inPort, mac, output } from './support/switch-lab.ts';

/** A controller whose socket takes `room` bytes and then no more until it is read. */
class SlowController {
  readonly connection;
  closed: string | undefined;
  sent = 0;
  #room: number;

  constructor(agent: Agent, room: number, kind: ConnectionKind = 'controller') {
    this.#room = room;
    this.connection = agent.connect(
      {
        send: (bytes) => {
          this.sent += bytes.length;
          this.#room -= bytes.length;
          if (this.#room <= 0) this.connection?.setWritable(false);
        },
        close: (reason) => {
          this.closed = reason;
        },
      },
      kind,
    );
    this.push({ type: 'hello', version: 4, xid: 1 });
  }

  push(...messages: OfpMessageInput[]): void {
    this.connection.receive(Buffer.concat(messages.map((message) => encode(message))), 0);
  }

  read(room: number): void {
    this.#room = room;
    this.connection.setWritable(true);
  }
}

const dump: OfpMessageInput = {
  type: 'multipartRequest',
  version: 4,
  xid: 7,
  multipart: 'flow',
  body: { match: [] },
};
const barrier = { type: 'barrierRequest' } as const;

/** The switch forwards, and another controller is answered. */
function expectService(lab: BridgeLab, other: TestController, ports: readonly [number, { sent: Uint8Array[] }]): void {
  const [from, { sent }] = ports;
  const before = sent.length;
  lab.bridge.receive(from, [frame(mac(1), mac(2))], 0);
  expect(sent.length).toBe(before + 1);
  other.take();
  expect(other.ask(barrier)).toMatchObject({ type: 'barrierReply' });
}

function setup() {
  const { lab, agent } = agentLab();
  const [a, b] = [lab.leaf(), lab.leaf()];
  lab.flow({ match: [inPort(a.no)], instructions: [apply(output(b.no), output(PortNo.CONTROLLER))] });
  const other = new TestController(agent, 5);
  return { lab, agent, other, ports: [a.no, b] as const };
}

describe('a controller that', () => {
  it('never says hello gets nothing and costs nothing', () => {
    const { lab, agent, other, ports } = setup();
    let sent = 0;
    const silent = agent.connect({ send: (bytes) => (sent += bytes.length), close() {} }, 'controller');
    const greeting = sent;
    for (let i = 0; i < 100; i++) expectService(lab, other, ports);
    expect([sent, silent.backlog]).toEqual([greeting, 0]);
  });

  it('reads nothing loses packet-ins, which are counted, and nobody else does', () => {
    const { lab, agent, other, ports } = setup();
    const stalled = new SlowController(agent, 0);
    const batch = Array.from({ length: 100 }, () => new Uint8Array(1500).fill(2, 0, 12));
    let told = 0;
    for (let i = 0; i < 50; i++) {
      lab.bridge.receive(ports[0], batch, 0);
      told += other.events('packetIn').length;
    }
    expect(told).toBe(5000);
    expect(stalled.connection.backlog).toBeLessThanOrEqual(eventBacklog);
    const kept = Math.floor(stalled.connection.backlog / 1500);
    expect(stalled.connection.counters.droppedEvents).toBeGreaterThan(5000 - kept - 100);
    expect(stalled.closed).toBeUndefined();
    expectService(lab, other, ports);
  });

  it('asks without reading waits, and has all its answers in order once it reads', () => {
    const { lab, agent, other, ports } = setup();
    for (let i = 0; i < 2000; i++) lab.flow({ match: [inPort(1000 + i)] });
    const greedy = new SlowController(agent, 1);
    const oneDump = 2001 * 60;
    greedy.push(...Array.from({ length: 500 }, () => dump));
    expect(greedy.connection.backlog).toBeLessThan(4 * oneDump + (1 << 20));
    expectService(lab, other, ports);
    for (let turns = 0; turns < 1000 && greedy.connection.counters.requests < 500; turns++) {
      greedy.read(1 << 16);
      expectService(lab, other, ports);
      expect(greedy.connection.backlog).toBeLessThan(replyBacklog);
    }
    expect(greedy.connection.counters.requests).toBe(500);
    expect(greedy.sent).toBeGreaterThan(400 * oneDump);
    expect(greedy.closed).toBeUndefined();
  });

  it('asks on and on without reading is cut off', () => {
    const { lab, agent, other, ports } = setup();
    for (let i = 0; i < 10_000; i++) lab.flow({ match: [inPort(1000 + i)] });
    const greedy = new SlowController(agent, 1);
    for (let i = 0; i < 100_000 && !greedy.closed; i++) greedy.push(dump);
    expect(greedy.closed).toMatch(/without reading/);
    expect(agent.connections.size).toBe(1);
    expectService(lab, other, ports);
  });

  it('floods echoes without reading is cut off', () => {
    const { agent } = setup();
    const flooder = new SlowController(agent, 1);
    const echo: OfpMessageInput = { type: 'echoRequest', version: 4, xid: 1, data: new Uint8Array(60_000) };
    for (let i = 0; i < 2000 && !flooder.closed; i++) flooder.push(echo);
    expect(flooder.closed).toMatch(/wait for the peer/);
    expect(flooder.connection.backlog).toBeLessThanOrEqual(replyBacklog);
  });

  it('fills the flow tables is told so, and the rules of others stand', () => {
    const { lab, agent, other, ports } = setup();
    const filler = new TestController(agent, 4);
    let refused = 0;
    for (let i = 0; i < 66_000; i++) {
      const match = [{ field: 'eth_src', value: Uint8Array.of(2, 0, 0, i >> 16, i >> 8, i) } as const];
      filler.send({ type: 'flowMod', ...flowMod({ match }), match });
      if (i % 1000 === 999) refused += filler.events('error').length;
    }
    expect(refused).toBe(66_000 - 65_535);
    expectService(lab, other, ports);
  });

  it('opens a bundle and fills it is stopped', () => {
    const { lab, agent, other, ports } = setup();
    const hoarder = new TestController(agent, 5);
    const data = new Uint8Array(60_000);
    let refused = 0;
    for (let i = 0; i < 1200; i++) {
      const message = { type: 'packetOut', version: 5, xid: hoarder.nextXid(), inPort: 1, actions: [], data } as never;
      hoarder.send({ type: 'bundleAddMessage', bundleId: 1, flags: 1, message });
      refused += hoarder.events('error').length;
    }
    expect(refused).toBe(1);
    expectService(lab, other, ports);
  });
});
