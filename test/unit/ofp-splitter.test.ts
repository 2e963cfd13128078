import { expect, test } from 'vitest';
import { FrameSplitter, OfpDecodeError } from '../../ofp/index.ts';

const hello = [4, 0, 0, 8, 0, 0, 0, 1];
const echo = [4, 2, 0, 12, 0, 0, 0, 2, 9, 8, 7, 6];

test('a message within one chunk is a view of the chunk', () => {
  const chunk = Uint8Array.from([...hello, ...echo]);
  const messages = [...new FrameSplitter().push(chunk)];
  expect(messages.map((message) => [...message])).toEqual([hello, echo]);
  expect(messages.every((message) => message.buffer === chunk.buffer)).toBe(true);
});

test('a message that spans chunks does not change when its chunks are reused', () => {
  const splitter = new FrameSplitter();
  const chunk = Uint8Array.from([...hello, ...echo.slice(0, 6)]);
  expect([...splitter.push(chunk)]).toHaveLength(1);
  expect(splitter.pendingBytes).toBe(6);
  chunk.fill(0xff);
  const rest = Uint8Array.from(echo.slice(6));
  const [message] = [...splitter.push(rest)];
  rest.fill(0xff);
  expect([...message!]).toEqual(echo);
  expect(splitter.pendingBytes).toBe(0);
});

test('the bytes are taken even if nobody walks through the result', () => {
  const splitter = new FrameSplitter();
  splitter.push(Uint8Array.from([...hello, ...echo.slice(0, 3)]));
  expect([...splitter.push(Uint8Array.from(echo.slice(3)))].map((message) => [...message])).toEqual([echo]);
});

test('a length below 8 is refused after the messages before it, and from then on', () => {
  const splitter = new FrameSplitter();
  const seen: number[][] = [];
  const read = () => {
    for (const message of splitter.push(Uint8Array.from([...hello, 4, 0, 0, 7, 0, 0, 0, 0]))) seen.push([...message]);
  };
  expect(read).toThrow(OfpDecodeError);
  expect(seen).toEqual([hello]);
  expect(() => splitter.push(Uint8Array.from(hello))).toThrow(
    expect.objectContaining({ errorType: 1, errorCode: 6, field: 'header.length' }),
  );
});

test('a length that lies is found although it comes byte by byte', () => {
  const splitter = new FrameSplitter();
  for (const byte of [4, 0, 0]) expect([...splitter.push(Uint8Array.of(byte))]).toEqual([]);
  expect(() => splitter.push(Uint8Array.of(0))).toThrow(OfpDecodeError);
});

test('the longest message passes in pieces', () => {
  const message = new Uint8Array(0xffff).fill(5);
  message.set([4, 2, 0xff, 0xff]);
  const splitter = new FrameSplitter();
  const out: Uint8Array[] = [];
  for (let at = 0; at < message.length; at += 1000) out.push(...splitter.push(message.subarray(at, at + 1000)));
  expect(out).toHaveLength(1);
  expect(Buffer.compare(out[0]!, message)).toBe(0);
});
