import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Daemons } from './daemons.ts';
import { SuiteError } from './errors.ts';

const run = promisify(execFile);

/** Where Debian's package openvswitch-source has it. */
const archive = '/usr/src/openvswitch/openvswitch.tar.gz';
const here = fileURLToPath(new URL('.', import.meta.url));
const programs = ['ovs-vswitchd', 'ovs-vsctl', 'ovs-appctl', 'ovsdb-server', 'ovsdb-tool'];

/** What the suite's build would have written: where things are, and what this machine has. */
const atconfig = (folder: string) => `
at_testdir='tests'
abs_builddir='${folder}/tests'
at_srcdir='.'
abs_srcdir='${folder}/tests'
at_top_srcdir='..'
abs_top_srcdir='${folder}'
at_top_build_prefix='../'
abs_top_builddir='${folder}'
at_top_builddir=$at_top_build_prefix
EXEEXT=''
SHELL=\${CONFIG_SHELL-'/bin/sh'}
PYTHON3=python3
EGREP='grep -E'
HAVE_OPENSSL=no
IS_WIN32=no
IS_BSD=no
HAVE_PYTHON3=yes
PYTHONDONTWRITEBYTECODE=yes
export PYTHONDONTWRITEBYTECODE
OVS_CTL_TIMEOUT=30
export OVS_CTL_TIMEOUT
`;

/**
 * Some tests fill a connection, and ask how much it holds at most: for the Unix sockets used here that is what their
 * sender may have under way, far less than the limit of all sockets, which they read. In a mount namespace of its own,
 * the suite finds the first where the second is.
 */
const inOwnMounts = (unprivileged: readonly string[]): readonly string[] => [
  ...unprivileged,
  '--mount',
  'sh',
  '-c',
  'mount --bind /proc/sys/net/core/wmem_default /proc/sys/net/core/rmem_max && exec "$@"',
  'sh',
];

export type Verdict = 'ok' | 'failed' | 'skipped';

export interface SuiteRun {
  /** By title, without the group's name in front. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
  /** What a failed test logged. */
  log(title: string): Promise<string>;
}

/** Open vSwitch's own test suite, unpacked into a folder of its own, with this bridge in the place of Open vSwitch. */
export class OfprotoSuite {
  readonly #folder: string;
  readonly #daemons = new Daemons();
  #numbers = new Map<string, number>();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Throws `SuiteError` when the suite is not installed. */
  static async unpack(): Promise<OfprotoSuite> {
    const folder = await mkdtemp(join(tmpdir(), 'ringlet-ofproto-'));
    const suite = new OfprotoSuite(folder);
    await suite.#unpack();
    return suite;
  }

  async #unpack(): Promise<void> {
    const wanted = ['tests', 'vswitchd/vswitch.ovsschema', 'python/ovs'].map((path) => `openvswitch/${path}`);
    try {
      await run('tar', ['-xzf', archive, '-C', this.#folder, '--strip-components=1', ...wanted]);
    } catch {
      throw new SuiteError(`cannot unpack ${archive}: is the package openvswitch-source installed?`);
    }
    await writeFile(join(this.#folder, 'tests/atconfig'), atconfig(this.#folder));
    const bin = join(this.#folder, 'stand-ins');
    await mkdir(bin);
    for (const program of programs) await symlink(join(here, 'stand-in.sh'), join(bin, program));
    await this.#daemons.listen(join(this.#folder, 'daemons.sock'));
    const { stdout } = await run('./testsuite', ['--list'], { cwd: join(this.#folder, 'tests'), maxBuffer: 1 << 24 });
    for (const [, number, title] of stdout.matchAll(/^ *(\d+): ofproto\.at:\d+ +ofproto - (.*)$/gm)) {
      this.#numbers.set(title!, Number(number));
    }
  }

  /** Titles of all tests of ofproto. */
  get titles(): readonly string[] {
    return [...this.#numbers.keys()];
  }

  /** Runs tests by title; several at a time. */
  async run(titles: readonly string[], jobs = availableParallelism()): Promise<SuiteRun> {
    const numbers = titles.map((title) => {
      const number = this.#numbers.get(title);
      if (number === undefined) throw new SuiteError(`no test "${title}"`);
      return `${number}`;
    });
    const tests = join(this.#folder, 'tests');
    const { stdout: real } = await run('sh', ['-c', 'command -v ovs-appctl']);
    const env = {
      ...process.env,
      RINGLET_NODE: process.execPath,
      RINGLET_STAND_IN: join(here, 'stand-in.mjs'),
      RINGLET_SUITE_SOCKET: join(this.#folder, 'daemons.sock'),
      RINGLET_REAL_APPCTL: real.trim(),
    };
    const args = [`AUTOTEST_PATH=${join(this.#folder, 'stand-ins')}`, `-j${jobs}`, '-d', ...numbers];
    // It fails when a test fails.
    const unshare = inOwnMounts(process.getuid?.() === 0 ? [] : ['--map-root-user']);
    const { stdout } = await run('unshare', [...unshare, './testsuite', ...args], {
      cwd: tests,
      env,
      maxBuffer: 1 << 24,
    }).catch((error: { stdout: string }) => error);
    const verdicts = new Map<string, Verdict>();
    for (const title of titles) {
      const number = this.#numbers.get(title)!;
      const [, verdict = 'FAILED'] = new RegExp(`^ *${number}: .*?(ok|skipped|FAILED)\\b`, 'm').exec(stdout) ?? [];
      verdicts.set(title, verdict.toLowerCase() as Verdict);
    }
    const log = (title: string) => {
      const number = `${this.#numbers.get(title)}`.padStart(4, '0');
      return readFile(join(tests, `testsuite.dir/${number}/testsuite.log`), 'utf8');
    };
    return { verdicts, log };
  }

  async close(): Promise<void> {
    await this.#daemons.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
