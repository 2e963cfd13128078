import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { Sweep, valueOrSweep } from '../../src/cli/sim/sweep.ts';
import { share, whole } from '../../src/cli/sim/values.ts';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'rgt-sim-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function flood(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) =>
    execFile(process.execPath, [MAIN, 'sim', 'flood', ...args], (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    ),
  );
}

describe('a range', () => {
  const valuesOf = (text: string, parse = share) => {
    const value = valueOrSweep(parse)(text);
    return value instanceof Sweep ? value.values : value;
  };

  it.each([
    ['0..10%/2%', [0, 0.02, 0.04, 0.06, 0.08, 0.1]],
    ['0..20%/min/10%', [0, 0.1, 0.2]],
    ['5%..12%/min/5%/min', [0.05, 0.1]],
    ['0.1..0.3/0.1', [0.1, 0.2, 0.3]],
    ['10%/min', 0.1],
  ])('of shares: %s', (text, values) => expect(valuesOf(text)).toEqual(values));

  it('of whole numbers', () => expect(valuesOf('64..256/64', whole(2, 1000))).toEqual([64, 128, 192, 256]));

  it.each(['0..10%', '0..10%/0', '10%..0/1%', '0..10%/20%', '0..100%/0.1%', '..5%/1%', '0..2/x'])(
    '%s is refused',
    (text) => {
      expect(() => valuesOf(text)).toThrow();
    },
  );
});

describe('ringlet sim flood', () => {
  it('tells how to repeat a failed flood, which then fails the same way, and writes its frames', async () => {
    const failing = ['--nodes', '24', '--floods', '5', '--loss', '10%', '--rule', 'ipop', '--seed', '8'];
    const first = await flood(...failing, '--trace', folder);
    // The published rule is not ours to mend.
    expect(first.code).toBe(0);
    expect(
      readdirSync(folder)
        .map((name) => name.replace(/\d+/, 'N'))
        .sort(),
    ).toEqual(['flood-N.mmd', 'flood-N.pcapng']);
    const [, command] = /again: {2}ringlet sim flood (.*)\n/.exec(first.stderr)!;
    const second = await flood(...command!.split(' '), '--trace', folder);
    expect(second).toEqual(first);
  });

  it('ends with 1 when a flood of ours failed', async () => {
    const { code, stdout, stderr } = await flood(
      '--nodes',
      '4',
      '--floods',
      '2',
      '--loss',
      '100%',
      '--json',
      '--trace',
      folder,
    );
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ nodes: 4, loss: 1, result: { complete: 0, duplicatesAtLeaves: 0 } });
    expect(stderr).toMatch(/^2 of 2 floods failed \(ringlet, seed 1\)/);
  });

  it('runs a range under both rules, prints a row for each and draws curves', async () => {
    const file = join(folder, 'loss.svg');
    const { code, stdout } = await flood(
      ...[
        '--nodes',
        '16',
        '--floods',
        '4',
        '--missing',
        '0..20%/10%',
        '--rule',
        'both',
        '--svg',
        file,
        '--trace',
        folder,
      ],
    );
    expect(code).toBe(0);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((row) => row.trim().split(/ {2,}/).slice(0, 2)),
    ).toEqual([
      ['MISSING', 'RULE'],
      ...['0%', '10%', '20%'].flatMap((value) => [
        [value, 'ringlet'],
        [value, 'ipop'],
      ]),
    ]);
    expect(readFileSync(file, 'utf8')).toMatch(/^<svg .*<path /s);
  });

  it('says so when it cannot write the picture', async () => {
    const { code, stderr } = await flood('--nodes', '2', '--floods', '1', '--svg', '/nowhere/x');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^ringlet: cannot write \/nowhere\/x: ENOENT/)]);
  });
});
