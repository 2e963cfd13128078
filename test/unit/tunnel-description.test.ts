import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Candidate, formatCandidate, parseCandidate } from '../../src/tunnel/candidate.ts';
import { TunnelError } from '../../src/tunnel/errors.ts';
import {
  formatSessionDescription,
  parseSessionDescription,
  type SessionDescription,
} from '../../src/tunnel/session-description.ts';

const port = fc.integer({ min: 1, max: 65_535 });
const address = fc.oneof(fc.ipV4(), fc.ipV6());
const candidate: fc.Arbitrary<Candidate> = fc.record({
  foundation: fc.stringMatching(/^[A-Za-z0-9+/]{1,32}$/),
  transport: fc.constantFrom('udp' as const, 'tcp' as const),
  priority: fc.nat(0xffff_ffff),
  address,
  port,
  type: fc.constantFrom('host', 'srflx', 'prflx', 'relay'),
  related: fc.option(fc.record({ address, port }), { nil: undefined }),
});
const hexPair = fc.stringMatching(/^[0-9A-F]{2}$/);
const description: fc.Arbitrary<SessionDescription> = fc.record({
  iceUfrag: fc.stringMatching(/^[A-Za-z0-9+/]{4,32}$/),
  icePwd: fc.stringMatching(/^[A-Za-z0-9+/]{22,40}$/),
  fingerprint: fc.array(hexPair, { minLength: 32, maxLength: 32 }).map((pairs) => pairs.join(':')),
  setup: fc.constantFrom('actpass' as const, 'active' as const, 'passive' as const),
  mid: fc.stringMatching(/^[A-Za-z0-9]{1,16}$/),
  sctpPort: port,
  maxMessageSize: fc.nat(0xffff_ffff),
  candidates: fc.array(candidate, { maxLength: 32 }),
});

/** Throws nothing but a TunnelError. */
function tolerates(parse: (text: string) => unknown, text: string): void {
  try {
    parse(text);
  } catch (error) {
    expect(error).toBeInstanceOf(TunnelError);
  }
}

describe('candidates', () => {
  it('are what they were after a round trip', () => {
    fc.assert(
      fc.property(candidate, (value) => {
        expect(parseCandidate(formatCandidate(value))).toEqual(value);
      }),
    );
  });

  it('are read as browsers and the native library write them', () => {
    expect(parseCandidate('a=candidate:1 1 UDP 2114977791 192.0.2.7 57544 typ host')).toMatchObject({
      address: '192.0.2.7',
      port: 57_544,
      type: 'host',
    });
    expect(
      parseCandidate(
        'candidate:4 1 udp 1685987071 203.0.113.9 61000 typ srflx raddr 192.168.1.4 rport 5000 generation 0 ufrag x9',
      ),
    ).toMatchObject({ type: 'srflx', related: { address: '192.168.1.4', port: 5000 } });
  });

  it.each([
    ['a host name', 'candidate:1 1 UDP 1 host.example 9 typ host'],
    ['an mDNS name', 'candidate:1 1 UDP 1 1f4712db-ea17-4bcf-a596-105139dfd8bf.local 9 typ host'],
    ['a zone', 'candidate:1 1 UDP 1 fe80::1%eth0 9 typ host'],
    ['port 0', 'candidate:1 1 UDP 1 192.0.2.7 0 typ host'],
    ['port 65536', 'candidate:1 1 UDP 1 192.0.2.7 65536 typ host'],
    ['another component', 'candidate:1 2 UDP 1 192.0.2.7 9 typ host'],
    ['a second line', 'candidate:1 1 UDP 1 192.0.2.7 9 typ host\r\na=ice-lite'],
    ['nothing', ''],
  ])('with %s are refused', (_, text) => {
    expect(() => parseCandidate(text)).toThrow(expect.objectContaining({ code: 'TUNNEL_MALFORMED_SIGNAL' }));
  });

  it('of any form throw nothing but a TunnelError', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (text) => tolerates(parseCandidate, text)));
  });
});

describe('session descriptions', () => {
  it('are what they were after a round trip', () => {
    fc.assert(
      fc.property(description, (value) => {
        expect(parseSessionDescription(formatSessionDescription(value))).toEqual(value);
      }),
    );
  });

  it.each(['fingerprint', 'ice-ufrag', 'ice-pwd', 'setup', 'mid'])('need exactly one %s line', (name) => {
    fc.assert(
      fc.property(description, (value) => {
        const sdp = formatSessionDescription(value);
        const line = new RegExp(`a=${name}:.*\r\n`);
        expect(() => parseSessionDescription(sdp.replace(line, ''))).toThrow('malformed session description: no ');
        expect(() => parseSessionDescription(sdp.replace(line, '$&$&'))).toThrow(
          'malformed session description: a second ',
        );
      }),
      { numRuns: 20 },
    );
  });

  it('with another medium, a longer text or too many candidates are refused', () => {
    fc.assert(
      fc.property(description, (value) => {
        const sdp = formatSessionDescription(value);
        const audio = `${sdp}m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n`;
        expect(() => parseSessionDescription(audio)).toThrow('a media line that cannot be read');
        expect(() => parseSessionDescription(sdp + 'x'.repeat(16_384))).toThrow('longer than');
        const more = 'a=candidate:1 1 UDP 1 192.0.2.7 9 typ host\r\n'.repeat(33);
        expect(() => parseSessionDescription(sdp + more)).toThrow('more than 32 candidates');
      }),
      { numRuns: 20 },
    );
  });

  it('pass over lines that they do not know', () => {
    fc.assert(
      fc.property(description, (value) => {
        const sdp = `${formatSessionDescription(value)}a=msid-semantic:WMS *\r\na=extmap-allow-mixed\r\n`;
        expect(parseSessionDescription(sdp)).toEqual(value);
      }),
      { numRuns: 20 },
    );
  });

  it('of any form throw nothing but a TunnelError', () => {
    fc.assert(
      fc.property(description, fc.nat(), fc.string({ unit: 'binary' }), (value, at, text) => {
        const sdp = formatSessionDescription(value);
        const cut = at % sdp.length;
        tolerates(parseSessionDescription, sdp.slice(0, cut) + text + sdp.slice(cut + 1));
        tolerates(parseSessionDescription, text);
      }),
    );
  });
});
