import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './run.mjs';

/** What loads files of its own from where it lies. */
const EXTERNAL = [/^node-datachannel$/, /^pcap-parser$/];

/**
 * Replaces the command's main file by itself and all that it imports, in one file for each command and some that they
 * share: a node loads ten files then instead of 400, and is up in half the time. The licences of the packages that go
 * into them lie beside them.
 */
export async function bundle(folder) {
  const { rolldown } = await import('rolldown');
  const build = await rolldown({ input: join(folder, 'main.js'), platform: 'node', external: EXTERNAL });
  const { output } = await build.write({
    dir: folder,
    format: 'esm',
    sourcemap: true,
    chunkFileNames: '[name]-[hash].js',
  });
  await build.close();
  writeFileSync(join(folder, 'LICENSES.txt'), licencesOf(output.flatMap(({ moduleIds = [] }) => moduleIds)));
}

function licencesOf(moduleIds) {
  const packages = moduleIds.flatMap((id) => id.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1] ?? []);
  const texts = [...new Set(packages)].sort().map((name) => `${name}\n\n${licenceOf(name)}`);
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}

function licenceOf(name) {
  const folder = join(ROOT, 'node_modules', name);
  const file = ['LICENSE', 'LICENSE.md', 'license', 'LICENSE.txt'].map((it) => join(folder, it)).find(existsSync);
  if (file !== undefined) return readFileSync(file, 'utf8');
  return `Licence: ${JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).license}\n`;
}
