import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const runDirectory = mkdtempSync(join(tmpdir(), 'ringlet-usage-'));
afterAll(() => rmSync(runDirectory, { recursive: true }));

function ringlet(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, RINGLET_RUNDIR: runDirectory } });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}

describe('a wrong command line is one line with the way out, and exit code 2', () => {
  it.each([
    [['--bogus'], "unknown option '--bogus' - see: ringlet --help"],
    [['stauts'], "unknown command 'stauts' (Did you mean status?) - see: ringlet --help"],
    [['up', '--nmae', 'x'], "unknown option '--nmae' (Did you mean --name?) - see: ringlet up --help"],
    [['up', '--name'], "option '--name <name>' argument missing - see: ringlet up --help"],
    [['up', '--mtu', '1e3'], /argument '1e3' is invalid. It is not a whole number. - see: ringlet up --help$/],
    [
      ['bridge', '--probe', 'soon'],
      /argument 'soon' is invalid. It is not a number of seconds. - see: ringlet bridge --help$/,
    ],
    [['bridge', '--fail-mode', 'open'], /Allowed choices are standalone, secure. - see: ringlet bridge --help$/],
    [
      ['replay', 'x', '--ports', '0'],
      /argument '0' is invalid. It is not a number from 1 to 1000. - see: ringlet replay --help$/,
    ],
    [['sim', 'flood', '--loss', '0..5%/0'], /It is not a range of 2 to 100 values .* - see: ringlet sim flood --help$/],
    [['sim', 'topology', '--samples', 'x'], /argument 'x' is invalid. .* - see: ringlet sim topology --help$/],
    [['sim', 'flod'], "unknown command 'flod' (Did you mean flood?) - see: ringlet sim --help"],
    [['status', 'a', 'b'], /^too many arguments .* - see: ringlet status --help$/],
    [['lab', '--nodes', '65'], /argument '65' is invalid. It is not a number from 2 to 64. - see: ringlet lab --help$/],
    [['lab', '--log-level', 'loud'], /Allowed choices are fatal, .* - see: ringlet lab --help$/],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await ringlet(...args);
    expect([code, stdout]).toEqual([2, '']);
    const line = stderr.match(/^ringlet: (.*)\n$/)?.[1];
    if (typeof message === 'string') expect(line).toBe(message);
    else expect(line).toMatch(message);
  });
});

describe('what cannot be done is one line with the way out, and exit code 1', () => {
  it.each([
    [['status'], /nothing runs here \(looked in .*ringlet-usage-.*\): start a node with 'ringlet up'/],
    [
      ['sim', 'flood', '--loss', '0..5%/1%', '--dead', '0..5%/1%'],
      /--loss and --dead are both ranges: one at most is varied/,
    ],
    [['status', 'attic'], /no node or bridge attic answers/],
    [['bridge', '--port', 'tap'], /ports: 'tap': a port is .*tap:NAME/],
    [['bridge', '--port', 'tap:a', '--port', 'eth:a'], /ports: two are called a; put another name in front/],
    [['bridge', '--port', 'eth:nowhere0'], /there is no interface 'nowhere0': see ip link/],
    [['bridge', '--controller', 'ptcp:'], /controllers: 'ptcp:' listens: a controller is tcp:, ssl: or unix:/],
    [['bridge', '--controller', 'ssl:127.0.0.1'], /ssl:127.0.0.1:6653 needs --ca-cert/],
    [['bridge', '--listen', 'pssl:0'], /pssl:0:0.0.0.0 needs --private-key and --certificate/],
    [['bridge', '--listen', 'punix:/nonexistent/a'], /cannot listen on \/nonexistent\/a (.*): choose another/],
    [['bridge', '--datapath-id', '0'], /datapathId: up to 16 hex digits, not all zero/],
    [['add-port', 'br0', 'tap:a'], /no node or bridge br0 answers/],
    [['capture', 'br0', '1'], /no node or bridge br0 answers/],
    [['trace', 'br0', 'in_port=1'], /no node or bridge br0 answers/],
    [['replay', '/nonexistent'], /cannot read \/nonexistent \(ENOENT\)/],
    [['replay', process.execPath], /is neither pcap nor pcapng/],
    [['replay', 'x', '--flows', '/nonexistent'], /cannot read \/nonexistent/],
    [['up'], /rendezvous: none .*--rendezvous ws:\/\/HOST:7788/],
    [['up', '--config', '/nonexistent'], /cannot read \/nonexistent/],
    [['up', '--rendezvous', 'http://a'], /rendezvous: .*such as ws:\/\//],
    [['up', '--rendezvous', 'ws://a', '--tap', 'much-too-long-a-name'], /tap: an interface name/],
    [['up', '--rendezvous', 'ws://a', '--address', '10.0.0.1'], /addresses\.0: .*such as 10\.77\.0\.1\/24/],
    [['up', '--rendezvous', 'ws://a', '--openflow', '6653'], /openflow: HOST:PORT/],
    [['rendezvous', '--listen', '7788'], /--listen is not an address: HOST:PORT/],
    [['lab', '--kill', 'n6'], /--kill names no node of this lab: choose one of n1 to n5/],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await ringlet(...args);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^ringlet: .*\n$/);
  });

  it('a port in use', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    const { code, stderr } = await ringlet('rendezvous', '--listen', `127.0.0.1:${port}`);
    await new Promise((resolve) => other.close(resolve));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^ringlet: .*\n$/);
    expect(stderr).toContain(String(port));
  });
});

describe('help', () => {
  it('lists the commands, with examples', async () => {
    const { code, stdout } = await ringlet('--help');
    expect(code).toBe(0);
    for (const command of ['up', 'rendezvous', 'status', 'peers', 'ports', 'flows', 'macs', 'floods', 'lab']) {
      expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
    }
    expect(stdout).toContain('Examples:');
  });

  it('is what nothing at all gets, as an error', async () => {
    expect(await ringlet()).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('Commands:') });
  });

  it('tells the version', async () => {
    expect(await ringlet('--version')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });
});
