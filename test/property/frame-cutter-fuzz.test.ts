import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const run = promisify(execFile);
const NATIVE = fileURLToPath(new URL('../../src/tap/native', import.meta.url));
const FUZZER = fileURLToPath(new URL('support/frame-cutter-fuzz.cc', import.meta.url));

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringlet-fuzz-'));
  await run('g++', [
    ...['-std=c++17', '-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-I', NATIVE],
    ...[FUZZER, ...['frame_cutter.cc', 'frame_joiner.cc', 'checksum.cc'].map((name) => join(NATIVE, name))],
    ...['-o', join(folder, 'fuzz')],
  ]);
}, 60_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

it('super-frames and headers from anybody: nothing is touched out of bounds, what is joined is cut alike', async () => {
  const [seed, rounds] = [randomInt(2 ** 31), 40_000];
  const { stdout } = await run(join(folder, 'fuzz'), [`${seed}`, `${rounds}`]).catch((error) => {
    throw new Error(`with seed ${seed}: ${error.stderr}`);
  });
  const [tried, taken, frames, joined] = stdout.trim().split(' ').map(Number);
  expect(tried).toBe(rounds);
  // Both ways are taken: some of the mutated are still right.
  expect(taken).toBeGreaterThan(rounds / 10);
  expect(taken).toBeLessThan(rounds);
  expect(frames).toBeGreaterThan(taken!);
  expect(joined).toBeGreaterThan(rounds / 50);
}, 60_000);
