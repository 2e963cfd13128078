import { describe, expect, it } from 'vitest';
import { Directory, type LinkMessage, type NodeId, type Policy, seededRandom, Topology } from '../../topology/index.ts';
import { Relays } from '../../topology/relays.ts';

const [self, hostile, other] = [0n, 1n << 120n, 1n << 126n];

describe('a neighbour that wants much', () => {
  it('has so many bytes relayed at once, and so many a second; others are relayed all the while', () => {
    const sent: LinkMessage[] = [];
    const relays = new Relays({
      self,
      route: () => ({ hops: [other], mode: 'nearer', spare: undefined }),
      send: (_, message) => sent.push(message),
      relayed: () => {},
    });
    const message = { type: 'relay', hopLimit: 255, mode: 'nearer', to: other, body: new Uint8Array(32_768) } as const;
    for (let i = 0; i < 20; i++) relays.receive(hostile, message, 0);
    expect([sent.length, relays.dropped]).toEqual([16, 4]);
    relays.receive(other, message, 0);
    for (let i = 0; i < 20; i++) relays.receive(hostile, message, 1_000);
    expect([sent.length, relays.dropped]).toEqual([16 + 1 + 8, 4 + 12]);
    expect(sent.every((one) => one.type === 'relay' && one.hopLimit === 63)).toBe(true);
  });

  it('asks the directory a part of what is asked at a time, and answers only what it was asked', () => {
    const sent: { to: NodeId; message: LinkMessage }[] = [];
    const directory = new Directory({
      self,
      successors: () => [other],
      predecessors: () => [1n << 127n],
      isLinked: () => true,
      next: () => other,
      send: (to, message) => sent.push({ to, message }),
    });
    // Get, version 0, no value.
    const body = new Uint8Array(11);
    const ask = (from: NodeId, number: number) =>
      directory.query(from, { type: 'query', number, hopLimit: 64, isFinal: false, key: other, body }, 0);
    for (let i = 0; i < 1_100; i++) ask(hostile, i);
    expect(directory.counters).toMatchObject({ forwarded: 256, dropped: 1_100 - 256 });
    ask(other, 7);
    expect(directory.counters.forwarded).toBe(257);
    const number = (sent.at(-1)!.message as { number: number }).number;
    directory.answer(hostile, { type: 'answer', number, body });
    expect(sent).toHaveLength(257);
    directory.answer(other, { type: 'answer', number, body });
    expect(sent.at(-1)).toEqual({ to: other, message: { type: 'answer', number: 7, body } });
  });

  it('has this node plan anew so many times at once, and so many a second', () => {
    let plans = 0;
    const policy: Policy = () => {
      plans += 1;
      return [];
    };
    const topology = new Topology({
      ...{ self, policy, random: seededRandom(1), sequence: 1 },
      sign: () => new Uint8Array(),
      verify: () => true,
      sink: { dial: () => {}, close: () => {}, send: () => {}, changed: () => {}, relayed: () => {} },
    });
    topology.offered(hostile, 0);
    topology.linkUp(hostile, 0);
    plans = 0;
    for (let i = 0; i < 1_000; i++) {
      const state = i % 2 === 0 ? 'alive' : 'left';
      const record = {
        id: hostile,
        sequence: i + 1,
        state,
        place: { x: 0, y: 0, height: 0 },
        proof: new Uint8Array(),
      } as const;
      topology.receive(hostile, { type: 'leave', records: [record] }, i / 10);
    }
    expect(plans).toBe(64 + 6);
  });
});
