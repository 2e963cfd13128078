import { describe, expect, it } from 'vitest';
import { greetings } from '../../src/node/greeting.ts';

const mac = Uint8Array.of(6, 1, 2, 3, 4, 5);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** RFC 1071, over the pseudo-header of RFC 8200 section 8.1: 0 when the checksum in the frame is right. */
function icmpv6Residue(frame: Uint8Array): number {
  const length = frame.length - 54;
  const bytes = [...frame.subarray(22, 54), 0, 0, length >> 8, length & 255, 0, 0, 0, 58, ...frame.subarray(54)];
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += bytes[i]! * 256 + (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum ^ 0xffff;
}

describe('greetings', () => {
  it('announce an IPv4 address to everybody', () => {
    const [frame] = greetings(mac, ['10.77.0.3/24']);
    const [sender, nobody] = [`${hex(mac)}0a4d0003`, '000000000000'];
    expect(hex(frame!)).toBe(`ffffffffffff${hex(mac)}08060001080006040001${sender}${nobody}0a4d0003`);
  });

  it('announce an IPv6 address to all nodes, unsolicited and overriding what they know', () => {
    const [frame] = greetings(mac, ['fd77::3/64']);
    const address = `fd77${'0'.repeat(24)}0003`;
    expect(hex(frame!.subarray(0, 22))).toBe(`333300000001${hex(mac)}86dd6000000000203aff`);
    expect(hex(frame!.subarray(22, 54))).toBe(`${address}ff02${'0'.repeat(26)}01`);
    expect(hex(frame!.subarray(54, 56))).toBe('8800');
    expect(hex(frame!.subarray(58))).toBe(`20000000${address}0201${hex(mac)}`);
    expect(icmpv6Residue(frame!)).toBe(0);
  });

  it('are one for each address', () => {
    expect(greetings(mac, ['10.0.0.1/8', 'fd00::1/64', '10.0.0.2/8'])).toHaveLength(3);
    expect(greetings(mac, [])).toEqual([]);
  });
});
