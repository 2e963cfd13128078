import { beforeEach, describe, expect, it } from 'vitest';
import {
  BadRequestCode,
  ControllerRole,
  decode,
  encode,
  FrameSplitter,
  type OfpMessage,
  type OfpMessageInput,
  PortNo,
} from '../../ofp/index.ts';
import { VirtualClock } from '../../src/lib/virtual-clock.ts';
import { ControllerLink } from '../../src/openflow/index.ts';
import { Agent } from '../../switch/index.ts';
import { type FakeStream, fakeDial, hello, message } from './support/fake-stream.ts';
import { apply, BridgeLab, flowMod, frame, mac, output } from './support/switch-lab.ts';

const auxiliaries = 2;

describe('auxiliary connections (OpenFlow 1.3 section 6.3.5)', () => {
  let clock: VirtualClock;
  let lab: BridgeLab;
  let agent: Agent;
  let link: ControllerLink;
  let streams: FakeStream[];

  beforeEach(() => {
    clock = new VirtualClock();
    lab = new BridgeLab();
    agent = new Agent(lab.bridge);
    const { dial, streams: dialled } = fakeDial();
    streams = dialled;
    link = new ControllerLink({
      ...{ target: 'tcp:192.0.2.1:6653', dial, agent, clock, probeMs: 0, random: () => 0.5, auxiliaries },
      events: { connected: () => {}, disconnected: () => {}, failed: () => {} },
    });
    clock.advance(0);
    greet(streams[0]!);
    clock.advance(0);
  });

  const greet = (stream: FakeStream) => {
    stream.events.open();
    stream.events.data(message(hello));
    taken(stream);
  };
  /** What was written since the last look. */
  const taken = (stream: FakeStream): OfpMessage[] => {
    const splitter = new FrameSplitter();
    return stream.written.splice(0).flatMap((bytes) => [...splitter.push(bytes)].map((each) => decode(each.slice())));
  };
  const ask = (stream: FakeStream, input: object): OfpMessage[] => {
    stream.events.data(encode({ version: 4, xid: 9, ...input } as OfpMessageInput));
    return taken(stream);
  };
  const all = () => {
    for (const stream of streams.slice(1)) greet(stream);
    return streams as [FakeStream, FakeStream, FakeStream];
  };
  const role = (wanted: number) => ({ type: 'roleRequest', role: wanted, generationId: 1n });

  it('are made once the main one is there, and say which they are', () => {
    expect(streams).toHaveLength(1 + auxiliaries);
    expect(all().map((stream) => ask(stream, { type: 'featuresRequest' }))).toMatchObject(
      [0, 1, 2].map((auxiliaryId) => [{ type: 'featuresReply', datapathId: lab.bridge.datapathId, auxiliaryId }]),
    );
  });

  it('carry the packets, each port by one of them, and the main one everything else', () => {
    const ports = [lab.leaf(), lab.leaf(), lab.leaf()];
    const connections = all();
    for (const stream of connections) taken(stream);
    lab.flow({ ...flowMod(), instructions: [apply(output(PortNo.CONTROLLER))] });
    for (const { no } of [...ports, ...ports]) lab.bridge.receive(no, [frame(mac(1), mac(2), no)], 0);
    lab.bridge.setLink(ports[0]!.no, false);
    const [main, ...others] = connections.map(taken);
    expect(main!.map(({ type }) => type)).toEqual(['portStatus']);
    const inPorts = others.map((messages) =>
      messages.map((each) => (each.type === 'packetIn' ? each.match.find(({ field }) => field === 'in_port') : each)),
    );
    const came = inPorts.map((fields) => fields.map((field) => (field as { value: number }).value));
    expect(came).toEqual([
      [2, 2],
      [1, 3, 1, 3],
    ]);
  });

  it('leave the packets to the main one while none of them is there', () => {
    const port = lab.leaf();
    taken(streams[0]!);
    lab.flow({ ...flowMod(), instructions: [apply(output(PortNo.CONTROLLER))] });
    lab.bridge.receive(port.no, [frame(mac(1), mac(2))], 0);
    expect(taken(streams[0]!).map(({ type }) => type)).toEqual(['packetIn']);
  });

  it('share the role of the main one, and may ask for another', () => {
    const [main, first] = all();
    ask(main, role(ControllerRole.SLAVE));
    const refused = ask(first, { ...flowMod(), type: 'flowMod' });
    expect(refused).toMatchObject([{ type: 'error', code: BadRequestCode.IS_SLAVE }]);
    expect(ask(first, role(ControllerRole.MASTER))).toMatchObject([{ type: 'roleReply', role: ControllerRole.MASTER }]);
    expect(link.connection?.role).toBe(ControllerRole.MASTER);
    // The end of one is not the end of the role.
    first.close('reset');
    expect(link.connection?.role).toBe(ControllerRole.MASTER);
  });

  it('come back while the main one stands, and end with it', () => {
    const [main, first, second] = all();
    first.close('reset');
    clock.advance(200);
    expect(streams).toHaveLength(4);
    greet(streams[3]!);
    main.close('reset');
    expect([second.isClosed, streams[3]!.isClosed]).toEqual([true, true]);
    expect(agent.connections.size).toBe(0);
    clock.advance(200);
    expect(streams).toHaveLength(5);
    link.close();
    clock.advance(60_000);
    expect(streams).toHaveLength(5);
  });
});
