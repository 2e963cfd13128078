/**
 * Sets a fresh clone up and runs it, with nothing but Node itself.
 *
 *   node tools/bootstrap.mjs build              set up only
 *   node tools/bootstrap.mjs start [ARGS]       set up, then `ringlet lab ARGS`
 *   node tools/bootstrap.mjs bench NAME         set up, then a benchmark of tools/bench
 *   node tools/bootstrap.mjs test [ARGS]        set up, then type check, lint, and vitest with ARGS
 *   node tools/bootstrap.mjs missing-packages   names of the Debian packages that the tests lack here
 *
 * It says in one line what it is doing and is silent when there is nothing to do.
 */
import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bin, Failure, ROOT, run, say } from './bootstrap/run.mjs';
import { isSetUp, setUp } from './bootstrap/steps.mjs';

const MIN_NODE = 20;

/** What the tests use, beyond Node and Debian's base: a program, or a file with its path. */
const TEST_PACKAGES = [
  { binary: 'ip', package: 'iproute2', why: 'network namespaces, veth pairs, addresses' },
  { binary: 'ping', package: 'iputils-ping', why: 'reachability as seen by a program that is not ours' },
  { binary: 'iperf3', package: 'iperf3', why: 'load between two hosts' },
  { binary: 'tcpdump', package: 'tcpdump', why: 'what really is on an interface' },
  { binary: 'ethtool', package: 'ethtool', why: 'hosts whose checksums are their own, beside Open vSwitch' },
  { binary: 'dnsmasq', package: 'dnsmasq-base', why: 'a DHCP server' },
  { binary: 'busybox', package: 'busybox', why: 'a DHCP client' },
  { binary: 'ovs-ofctl', package: 'openvswitch-common', why: 'an OpenFlow client that is not ours' },
  {
    binary: 'ovs-testcontroller',
    package: 'openvswitch-testcontroller',
    why: 'an OpenFlow controller that is not ours',
  },
  { binary: 'osken-manager', package: 'python3-os-ken', why: 'OpenFlow controllers and a codec that are not ours' },
  { binary: 'openssl', package: 'openssl', why: 'keys and certificates, made by ovs-pki' },
  { binary: 'ovs-vswitchd', package: 'openvswitch-switch', why: 'an OpenFlow switch that is not ours' },
  {
    binary: '/usr/src/openvswitch/openvswitch.tar.gz',
    package: 'openvswitch-source',
    why: 'an OpenFlow test suite that is not ours',
  },
];

/** Tests below these folders touch neither interfaces nor other programs: they need no packages and no root. */
const PURE_TESTS = /^(\.\/)?test\/(unit|property|sim)\//;

/** The exit code by which flock(1) tells us that another set-up holds the tree. */
const TREE_BUSY = 75;

const COMMANDS = {
  build: ensureSetUp,

  async start(args) {
    await ensureSetUp();
    return run(process.execPath, ['dist/src/cli/main.js', 'lab', ...args], { lifeline: true });
  },

  async bench(args) {
    await ensureSetUp();
    return run(process.execPath, ['dist/tools/bench/main.js', ...args]);
  },

  async test(args) {
    if (args.length === 0 || !args.every((arg) => PURE_TESTS.test(arg))) checkTestMachine();
    await ensureSetUp();
    const checks = [
      { what: 'checking types (tsc)', program: 'tsc', args: ['--noEmit'] },
      { what: 'checking lint and format (biome)', program: 'biome', args: ['check', '.'] },
      {
        what: 'running tests (vitest)',
        program: 'vitest',
        args: ['run', '--config', 'test/vitest.config.ts', ...args],
      },
    ];
    for (const check of checks) {
      say(check.what);
      const code = await run(bin(check.program), check.args);
      if (code !== 0) return code;
    }
    return 0;
  },

  async 'missing-packages'() {
    for (const row of missingPackages()) console.log(row.package);
    return 0;
  },

  /** Not for users: runs under the lock that `ensureSetUp` took. */
  async 'set-up-locked'() {
    await setUp();
    return 0;
  },
};

/** Set-ups in one tree exclude each other: whoever works holds flock(1) on the tree's folder. */
async function ensureSetUp() {
  if (isSetUp()) return 0;
  const underLock = (...flags) =>
    run('flock', ['--no-fork', ...flags, ROOT, process.execPath, fileURLToPath(import.meta.url), 'set-up-locked']);
  let code = await underLock('--nonblock', '--conflict-exit-code', String(TREE_BUSY));
  if (code === TREE_BUSY) {
    say('waiting for another set-up of this tree');
    code = await underLock();
  }
  if (code !== 0) process.exit(code);
  return 0;
}

function checkTestMachine() {
  const missing = missingPackages();
  if (missing.length > 0) {
    for (const row of missing) say(`the tests need ${row.binary} (${row.why}), which is not installed`);
    throw new Failure(`run: apt-get install ${missing.map((row) => row.package).join(' ')}`);
  }
  if (process.getuid() !== 0) throw new Failure('the tests make network namespaces, run them as root: sudo npm test');
}

const missingPackages = () => TEST_PACKAGES.filter((row) => !isInstalled(row.binary));

const isInstalled = (binary) =>
  binary.startsWith('/')
    ? existsSync(binary)
    : [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'].some((folder) => {
        try {
          accessSync(join(folder, binary), constants.X_OK);
          return true;
        } catch {
          return false;
        }
      });

async function main([command = 'build', ...args]) {
  if (process.platform !== 'linux') throw new Failure(`Linux is needed, this is ${process.platform}`);
  if (Number.parseInt(process.versions.node, 10) < MIN_NODE) {
    throw new Failure(`Node ${MIN_NODE} or newer is needed, this is ${process.versions.node}: see https://nodejs.org`);
  }
  if (!Object.hasOwn(COMMANDS, command)) {
    throw new Failure(`unknown command '${command}', known are build, start, bench, test and missing-packages`);
  }
  return COMMANDS[command](args);
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error) => {
    if (!(error instanceof Failure)) throw error;
    say(error.message);
    process.exit(1);
  },
);
