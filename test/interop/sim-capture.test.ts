import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { writeTrace } from '../../tools/sim/index.ts';
import { floodOn } from '../../tools/sim/library.ts';

const folder = mkdtempSync(join(tmpdir(), 'rgt-capture-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('tcpdump reads the capture of a simulated flood: every frame, at its time', async () => {
  const { trace } = floodOn(
    {
      edges: [
        [1n, 2n],
        [2n, 3n],
      ],
    },
    { trace: true },
  );
  const [capture] = await writeTrace(folder, 'flood', trace);
  const text = execFileSync('tcpdump', ['-e', '-n', '-tt', '-x', '-r', capture!], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  // Microseconds, cut off: all that it prints.
  const printed = (ms: number) => Math.floor(Math.round(ms * 1e6) / 1e3) / 1e6;
  const times = [...text.matchAll(/^(\d+\.\d+) \S+ > 03:52:4c:46:52:42, ethertype \S+ \(0x88b5\)/gm)].map(([, time]) =>
    Number(time),
  );
  const expected = trace.flatMap(({ sentAt, at }) => [sentAt, at]).sort((a, b) => a - b);
  expect(times).toEqual(expected.map(printed));
});
