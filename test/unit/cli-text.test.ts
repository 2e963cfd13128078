import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { statusLines } from '../../src/cli/commands/status.ts';
import { configsOf } from '../../src/cli/commands/up.ts';
import { CliError, describeFault, Interrupted, usageLine } from '../../src/cli/errors.ts';
import { formatDuration, formatPairs, formatTable } from '../../src/cli/table.ts';

describe('what is said of an error', () => {
  it('is the message alone for errors of ours, a line for each of theirs', () => {
    const error = new CliError('CLI_CONFIG_FILE', 'name: too long\nmtu: too small');
    expect(describeFault(error, false)).toEqual({ exitCode: 1, lines: ['name: too long', 'mtu: too small'] });
  });

  it('is one line that asks for a report, for everything else', () => {
    const { exitCode, lines } = describeFault(new TypeError('x is\nundefined'), false);
    expect(exitCode).toBe(70);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^unexpected: x is undefined - .*please report/);
  });

  it.each(['ENOENT', 'EADDRINUSE', 'ERR_INVALID_ARG_TYPE'])('counts %s, an error of Node, as unexpected', (code) => {
    expect(describeFault(Object.assign(new Error('no'), { code }), false).exitCode).toBe(70);
  });

  it.each(['NODE_CONFIG', 'TAP_NO_PERMISSION', 'LAB_IP'])('counts %s as for the user', (code) => {
    expect(describeFault(Object.assign(new Error('no'), { code }), false)).toEqual({ exitCode: 1, lines: ['no'] });
  });

  it('has the stack when debugging', () => {
    expect(describeFault(new Error('no'), true).lines.at(-1)).toContain('cli-text.test.ts');
  });

  it('is nothing after a signal, whose number is in the exit code', () => {
    expect(describeFault(new Interrupted('SIGTERM', 143), true)).toEqual({ exitCode: 143, lines: [] });
  });

  it('copes with what is no error', () => {
    expect(describeFault('boom', true)).toMatchObject({ exitCode: 70, lines: [expect.stringContaining('boom')] });
  });

  it('of a wrong command line is one line with where to look', () => {
    const message = "error: unknown option '--nmae'\n(Did you mean --name?)";
    expect(usageLine(message, ['up'])).toBe("unknown option '--nmae' (Did you mean --name?) - see: ringlet up --help");
    expect(usageLine('error: no', [])).toBe('no - see: ringlet --help');
  });
});

describe('tables', () => {
  it('are as wide as their widest cells', () => {
    const columns = [
      { title: 'NAME', of: (row: { name: string; count?: number }) => row.name },
      { title: 'COUNT', align: 'right' as const, of: (row: { name: string; count?: number }) => row.count },
    ];
    expect(formatTable(columns, [{ name: 'a', count: 123_456 }, { name: 'longer' }])).toEqual([
      'NAME     COUNT',
      'a       123456',
      'longer       -',
    ]);
    expect(formatTable(columns, [])).toEqual(['NAME  COUNT']);
  });

  it('of pairs put values below each other', () => {
    expect(
      formatPairs([
        ['a', '1'],
        ['bcd', ''],
      ]),
    ).toEqual(['a    1', 'bcd']);
  });

  it.each([
    [0, '0 ms'],
    [999.4, '999 ms'],
    [12_340, '12.3 s'],
    [303_000, '5 min 3 s'],
    [7_620_000, '2 h 7 min'],
    [273_600_000, '3 d 4 h'],
  ])('say %s ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it('show a status', () => {
    const lines = statusLines({
      name: 'attic',
      nodeId: '0123456789abcdef0123456789abcdef',
      switchId: '0123456789abcdef',
      overlay: 'home',
      version: '1.2.3',
      pid: 7,
      uptimeMs: 61_000,
      tap: { name: 'ringlet0', mac: '02:00:00:00:00:01', mtu: 1330, addresses: ['10.77.0.1/24'] },
      signal: { url: 'ws://192.0.2.1:7788', connected: false },
      openflow: [],
      members: 1,
      linksUp: 0,
      settled: true,
      addresses: 2,
      prunedGroups: 0,
      services: {},
      hosts: 0,
      flows: 9,
      drops: { queueFull: 2 },
    });
    expect(lines).toContain('overlay     home, 1 member');
    expect(lines).toContain('process     7, up 1 min 1 s, version 1.2.3');
    expect(lines).toContain('signalling  ws://192.0.2.1:7788  not connected');
    expect(lines).toContain('drops       queueFull 2');
  });
});

describe('the configuration of a node', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringlet-cli-'));
  const file = join(folder, 'node.json');
  afterEach(() => rmSync(file, { force: true }));
  afterAll(() => rmSync(folder, { recursive: true }));
  const given = { logLevel: 'info' };

  it('is what the flags say, named after the machine', () => {
    expect(configsOf({ ...given, rendezvous: 'ws://a:1', address: ['10.0.0.1/8'], mtu: 1400 })).toEqual([
      { name: hostname(), rendezvous: 'ws://a:1', addresses: ['10.0.0.1/8'], mtu: 1400 },
    ]);
  });

  it('is what the file says, where no flag does', () => {
    writeFileSync(file, JSON.stringify({ name: 'attic', rendezvous: 'ws://a:1', addresses: ['10.0.0.1/8'], tap: 'x' }));
    expect(configsOf({ ...given, config: [file], name: 'cellar', address: ['10.0.0.2/8'] })).toEqual([
      { name: 'cellar', rendezvous: 'ws://a:1', addresses: ['10.0.0.2/8'], tap: 'x' },
    ]);
  });

  it('is one for each of several files, without flags', () => {
    writeFileSync(file, JSON.stringify({ rendezvous: 'ws://a:1' }));
    expect(configsOf({ ...given, config: [file, file] })).toHaveLength(2);
    const many = { ...given, config: [file, file] };
    expect(() => configsOf({ ...many, tap: 'x' })).toThrow(/^--tap is for one node/);
    expect(() => configsOf({ ...many, linkRate: 1 })).toThrow(/^--link-rate is for one node/);
    expect(() => configsOf({ ...many, address: ['10.0.0.1/8'] })).toThrow(/^--address is for one node/);
    expect(() => configsOf({ ...many, arpNdProxy: false })).toThrow(/^--no-arp-nd-proxy is for one node/);
  });

  it.each([
    ['{', /is not JSON/],
    ['[]', /holds no JSON object/],
    ['null', /holds no JSON object/],
  ])('refuses a file of %s', (text, message) => {
    writeFileSync(file, text);
    expect(() => configsOf({ ...given, config: [file] })).toThrow(message);
  });

  it('refuses a file that is not there', () => {
    expect(() => configsOf({ ...given, config: [join(folder, 'none')] })).toThrow(/cannot read .*none/);
  });
});
