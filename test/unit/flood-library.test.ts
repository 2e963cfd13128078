import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Another project, with the package as npm packs it, and nothing else: the library has no dependencies. */
const project = mkdtempSync(join(tmpdir(), 'rgt-library-'));
const installed = join(project, 'node_modules/ringlet');

beforeAll(async () => {
  mkdirSync(installed, { recursive: true });
  await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', project], { cwd: ROOT });
  const [archive] = readdirSync(project).filter((name) => name.endsWith('.tgz'));
  await run('tar', ['-xzf', join(project, archive!), '-C', installed, '--strip-components', '1']);
  writeFileSync(join(project, 'package.json'), '{"type":"module"}');
}, 120_000);
afterAll(() => rmSync(project, { recursive: true }));

const program = `
import { floodOn } from 'ringlet/flood';

const ring: [bigint, bigint][] = [[1n, 2n], [2n, 3n], [3n, 4n], [4n, 1n]];
const { floods, copies } = floodOn({ edges: ring }, { faults: { loss: 0.1 }, seed: 7 });
console.log(JSON.stringify([floods[0]!.heard.size, floods[0]!.missed.length, floods[0]!.repeated.length, copies]));
`;

it("is imported from the package by its name, 'ringlet/flood', with its types", async () => {
  writeFileSync(join(project, 'own-graph.ts'), program);
  const options = ['--module', 'nodenext', '--target', 'es2023', '--strict', '--skipLibCheck', 'false', '--types', ''];
  await run(join(ROOT, 'node_modules/.bin/tsc'), [...options, 'own-graph.ts'], { cwd: project }).catch((error) => {
    throw new Error(error.stdout);
  });
  const { stdout } = await run(process.execPath, ['own-graph.js'], { cwd: project });
  expect(JSON.parse(stdout).slice(0, 3)).toEqual([3, 0, 0]);
});

/** JavaScript of the guide, by what it imports first. */
function exampleOf(start: string): string {
  const guide = readFileSync(join(ROOT, 'docs/simulator.md'), 'utf8');
  return [...guide.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code!).find((code) => code.startsWith(start))!;
}

describe('the examples of the guide run against the package', () => {
  it('a graph of the user, with the output that is shown', async () => {
    writeFileSync(join(project, 'graph.js'), exampleOf('import { floodOn, traceToMermaid }'));
    const { stdout } = await run(process.execPath, ['graph.js'], { cwd: project });
    expect(readFileSync(join(ROOT, 'docs/simulator.md'), 'utf8')).toContain(`\`\`\`\n${stdout}\`\`\``);
  });

  it('a property of all graphs, with fast-check; one that does not hold is found', async () => {
    for (const name of ['fast-check', 'pure-rand']) {
      symlinkSync(join(ROOT, 'node_modules', name), join(project, 'node_modules', name));
    }
    const property = exampleOf("import fc from 'fast-check'");
    writeFileSync(join(project, 'property.js'), property);
    await run(process.execPath, ['property.js'], { cwd: project });
    writeFileSync(join(project, 'wrong.js'), property.replace('loss: 0.05', 'loss: 1'));
    await expect(run(process.execPath, ['wrong.js'], { cwd: project })).rejects.toThrow('Property failed after');
  });
});
