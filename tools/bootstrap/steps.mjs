import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { bundle } from './bundle.mjs';
import { bin, Failure, ROOT, run, say } from './run.mjs';

const ADDON = join(ROOT, 'src/tap/native/build/ringlet.node');
const ADDON_SOURCES = join(ROOT, 'src/tap/native');
const DIST = join(ROOT, 'dist');

/** Each step: what it makes, and `key`, the hash of everything that this depends on, kept in `stamp` once it is made. */
const STEPS = [
  {
    output: join(ROOT, 'node_modules'),
    stamp: join(ROOT, 'node_modules/.ringlet-stamp'),
    key: () => hashOf([lockfile(), process.arch]),
    make: installDependencies,
  },
  {
    output: ADDON,
    stamp: `${ADDON}.stamp`,
    key: () => hashOf([lockfile(), process.arch, process.versions.modules, ...filesBelow(ADDON_SOURCES, /\.(cc|h)$/)]),
    make: buildAddon,
  },
  {
    output: DIST,
    stamp: join(DIST, '.stamp'),
    key: () => hashOf([lockfile(), ...compilerInputs()]),
    make: compile,
  },
];

const isStale = (step) =>
  !existsSync(step.output) || !existsSync(step.stamp) || readFileSync(step.stamp, 'utf8') !== step.key();

export const isSetUp = () => !STEPS.some(isStale);

/** Makes what is missing or stale. The caller holds the tree's lock. */
export async function setUp() {
  for (const step of STEPS) {
    if (!isStale(step)) continue;
    const key = step.key();
    rmSync(step.stamp, { force: true });
    await step.make();
    writeFileSync(step.stamp, key);
  }
}

// --- What the outputs depend on --------------------------------------------------------------------------------------

function hashOf(parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex');
}

const lockfile = () => readFileSync(join(ROOT, 'package-lock.json'));

/** Names and contents of the files below a folder whose names match. */
function filesBelow(folder, pattern) {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true }).filter((name) => pattern.test(name));
  return names.sort().flatMap((name) => [name, readFileSync(join(folder, name))]);
}

const compilerInputs = () => [
  readFileSync(join(ROOT, 'tsconfig.json')),
  readFileSync(join(ROOT, 'tools/tsconfig.build.json')),
  readFileSync(join(ROOT, 'tools/bootstrap/bundle.mjs')),
  ...['ofp', 'switch', 'topology', 'src', 'tools'].flatMap((folder) => filesBelow(join(ROOT, folder), /\.ts$/)),
];

// --- The steps -------------------------------------------------------------------------------------------------------

async function installDependencies() {
  say('installing dependencies (npm ci)');
  const flags = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env.npm_execpath ?? '';
  const viaNpm = /npm-cli\.[cm]?js$/.test(npm);
  const code = await run(viaNpm ? process.execPath : 'npm', viaNpm ? [npm, ...flags] : flags, { stdout: 'ignore' });
  if (code !== 0) throw new Failure('npm ci failed (see above): is the package registry reachable?');
}

async function buildAddon() {
  say('building the native addon (g++)');
  const include = [join(ROOT, 'node_modules/node-addon-api'), ...nodeHeaders()];
  mkdirSync(dirname(ADDON), { recursive: true });
  const unfinished = `${ADDON}.${process.pid}`;
  const sources = readdirSync(ADDON_SOURCES).filter((name) => name.endsWith('.cc'));
  const code = await run('g++', [
    ...['-std=c++17', '-O2', '-fPIC', '-shared', '-fvisibility=hidden', '-Wall', '-Wextra'],
    ...['-DNAPI_VERSION=8', '-DNODE_ADDON_API_CPP_EXCEPTIONS'],
    ...include.flatMap((folder) => ['-isystem', folder]),
    ...sources.map((name) => join(ADDON_SOURCES, name)),
    ...['-o', unfinished],
  ]);
  if (code !== 0) {
    rmSync(unfinished, { force: true });
    throw new Failure('g++ could not build the native addon (see above)');
  }
  renameSync(unfinished, ADDON);
}

/** The folders that hold node_api.h and uv.h: beside this Node, or where Debian has them. */
function nodeHeaders() {
  const places = [join(dirname(process.execPath), '../include/node'), '/usr/include/node', '/usr/include'];
  const found = ['node_api.h', 'uv.h'].map((header) => places.find((place) => existsSync(join(place, header))));
  if (found.includes(undefined)) {
    throw new Failure(
      `Node's headers (node_api.h, uv.h) are not in ${places[0]}: ` +
        'install Node from nodejs.org, or run: apt-get install libnode-dev libuv1-dev',
    );
  }
  // The compiler looks into /usr/include anyway, and must do so after the folders of the C++ library.
  return [...new Set(found)].filter((place) => place !== '/usr/include');
}

/** Emits into a new folder, then moves file by file, so that a running node never loads half a file. */
async function compile() {
  say('compiling TypeScript (tsc)');
  const fresh = join(DIST, `.new-${process.pid}`);
  try {
    const code = await run(bin('tsc'), ['-p', 'tools/tsconfig.build.json', '--outDir', fresh], {
      stdout: process.stderr,
    });
    if (code !== 0) throw new Failure('tsc found errors (see above)');
    await bundle(join(fresh, 'src/cli'));
    // npm makes the command executable when it first runs it, and not again after a new build.
    chmodSync(join(fresh, 'src/cli/main.js'), 0o755);
    const names = new Set(fileNames(fresh));
    for (const name of names) {
      mkdirSync(dirname(join(DIST, name)), { recursive: true });
      renameSync(join(fresh, name), join(DIST, name));
    }
    for (const name of fileNames(DIST)) {
      if (!names.has(name)) rmSync(join(DIST, name));
    }
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

const fileNames = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)));
