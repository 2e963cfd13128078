import { expect, it } from 'vitest';
import { ReversePaths, rootIdleMs } from '../../switch/flood/index.ts';

const [root, a, b] = [1n, 10n, 20n];
const flood = (sequence: number, epoch = 5) => ({ root, epoch, sequence });

it('the way back to a root is by the neighbour that brought its newest flood', () => {
  const paths = new ReversePaths();
  paths.accepted(flood(3), a, 0);
  paths.accepted(flood(2), b, 0);
  expect(paths.via(root)).toBe(a);
  paths.accepted(flood(4), b, 0);
  expect(paths.via(root)).toBe(b);
  paths.accepted(flood(1, 6), a, 0);
  expect([...paths.all]).toEqual([[root, a]]);
  expect(paths.version).toBe(3);
});

it('a neighbour that is gone is no way any more, nor by what it brought before', () => {
  const paths = new ReversePaths();
  paths.accepted(flood(3), a, 0);
  paths.lost(a);
  expect(paths.all.size).toBe(0);
  // An older flood might have come here by way of this switch.
  paths.accepted(flood(2), b, 0);
  expect(paths.via(root)).toBeUndefined();
  paths.accepted(flood(4), b, 0);
  expect(paths.via(root)).toBe(b);
});

it('a root that was silent for long may begin anew with lower numbers', () => {
  const paths = new ReversePaths();
  paths.accepted(flood(9), a, 0);
  paths.accepted(flood(1, 4), b, rootIdleMs - 1);
  expect(paths.via(root)).toBe(a);
  paths.accepted(flood(1, 4), b, rootIdleMs);
  expect(paths.via(root)).toBe(b);
});

it('keeps no more roots than floods are told apart of', () => {
  const paths = new ReversePaths();
  for (let i = 0; i < 9_000; i++) paths.accepted({ root: BigInt(i), epoch: 1, sequence: 1 }, a, 0);
  expect(paths.all.size).toBe(8_192);
  expect(paths.via(0n)).toBeUndefined();
});
