import { describe, expect, it } from 'vitest';
import { MacTable, macAgeMs, maxMacs } from '../../switch/index.ts';
import { Packet } from '../../switch/packet/index.ts';
import { frame, mac } from './support/switch-lab.ts';

function from(source: number): Packet {
  const packet = new Packet();
  packet.load(frame(mac(0xff), Uint8Array.of(2, 0, 0, source >> 16, source >> 8, source)));
  return packet;
}

function to(destination: number): Packet {
  const packet = new Packet();
  packet.load(frame(Uint8Array.of(2, 0, 0, destination >> 16, destination >> 8, destination), mac(0xff)));
  return packet;
}

describe('MacTable', () => {
  it('learns, follows a move and forgets a port', () => {
    const macs = new MacTable();
    macs.learn(from(1), 0, 1, 0);
    macs.learn(from(2), 0, 1, 0);
    expect(macs.lookup(to(1), 0, 0)).toBe(1);
    macs.learn(from(1), 0, 2, 1);
    expect(macs.lookup(to(1), 0, 1)).toBe(2);
    expect(macs.moves).toBe(1);
    macs.forgetPort(1);
    expect(macs.lookup(to(2), 0, 1)).toBeUndefined();
    expect(macs.size).toBe(1);
  });

  it('forgets after 300 s of silence, counted from the last frame', () => {
    const macs = new MacTable();
    macs.learn(from(1), 0, 1, 0);
    macs.learn(from(2), 0, 1, 0);
    macs.learn(from(1), 0, 1, 5000);
    expect(macs.nextExpiry).toBe(macAgeMs);
    macs.expire(macAgeMs);
    expect(macs.size).toBe(1);
    expect(macs.lookup(to(1), 0, macAgeMs + 4999)).toBe(1);
    expect(macs.lookup(to(1), 0, macAgeMs + 5000)).toBeUndefined();
    expect(macs.size).toBe(0);
    expect(macs.nextExpiry).toBe(Infinity);
  });

  it('keeps VLANs apart and learns no group addresses', () => {
    const macs = new MacTable();
    macs.learn(from(1), 5, 1, 0);
    macs.learn(from(1), 6, 2, 0);
    expect([5, 6, 7].map((vlan) => macs.lookup(to(1), vlan, 0))).toEqual([1, 2, undefined]);
    const group = new Packet();
    group.load(frame(mac(1), Uint8Array.of(3, 0, 0, 0, 0, 1)));
    macs.learn(group, 0, 3, 0);
    expect(macs.size).toBe(2);
  });

  it('makes room at the port that holds most, at its least recently used address', () => {
    const macs = new MacTable();
    macs.learn(from(1), 0, 1, 0);
    for (let i = 2; i < maxMacs + 50; i++) macs.learn(from(i), 0, 2, 0);
    expect(macs.size).toBe(maxMacs);
    expect(macs.evictions).toBe(49);
    expect(macs.lookup(to(1), 0, 0)).toBe(1);
    expect(macs.lookup(to(2), 0, 0)).toBeUndefined();
    expect(macs.lookup(to(maxMacs + 49), 0, 0)).toBe(2);
  });
});
