import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { scanSource } from './support/source-scan.ts';

/**
 * Who may import what, besides its own folder. A row holds for all files whose path begins with `layer` (the longest
 * such row counts), and allows all paths that begin with an entry of `mayImport`.
 */
const LAYERS: readonly { layer: string; mayImport: readonly string[]; isPure?: true }[] = [
  { layer: 'ofp/', mayImport: [], isPure: true },
  { layer: 'topology/', mayImport: [], isPure: true },
  { layer: 'switch/', mayImport: ['ofp/', 'topology/ring'], isPure: true },
  {
    layer: 'src/controller/',
    mayImport: ['ofp/', 'switch/packet/', 'switch/flood/', 'topology/', 'src/lib/'],
    isPure: true,
  },
  { layer: 'src/lib/', mayImport: [] },
  { layer: 'src/tunnel/', mayImport: ['src/lib/'] },
  { layer: 'src/signal/', mayImport: ['src/lib/'] },
  { layer: 'src/identity/', mayImport: ['src/lib/'] },
  { layer: 'src/tap/', mayImport: ['src/lib/'] },
  { layer: 'src/ovs/', mayImport: ['src/lib/'] },
  { layer: 'src/control/', mayImport: ['src/lib/'] },
  { layer: 'src/pcap/', mayImport: ['src/lib/'] },
  { layer: 'src/openflow/', mayImport: ['ofp/index.ts', 'switch/index.ts', 'src/lib/'] },
  {
    layer: 'src/bridge/',
    mayImport: [
      ...['ofp/', 'switch/'],
      ...['lib/', 'control/', 'openflow/', 'pcap/', 'tap/'].map((folder) => `src/${folder}`),
    ],
  },
  {
    layer: 'src/controllerd/',
    mayImport: [
      ...['ofp/', 'switch/packet/'],
      ...['controller/', 'control/', 'lib/', 'openflow/'].map((folder) => `src/${folder}`),
    ],
  },
  {
    layer: 'src/node/',
    mayImport: [
      ...['ofp/', 'switch/', 'topology/'],
      ...['controller/', 'control/', 'lib/', 'openflow/', 'tunnel/', 'signal/', 'identity/', 'tap/', 'ovs/'].map(
        (folder) => `src/${folder}`,
      ),
    ],
  },
  {
    layer: 'src/cli/',
    mayImport: [
      ...['src/node/index.ts', 'src/node/client.ts', 'src/bridge/index.ts', 'src/bridge/client.ts'],
      ...['src/controllerd/index.ts', 'src/controllerd/client.ts'],
      ...['src/control/client.ts', 'src/pcap/index.ts', 'src/lib/', 'tools/lab/', 'tools/sim/'],
    ],
  },
  { layer: 'src/web/', mayImport: ['src/node/index.ts', 'src/lib/'] },
  { layer: 'tools/', mayImport: [''] },
];

/** Pure folders are handed time, randomness and events; they ask for none. */
const IMPURE_NAMES = [
  ...['Date.now', 'performance.now', 'Math.random', 'crypto.getRandomValues', 'crypto.randomUUID'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'fetch', 'WebSocket'],
];
const PURE_BUILTINS = ['assert', 'buffer', 'crypto', 'string_decoder', 'util'];

/** What one file alone may touch. */
const SINGLE_IMPORTERS = [
  { what: 'node-datachannel', isMeant: (text: string) => /^node-datachannel(\/|$)/.test(text) },
  { what: 'the native addon', isMeant: (text: string) => text.endsWith('ringlet.node') },
];

interface SourceFile {
  /** From the root of the project. */
  path: string;
  text: string;
}

/** Each broken rule as one line: where, and which. */
function violations(files: readonly SourceFile[]): string[] {
  return [...files.flatMap(violationsOf), ...SINGLE_IMPORTERS.flatMap((single) => sharedImporters(single, files))];
}

function violationsOf({ path, text }: SourceFile): string[] {
  const rule = LAYERS.filter(({ layer }) => path.startsWith(layer)).sort((a, b) => b.layer.length - a.layer.length)[0];
  if (rule === undefined) return [`${path}: belongs to no layer`];
  const { imports, unreadableImports, names } = scanSource(text);
  const found = unreadableImports.map((line) => `${path}:${line}: imports what cannot be read from the source`);
  for (const specifier of imports) {
    const target = ourPath(path, specifier);
    if (target !== undefined && ![rule.layer, ...rule.mayImport].some((prefix) => target.startsWith(prefix))) {
      found.push(`${path}: may not import ${target}`);
    }
    const builtin = specifier.replace(/^node:/, '');
    if (rule.isPure && builtinModules.includes(builtin) && !PURE_BUILTINS.includes(builtin)) {
      found.push(`${path}: is pure and may not import ${specifier}`);
    }
  }
  if (rule.isPure) {
    found.push(
      ...IMPURE_NAMES.filter((name) => names.has(name)).map((name) => `${path}: is pure and may not use ${name}`),
    );
  }
  return found;
}

