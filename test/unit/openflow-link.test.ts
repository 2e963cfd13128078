import { beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../src/lib/virtual-clock.ts';
import { ControllerLink, Snoop } from '../../src/openflow/index.ts';
import { Agent, Bridge } from '../../switch/index.ts';
import {
  echoReply,
  echoRequest,
  FakeStream,
  fakeDial,
  featuresRequest,
  hello,
  message,
} from './support/fake-stream.ts';

const probeMs = 5_000;

describe('a controller that is dialled', () => {
  let clock: VirtualClock;
  let agent: Agent;
  let snoop: Snoop;
  let link: ControllerLink;
  let streams: FakeStream[];
  let heard: string[];
  let retries: number[];
  let random: number;

  beforeEach(() => {
    clock = new VirtualClock();
    agent = new Agent(new Bridge({ datapathId: 1n, selfId: 1n << 64n }));
    snoop = new Snoop();
    [heard, retries, random] = [[], [], 0.5];
    const { dial, streams: dialled } = fakeDial();
    streams = dialled;
    link = new ControllerLink({
      ...{ target: 'tcp:192.0.2.1:6653', dial, agent, clock, probeMs, snoop, random: () => random },
      events: {
        connected: () => heard.push('connected'),
        disconnected: (reason, retryMs) => {
          heard.push(`disconnected: ${reason}`);
          retries.push(retryMs);
        },
        failed: (reason, retryMs, failures) => {
          heard.push(`failed ${failures}: ${reason}`);
          retries.push(retryMs);
        },
      },
    });
    clock.advance(0);
  });

  const latest = () => streams.at(-1)!;
  const shakeHands = () => {
    latest().events.open();
    latest().events.data(message(hello));
  };

  it('is greeted, and connected once it has said hello', () => {
    expect(link.state).toBe('dialling');
    latest().events.open();
    expect([link.state, latest().takeTypes()]).toEqual(['greeting', [hello]]);
    latest().events.data(message(hello));
    expect([link.state, heard]).toEqual(['connected', ['connected']]);
    latest().events.data(message(featuresRequest));
    expect(latest().takeTypes()).toEqual([6]);
    expect(link.connection?.isReady).toBe(true);
  });

  it('is dialled again within 200 ms, then ever more slowly up to 8 s', () => {
    for (let i = 0; i < 8; i++) {
      latest().close('ECONNREFUSED');
      expect(link.state).toBe('waiting');
      clock.advance(retries.at(-1)! - 1);
      expect(streams).toHaveLength(i + 1);
      clock.advance(1);
      expect(streams).toHaveLength(i + 2);
    }
    expect(retries.map((ms) => Math.round(ms))).toEqual([150, 300, 600, 1200, 2400, 4800, 6000, 6000]);
    expect(heard[0]).toBe('failed 1: ECONNREFUSED');
    expect(link.lastProblem).toBe('ECONNREFUSED');
  });

  it('is dialled with jitter', () => {
    random = 0;
    latest().close('ECONNREFUSED');
    expect(retries).toEqual([100]);
  });

  it('that was connected for a while is dialled again at once; one that hangs up at once is a failing one', () => {
    for (const [connectedMs, retryMs] of [
      [0, 150],
      [0, 300],
      [0, 600],
      [1_700, 150],
      [10, 300],
    ] as const) {
      shakeHands();
      clock.advance(connectedMs);
      latest().close('ECONNRESET');
      expect(retries.at(-1)).toBe(retryMs);
      clock.advance(retryMs);
    }
    expect(heard.filter((what) => what === 'disconnected: ECONNRESET')).toHaveLength(5);
  });

  it('is given up when it does not answer, or says nothing', () => {
    clock.advance(5_000);
    expect(heard).toEqual(['failed 1: no answer in 5 s']);
    clock.advance(200);
    latest().events.open();
    clock.advance(5_000);
    expect(heard.at(-1)).toBe('failed 2: no hello in 5 s');
    expect(streams.every(({ isClosed }) => isClosed)).toBe(true);
  });

  it('is probed after 5 s of silence and given up after 5 more', () => {
    shakeHands();
    latest().events.data(message(featuresRequest));
    latest().takeTypes();
    clock.advance(probeMs - 1);
    expect(latest().takeTypes()).toEqual([]);
    clock.advance(1);
    expect(latest().takeTypes()).toEqual([echoRequest]);
    clock.advance(probeMs - 1);
    expect(latest().isClosed).toBe(false);
    clock.advance(1);
    expect(heard.at(-1)).toBe('disconnected: nothing heard for 10 s');
    expect(agent.connections.size).toBe(0);
  });

  it('that says anything at all is alive', () => {
    shakeHands();
    latest().events.data(message(featuresRequest));
    for (let i = 0; i < 20; i++) {
      clock.advance(probeMs + 1_000);
      expect(latest().takeTypes()).toContain(echoRequest);
      latest().events.data(message(i % 2 === 0 ? echoReply : featuresRequest));
    }
    expect(link.state).toBe('connected');
  });

  it('that does not read is held back for', () => {
    shakeHands();
    latest().takesMore = false;
    for (let i = 0; i < 3; i++) latest().events.data(message(featuresRequest));
    expect(
      latest()
        .takeTypes()
        .filter((type) => type === 6),
    ).toHaveLength(1);
    latest().takesMore = true;
    latest().events.drain();
    expect(latest().takeTypes()).toEqual([6, 6]);
  });

  it('that asks without reading the answers is not read either', () => {
    shakeHands();
    latest().takesMore = false;
    const many = Buffer.concat(Array.from({ length: 8_000 }, () => message(echoRequest)));
    for (let i = 0; i < 100 && !latest().isPaused; i++) latest().events.data(many);
    expect([latest().isPaused, latest().isClosed]).toEqual([true, false]);
    latest().takesMore = true;
    latest().events.drain();
    expect(latest().isPaused).toBe(false);
    expect(latest().takeTypes().length).toBeLessThan(50_000);
  });

  it('that talks nonsense is told, hung up on and dialled again', () => {
    shakeHands();
    latest().takeTypes();
    latest().events.data(Uint8Array.of(4, 5, 0, 3, 0, 0, 0, 0));
    expect([latest().takeTypes(), latest().isEnding]).toEqual([[1], true]);
    expect(heard.at(-1)).toMatch(/^disconnected: .*length 3/);
    clock.advance(200);
    expect(streams).toHaveLength(2);
  });

  it('is shown to who snoops: whole messages, both ways', () => {
    const spy = new FakeStream({ open() {}, data() {}, drain() {}, close() {} });
    snoop.add(spy);
    shakeHands();
    const request = message(featuresRequest);
    latest().events.data(request.subarray(0, 3));
    latest().events.data(request.subarray(3));
    expect(spy.takeTypes()).toEqual([hello, hello, featuresRequest, 6]);
    spy.takesMore = false;
    const many = Buffer.concat(Array.from({ length: 8_000 }, () => message(echoRequest)));
    for (let i = 0; i < 100 && !spy.isClosed; i++) latest().events.data(many);
    expect(spy.isClosed).toBe(true);
  });

  it('is left alone once the switch ends', () => {
    shakeHands();
    link.close();
    expect(latest().isClosed).toBe(true);
    clock.advance(60_000);
    expect([streams.length, heard, agent.connections.size]).toEqual([1, ['connected'], 0]);
  });
});
