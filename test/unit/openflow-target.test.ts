import { describe, expect, it } from 'vitest';
import { parseDialTarget, parseListenTarget, parseTarget } from '../../src/openflow/index.ts';

describe('the notation of OpenFlow connections', () => {
  it.each([
    ['tcp:192.0.2.1', 'dial', 'tcp:192.0.2.1:6653', { transport: 'tcp', host: '192.0.2.1', port: 6653 }],
    ['tcp:controller.example:6633', 'dial', undefined, { transport: 'tcp', host: 'controller.example', port: 6633 }],
    ['tcp:[2001:db8::1]', 'dial', 'tcp:[2001:db8::1]:6653', { transport: 'tcp', host: '2001:db8::1', port: 6653 }],
    ['ssl:[fe80::1%eth0]:1', 'dial', undefined, { transport: 'ssl', host: 'fe80::1%eth0', port: 1 }],
    ['unix:/run/c.sock', 'dial', undefined, { transport: 'unix', path: '/run/c.sock' }],
    ['unix:a:b', 'dial', undefined, { transport: 'unix', path: 'a:b' }],
    ['ptcp:', 'listen', 'ptcp:6653:0.0.0.0', { transport: 'tcp', host: '0.0.0.0', port: 6653 }],
    ['ptcp:0:127.0.0.1', 'listen', undefined, { transport: 'tcp', host: '127.0.0.1', port: 0 }],
    ['ptcp::127.0.0.1', 'listen', 'ptcp:6653:127.0.0.1', { transport: 'tcp', host: '127.0.0.1', port: 6653 }],
    ['pssl:6640:[::]', 'listen', undefined, { transport: 'ssl', host: '::', port: 6640 }],
    ['punix:/run/s.sock', 'listen', undefined, { transport: 'unix', path: '/run/s.sock' }],
  ])('%s', (text, mode, shown, where) => {
    expect(parseTarget(text)).toEqual({ mode, text: shown ?? text, where });
  });

  it.each([
    ...[
      '',
      'tcp',
      'tcp:',
      'tcp:host:',
      'tcp:host:65536',
      'tcp:host:0',
      'tcp:host:1:2',
      'tcp:::1',
      'tcp:[::1',
      'tcp:a,b',
    ],
    ...['udp:host:1', 'toString:x', 'unix:', 'unix:\0abstract', 'ptcp:70000', 'ptcp:1:a:b', 'ptcp:host', 'TCP:host'],
    `unix:/${'x'.repeat(107)}`,
  ])('%j is none', (text) => {
    expect(() => parseTarget(text)).toThrow(expect.objectContaining({ code: 'OPENFLOW_TARGET' }));
  });

  it('tells those that dial from those that listen', () => {
    expect(() => parseDialTarget('ptcp:')).toThrow(/listens/);
    expect(() => parseListenTarget('tcp:host')).toThrow(/does not listen/);
  });
});
