import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
let built: string;

beforeAll(async () => {
  // Inside the tree, so that packages are found from there.
  built = await mkdtemp(join(root, 'node_modules', '.ringlet-soak-'));
  const options = ['--outDir', built, '--rootDir', root, '--noCheck', '--sourceMap', 'false', '--declaration', 'false'];
  const language = [
    '--target',
    'es2023',
    '--module',
    'nodenext',
    '--rewriteRelativeImportExtensions',
    '--types',
    'node',
  ];
  const entry = join(root, 'test/interop/support/tunnel-soak.ts');
  await run(join(root, 'node_modules/.bin/tsc'), ['--ignoreConfig', ...options, ...language, entry]);
});

afterAll(() => rm(built, { recursive: true, force: true }));

it('fifty tunnels opened and closed leave nothing behind, and the process ends by itself', async () => {
  const soak = join(built, 'test/interop/support/tunnel-soak.js');
  const { stdout } = await run(process.execPath, [soak, '50'], { timeout: 60_000 });
  const report = JSON.parse(stdout) as Record<'before' | 'after', { descriptors: number; threads: number }> & {
    closeMs: number;
    median: number;
  };
  expect(report.after.descriptors).toBeLessThanOrEqual(report.before.descriptors + 1);
  expect(report.after.threads).toBeLessThanOrEqual(report.before.threads + 1);
  expect(report.closeMs).toBeLessThan(2_000);
  expect(report.median).toBeLessThan(1_000);
});
