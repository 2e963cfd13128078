import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decode,
  encode,
  formatMatch,
  formatMessage,
  OfpEncodeError,
  type OfpMessage,
  OfpTextError,
  parseActions,
  parseFlow,
  parseGroup,
  parseMatch,
  parseMeter,
} from '../../ofp/index.ts';
import { allMessages, messageArbitrary, VERSIONS } from './ofp-codec-arbitraries.ts';

test('every message has a text', () => {
  const kinds = VERSIONS.flatMap((version) => allMessages(version).map((what) => ({ version, what })));
  fc.assert(
    fc.property(
      fc.constantFrom(...kinds).chain(({ version, what }) => messageArbitrary(what, { version, unknown: true })),
      (message) => {
        let decoded: OfpMessage;
        try {
          decoded = decode(encode(message));
        } catch (error) {
          if (error instanceof OfpEncodeError) return;
          throw error;
        }
        const text = formatMessage(decoded);
        expect(text).toMatch(/^(OFP|NX|ONF)S?T_/);
        expect(text).not.toMatch(/undefined|\[object|NaN/);
      },
    ),
    { numRuns: 3000 },
  );
});

/** Pieces that the syntax is made of, so that random texts come near to it. */
const piece = fc.oneof(
  fc.constantFrom(
    ...[
      'ip',
      'tcp',
      'arp',
      'in_port',
      'dl_vlan',
      'vlan_tci',
      'nw_src',
      'ipv6_dst',
      'tp_dst',
      'metadata',
      'priority',
      'table',
      'cookie',
    ],
    ...[
      'actions',
      'output',
      'set_field',
      'write_actions',
      'goto_table',
      'meter',
      'drop',
      'group',
      'bucket',
      'group_id',
      'type',
      'band',
    ],
    ...[
      'all',
      'select',
      'rate',
      'kbps',
      '1',
      '0x10',
      '10.0.0.1',
      '::1',
      '02:00:00:00:00:01',
      '-1',
      '__proto__',
      'toString',
    ],
  ),
  fc.constantFrom('=', ':', ',', ' ', '(', ')', '->', '/', '[', ']', '..', '*', '"', '\\', '\u0000', '\u{1f600}'),
  fc.string({ maxLength: 4 }),
);
const text = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''));

test('text of any kind is read, or refused with a text error', () => {
  const readers: ((text: string) => unknown)[] = [parseFlow, parseMatch, parseActions, parseGroup, parseMeter];
  fc.assert(
    fc.property(fc.constantFrom(...readers), text, (read, input) => {
      try {
        read(input);
      } catch (error) {
        expect(error).toBeInstanceOf(OfpTextError);
        expect((error as OfpTextError).position).toBeGreaterThanOrEqual(0);
        expect((error as OfpTextError).position).toBeLessThanOrEqual(input.length);
      }
    }),
    { numRuns: 5000 },
  );
});

test('a text of 64 KiB is read or refused at once', () => {
  for (const unit of ['(', 'a(', 'output:1,', '->', 'ip,', '[', ' ', '0', 'bucket=']) {
    const long = unit.repeat(65536 / unit.length);
    const from = performance.now();
    for (const read of [parseFlow, parseMatch, parseActions, parseGroup, parseMeter]) {
      try {
        read(long);
      } catch (error) {
        expect(error).toBeInstanceOf(OfpTextError);
      }
    }
    expect(performance.now() - from).toBeLessThan(2000);
  }
});

test('a match means the same after it was written and read', () => {
  const mac = fc.uint8Array({ minLength: 6, maxLength: 6 });
  const match = fc.record(
    {
      in_port: fc.integer({ min: 1, max: 0xfeff }),
      metadata: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
      eth_dst: mac,
      eth_src: mac,
      vlan_vid: fc.integer({ min: 0x1000, max: 0x1fff }),
      tunnel_id: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(match, (fields) => {
      const oxm = Object.entries(fields).map(([field, value]) => ({ field, value })) as Parameters<
        typeof formatMatch
      >[0];
      const again = parseMatch(formatMatch(oxm));
      expect(again).toHaveLength(oxm.length);
      expect(again).toEqual(expect.arrayContaining([...oxm]));
    }),
    { numRuns: 500 },
  );
});
