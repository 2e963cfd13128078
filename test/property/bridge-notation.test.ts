import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatMatch, parseMatch } from '../../ofp/index.ts';
import { BridgeError, parsePortSpec } from '../../src/bridge/index.ts';
import { composeFrame } from '../../src/bridge/trace/compose.ts';
import { fieldsOf } from '../../src/bridge/trace/frame-fields.ts';
import { OpenFlowError, parseTarget } from '../../src/openflow/index.ts';
import { Packet } from '../../switch/packet/index.ts';

/** Text that is nearly right more often than not. */
const nearly = (...pieces: string[]) =>
  fc
    .array(fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...pieces) }, fc.string({ maxLength: 5 })))
    .map((all) => all.join(''));

describe('the notation of connections', () => {
  it('is read to something that reads the same, or refused', () => {
    fc.assert(
      fc.property(nearly('tcp:', 'pssl:', 'punix:', '[::1]', 'host', ':', '6653', '0', '/a'), (text) => {
        let target: ReturnType<typeof parseTarget>;
        try {
          target = parseTarget(text);
        } catch (error) {
          expect(error).toBeInstanceOf(OpenFlowError);
          return;
        }
        expect(parseTarget(target.text)).toEqual(target);
      }),
    );
  });
});

describe('the notation of ports', () => {
  it('is read or refused', () => {
    fc.assert(
      fc.property(
        nearly('1@', 'a=', 'tap:', 'eth:', 'unix:', 'lan0', ',mtu=', '1500', ',address=', '10.0.0.1/8'),
        (text) => {
          try {
            expect(parsePortSpec(text).name).toMatch(/^[\x21-\x7e]{1,15}$/);
          } catch (error) {
            expect(error).toBeInstanceOf(BridgeError);
          }
        },
      ),
    );
  });
});

describe('a frame made of a match', () => {
  const byte = fc.integer({ min: 0, max: 255 });
  const mac = fc
    .tuple(byte, byte)
    .map(([a, b]) => `02:00:00:00:${a.toString(16).padStart(2, '0')}:${b.toString(16).padStart(2, '0')}`);
  const ip = fc.tuple(byte, byte).map(([a, b]) => `10.0.${a}.${b}`);
  const port = fc.integer({ min: 0, max: 65_535 });
  const vlan = fc.option(fc.integer({ min: 1, max: 4094 }));
  const match = fc.record({
    vlan,
    src: mac,
    dst: mac,
    from: ip,
    to: ip,
    proto: fc.constantFrom('tcp', 'udp', 'sctp'),
    tpSrc: port,
    tpDst: port,
  });

  it('fits that match, and nothing is made up', () => {
    fc.assert(
      fc.property(match, (m) => {
        const tag = m.vlan === null ? '' : `dl_vlan=${m.vlan},dl_vlan_pcp=0,`;
        const text =
          `${m.proto},in_port=1,${tag}dl_src=${m.src},dl_dst=${m.dst},nw_src=${m.from},nw_dst=${m.to},` +
          `nw_tos=0,nw_ecn=0,tp_src=${m.tpSrc},tp_dst=${m.tpDst}`;
        const { frame, inPort } = composeFrame(parseMatch(text));
        const packet = new Packet();
        packet.load(frame);
        packet.setContext(inPort, 0, 0, 0, 0);
        expect(formatMatch(fieldsOf(packet))).toBe(text);
      }),
    );
  });
});