function sharedImporters({ what, isMeant }: (typeof SINGLE_IMPORTERS)[number], files: readonly SourceFile[]): string[] {
  const importers = files.filter(({ text }) => scanSource(text).strings.some(isMeant)).map(({ path }) => path);
  return importers.length > 1 ? [`${what} is imported by more than one file: ${importers.join(', ')}`] : [];
}

/** The path that a specifier means, if it is ours. */
function ourPath(importer: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(importer), specifier);
  return /^ringlet(\/|$)/.test(specifier) ? specifier.replace(/^ringlet\/?/, '') : undefined;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SOURCES: readonly SourceFile[] = ['ofp', 'switch', 'topology', 'src', 'tools']
  .flatMap((folder) =>
    readdirSync(`${ROOT}/${folder}`, { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
  )
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, text: readFileSync(`${ROOT}/${path}`, 'utf8') }));

describe('the layers', () => {
  it('are kept by every source file', () => {
    expect(SOURCES.length).toBeGreaterThan(10);
    expect(violations(SOURCES)).toEqual([]);
  });

  it.each(SINGLE_IMPORTERS)('let one file import $what', ({ isMeant }) => {
    expect(SOURCES.filter(({ text }) => scanSource(text).strings.some(isMeant))).toHaveLength(1);
  });
});

describe('a broken rule is found', () => {
  it.each([
    ['ofp/a.ts', "import { x } from '../switch/b.ts';", 'ofp/a.ts: may not import switch/b.ts'],
    ['ofp/a.ts', "export * from '../topology/index.ts';", 'ofp/a.ts: may not import topology/index.ts'],
    ['topology/deep/a.ts', "import '../../src/lib/clock.ts';", 'topology/deep/a.ts: may not import src/lib/clock.ts'],
    ['switch/a.ts', "import type { L } from '../topology/link.ts';", 'switch/a.ts: may not import topology/link.ts'],
    ['src/tap/a.ts', "type T = import('../node/b.ts').T;", 'src/tap/a.ts: may not import src/node/b.ts'],
    ['src/tunnel/a.ts', "const b = await import('../signal/b.ts');", 'src/tunnel/a.ts: may not import src/signal/b.ts'],
    [
      'src/controller/a.ts',
      "export { s } from '../../switch/pipeline.ts';",
      'src/controller/a.ts: may not import switch/pipeline.ts',
    ],
    ['src/node/a.ts', "import\n  '../cli/main.ts'", 'src/node/a.ts: may not import src/cli/main.ts'],
    ['src/cli/a.ts', "import { n } from '../node/node.ts'", 'src/cli/a.ts: may not import src/node/node.ts'],
    ['src/lib/a.ts', "import { n } from 'ringlet/ofp'", 'src/lib/a.ts: may not import ofp'],
    [
      'src/lib/a.ts',
      `\nawait import(\`../tap/\${b}.ts\`)`,
      'src/lib/a.ts:2: imports what cannot be read from the source',
    ],
    ['src/main.ts', '', 'src/main.ts: belongs to no layer'],
    ['ofp/a.ts', "import net from 'node:net';", 'ofp/a.ts: is pure and may not import node:net'],
    ['switch/a.ts', "import { readFile } from 'fs/promises';", 'switch/a.ts: is pure and may not import fs/promises'],
    ['topology/a.ts', `const id = \`\${Math.random()}\`;`, 'topology/a.ts: is pure and may not use Math.random'],
    ['switch/a.ts', 'const x = a / b; const t = Date\n  .now() / 2;', 'switch/a.ts: is pure and may not use Date.now'],
    ['src/controller/a.ts', 'setTimeout(() => {}, 5)', 'src/controller/a.ts: is pure and may not use setTimeout'],
  ])('%s: %s', (path, text, message) => {
    expect(violations([{ path, text }])).toEqual([message]);
  });

  it('two files with the native library', () => {
    const text = "import * as library from 'node-datachannel';";
    expect(violations(['a', 'b'].map((name) => ({ path: `src/tunnel/${name}.ts`, text })))).toEqual([
      'node-datachannel is imported by more than one file: src/tunnel/a.ts, src/tunnel/b.ts',
    ]);
  });
});

describe('what keeps the rules is let through', () => {
  it.each([
    ['ofp/a.ts', "// import { x } from '../switch/b.ts';\n/* setTimeout() */ import { c } from './c.ts';"],
    ['ofp/a.ts', `const text = "import x from '../switch/b.ts'"; const t = \`Math.random() \${\`from "../src"\`} }\`;`],
    ['ofp/a.ts', "const slash = /[/'`]/; const rest = a / b / c; effects.setTimeout(5); this.clock.Date.now;"],
    ['switch/a.ts', "import { arc } from '../topology/ring/arcs.ts'; import { decode } from '../ofp/index.ts';"],
    ['src/cli/a.ts', "import { startNode } from '../node/index.ts'; import { lab } from '../../tools/lab/index.ts';"],
    ['src/tunnel/a.ts', "import { setTimeout as wait } from 'node:timers/promises'; import z from 'zod';"],
    ['tools/lab/a.ts', "import { KernelTap } from '../../src/tap/index.ts'; Date.now();"],
  ])('%s: %s', (path, text) => {
    expect(violations([{ path, text }])).toEqual([]);
  });
});
