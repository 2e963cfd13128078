import { describe, expect, it } from 'vitest';
import { decodeEchoReply, encodeEchoRequest } from '../../src/tap/echo-message.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytes = (text: string) => new Uint8Array(Buffer.from(text.replace(/\s/g, ''), 'hex'));

const IPV4_HEADER = '4500 0020 0000 0000 4001 0000 0a000002 0a000001';

describe('echo messages', () => {
  it('computes the checksum of an ICMPv4 request, and leaves that of ICMPv6 to the kernel', () => {
    // RFC 1071: ~(0800 + 1234 + 0001 + 6162 + 6300)
    expect(hex(encodeEchoRequest(4, 0x1234, 1, bytes('616263')))).toBe('0800216812340001616263');
    expect(hex(encodeEchoRequest(6, 0x1234, 1, bytes('616263')))).toBe('8000000012340001616263');
  });

  it('reads an ICMPv4 reply behind its IP header', () => {
    const packet = bytes(`${IPV4_HEADER} 0000 2968 1234 0001 616263`);
    expect(decodeEchoReply(4, packet)).toEqual({ from: '10.0.0.2', id: 0x1234, seq: 1, payload: bytes('616263') });
  });

  it('reads an ICMPv6 reply behind its source address', () => {
    const packet = bytes('fd00 0000 0000 0000 0000 0000 0000 0002  8100 ffff 1234 0001 616263');
    expect(decodeEchoReply(6, packet)).toEqual({ from: 'fd00::2', id: 0x1234, seq: 1, payload: bytes('616263') });
  });

  it.each([
    ['nothing', 4, ''],
    ['less than a header', 4, `${IPV4_HEADER} 0000 2968`],
    ['a wrong checksum', 4, `${IPV4_HEADER} 0000 2969 1234 0001 616263`],
    ['a request', 4, `${IPV4_HEADER} 0800 2168 1234 0001 616263`],
    ['an impossible header length', 4, `40${IPV4_HEADER.slice(2)} 0000 2968 1234 0001 616263`],
    ['an address alone', 6, 'fd000000000000000000000000000002'],
    ['a request', 6, 'fd000000000000000000000000000002 8000 ffff 1234 0001'],
  ] as const)('is not taken in by %s (IPv%i)', (_what, family, packet) => {
    expect(decodeEchoReply(family, bytes(packet))).toBeUndefined();
  });
});
