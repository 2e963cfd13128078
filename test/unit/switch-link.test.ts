import { describe, expect, it } from 'vitest';
import {
  LinkDecoder,
  LinkEncoder,
  linkHeaderLength,
  linkMessageTarget,
  linkRecordLimit,
} from '../../switch/packet/index.ts';

const header = { mark: 0, hopLimit: 64, destinationHi: 1, destinationLo: 2, sourceHi: 3, sourceLo: 0xffffffff };

function encode(...lengths: number[]): Uint8Array[] {
  const encoder = new LinkEncoder();
  for (const length of lengths) encoder.append(header, new Uint8Array(length).fill(length));
  return encoder.take();
}

function lengthsIn(messages: readonly Uint8Array[]): number[][] {
  const decoder = new LinkDecoder();
  return messages.map((message) => {
    const lengths: number[] = [];
    decoder.open(message);
    while (decoder.next()) lengths.push(decoder.frame.length);
    return lengths;
  });
}

describe('LinkEncoder', () => {
  it('writes the fields where the diagram has them', () => {
    const encoder = new LinkEncoder();
    encoder.append(
      { ...header, mark: 2, hopLimit: 9 },
      Uint8Array.from({ length: 14 }, (_, i) => i),
    );
    const [message] = encoder.take();
    expect(Buffer.from(message!).toString('hex')).toBe(
      '22 09 000e 0000000100000002 00000003ffffffff 000102030405060708090a0b0c0d'.replaceAll(' ', ''),
    );
  });

  it('puts records together up to the target', () => {
    const messages = encode(500, 500, 500, 60);
    expect(lengthsIn(messages)).toEqual([
      [500, 500],
      [500, 60],
    ]);
    for (const message of messages) expect(message.length).toBeLessThanOrEqual(linkMessageTarget);
  });

  it('lets a large record travel alone', () => {
    expect(lengthsIn(encode(60, 9000, 60))).toEqual([[60], [9000], [60]]);
    expect(lengthsIn(encode(linkRecordLimit - linkHeaderLength))).toEqual([[linkRecordLimit - linkHeaderLength]]);
  });

  it('refuses a frame that is longer than a record', () => {
    const encoder = new LinkEncoder();
    expect(encoder.append(header, new Uint8Array(linkRecordLimit - linkHeaderLength + 1))).toBe(false);
    expect(encoder.take()).toEqual([]);
  });

  it('keeps messages apart when a batch outgrows the buffer', () => {
    const lengths = Array.from({ length: 400 }, (_, i) => 14 + ((i * 37) % 1300));
    expect(lengthsIn(encode(...lengths)).flat()).toEqual(lengths);
  });
});

describe('LinkDecoder', () => {
  it.each([
    ['another version', (message: Uint8Array) => message.fill(0x10, 0, 1)],
    ['a bit that has to be 0', (message: Uint8Array) => message.fill(0x24, 0, 1)],
    ['a length beyond the message', (message: Uint8Array) => message.fill(0xff, 2, 4)],
    ['a frame without an Ethernet header', (message: Uint8Array) => message.fill(0, 2, 4)],
    ['a cut-off record', (message: Uint8Array) => message.subarray(0, 19)],
  ])('drops what follows %s and counts it', (_name, spoil) => {
    const decoder = new LinkDecoder();
    decoder.open(spoil(encode(60)[0]!.slice()));
    expect(decoder.next()).toBe(false);
    expect(decoder.malformed).toBe(1);
    expect(decoder.next()).toBe(false);
    expect(decoder.malformed).toBe(1);
  });

  it('keeps the records before the fault', () => {
    const message = encode(60, 60)[0]!.slice();
    message[80] = 0xff;
    expect(lengthsIn([message])).toEqual([[60]]);
  });
});
