import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EnvelopeContent, Identity, IdentityError, openEnvelope, sealEnvelope } from '../../src/identity/index.ts';

const writer = Identity.generate();
const reader = Identity.generate();

const content: fc.Arbitrary<EnvelopeContent> = fc.record({
  to: fc.constant(reader.nodeId),
  link: fc.stringMatching(/^[!-~]{1,128}$/),
  seq: fc.maxSafeNat(),
  body: fc.string({ unit: 'grapheme', maxLength: 400 }),
});
const code = (expected: string) => expect.objectContaining({ name: 'IdentityError', code: expected });

describe('envelopes', () => {
  it('open to what was sealed, and tell who wrote it', () => {
    fc.assert(
      fc.property(content, (value) => {
        const { link, seq, body } = value;
        expect(openEnvelope(sealEnvelope(writer, value), { self: reader.nodeId })).toEqual({
          from: writer.nodeId,
          publicKey: writer.publicKey,
          link,
          seq,
          body,
        });
      }),
    );
  });

  it('are refused when any bit is flipped', () => {
    const sealed = Buffer.from(
      sealEnvelope(writer, { to: reader.nodeId, link: 'a-1', seq: 17, body: '{"kind":"offer"}\n\u001f\u2028 é' }),
    );
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const flipped = Buffer.from(sealed);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => openEnvelope(flipped.toString('utf8'), { self: reader.nodeId }), `bit ${bit}`).toThrow(
        IdentityError,
      );
    }
    fc.assert(
      fc.property(content, fc.nat(), (value, at) => {
        const flipped = Buffer.from(sealEnvelope(writer, value));
        const bit = at % (flipped.length * 8);
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        expect(() => openEnvelope(flipped.toString('utf8'), { self: reader.nodeId })).toThrow(IdentityError);
      }),
    );
  });

  it('are refused in any other form than their own', () => {
    fc.assert(
      fc.property(content, fc.constantFrom(' ', '\n', '\t'), (value, space) => {
        const sealed = sealEnvelope(writer, value);
        const fields = JSON.parse(sealed);
        const open = (text: string) => () => openEnvelope(text, { self: reader.nodeId });
        for (const text of [
          sealed + space,
          space + sealed,
          sealed.replace('{', `{${space}`),
          sealed.replace('{', '{"v":1,'),
          sealed.replace('}', ',"more":1}'),
          JSON.stringify({ ...fields, extra: 1 }),
          JSON.stringify(Object.fromEntries(Object.entries(fields).reverse())),
          sealed.replace('"v":1', '"v":2'),
        ]) {
          if (text !== sealed) expect(open(text)).toThrow(IdentityError);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('are refused by whoever they are not for', () => {
    fc.assert(
      fc.property(content, (value) => {
        const sealed = sealEnvelope(writer, value);
        expect(() => openEnvelope(sealed, { self: writer.nodeId })).toThrow(code('IDENTITY_ENVELOPE_WRONG_RECIPIENT'));
      }),
      { numRuns: 20 },
    );
  });

  it('are refused with the name or the seal of another', () => {
    const stranger = Identity.generate();
    fc.assert(
      fc.property(content, (value) => {
        const fields = JSON.parse(sealEnvelope(writer, value));
        const other = JSON.parse(sealEnvelope(stranger, value));
        for (const forged of [
          { ...fields, from: other.from },
          { ...fields, sig: other.sig },
          { ...fields, body: `${value.body}!` },
        ]) {
          expect(() => openEnvelope(JSON.stringify(forged), { self: reader.nodeId })).toThrow(
            code('IDENTITY_ENVELOPE_BAD_SIGNATURE'),
          );
        }
      }),
      { numRuns: 30 },
    );
  });

  it('of any text throw nothing but an IdentityError', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc.jsonValue().map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(text, (value) => {
        expect(() => openEnvelope(value, { self: reader.nodeId })).toThrow(IdentityError);
      }),
    );
  });

  it('have bounds', () => {
    const base = { to: reader.nodeId, link: 'l', seq: 0 };
    const fits = 'x'.repeat(65_000);
    expect(openEnvelope(sealEnvelope(writer, { ...base, body: fits }), { self: reader.nodeId }).body).toBe(fits);
    expect(() => sealEnvelope(writer, { ...base, body: 'x'.repeat(65_530) })).toThrow(
      code('IDENTITY_ENVELOPE_TOO_LARGE'),
    );
    expect(() => openEnvelope('x'.repeat(65_537), { self: reader.nodeId })).toThrow(
      code('IDENTITY_ENVELOPE_TOO_LARGE'),
    );
    for (const broken of [{ seq: -1 }, { seq: 1.5 }, { link: '' }, { link: 'a b' }, { to: 'me' }, { body: '\ud800' }]) {
      expect(() => sealEnvelope(writer, { ...base, body: '', ...broken })).toThrow(code('IDENTITY_ENVELOPE_MALFORMED'));
    }
  });
});
