import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Tests of `folders`, with a time limit for each test. */
const project = (name: string, folders: string[], testTimeout: number, groupOrder: number, retry = 0) => ({
  test: {
    name,
    root,
    include: folders.map((folder) => `test/${folder}/**/*.test.ts`),
    pool: 'forks' as const,
    maxWorkers: 2,
    // What os-ken compiles is not left in the tree.
    env: { PYTHONDONTWRITEBYTECODE: '1' },
    testTimeout,
    retry,
    hookTimeout: testTimeout,
    sequence: { groupOrder },
  },
});

export default defineConfig({
  root,
  cacheDir: 'node_modules/.cache/vite',
  test: {
    watch: false,
    projects: [
      project('pure', ['unit', 'property', 'sim'], 60_000, 0),
      // Real processes, namespaces and interfaces: slower, and after the pure ones, whose failures explain more.
      // Real time on a machine that others share: unattended, a test that was starved gets a second chance.
      project('system', ['interop', 'netns'], 90_000, 1, process.env.CI ? 1 : 0),
    ],
  },
});
