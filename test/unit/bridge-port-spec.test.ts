import { describe, expect, it } from 'vitest';
import { type PortSpec, parsePortSpec } from '../../src/bridge/index.ts';

type Case = [text: string, no: number | undefined, name: string, device: PortSpec['device']];

describe('the notation of ports', () => {
  it.each<Case>([
    ['tap:lan0', undefined, 'lan0', { kind: 'tap', name: 'lan0', mtu: 1500, addresses: [] }],
    [
      '7@up=tap:lan0,mtu=9000,address=10.0.0.1/24,address=fd00::1/64',
      7,
      'up',
      { kind: 'tap', name: 'lan0', mtu: 9000, addresses: ['10.0.0.1/24', 'fd00::1/64'] },
    ],
    ['1@eth:eth1.100', 1, 'eth1.100', { kind: 'eth', name: 'eth1.100' }],
    ['unix:/run/vm/p1.sock', undefined, 'p1', { kind: 'unix', path: '/run/vm/p1.sock' }],
    ['vm=punix:/run/a,b=c:d@e', undefined, 'vm', { kind: 'punix', path: '/run/a,b=c:d@e' }],
    [
      'unix:relative-and-very-long-name',
      undefined,
      'relative-and-ve',
      { kind: 'unix', path: 'relative-and-very-long-name' },
    ],
  ])('%s', (text, no, name, device) => {
    expect(parsePortSpec(text)).toEqual({ text, no, name, device, vlans: undefined });
  });

  it.each([
    ['tap:lan0,mtu=1400,tag=10', { tag: 10 }],
    ['eth:eth1,trunks=0+10+20-22', { trunks: new Set([0, 10, 20, 21, 22]) }],
    ['punix:/run/a,b.sock,tag=1,trunks=4094', { tag: 1, trunks: new Set([4094]) }],
  ])('%s', (text, vlans) => {
    const spec = parsePortSpec(text);
    expect(spec.vlans).toEqual(vlans);
    expect(JSON.stringify(spec.device)).not.toMatch(/tag|trunks/);
  });

  it.each([
    ...['', 'lan0', 'tap:', 'tap:a b', 'tap:much-too-long-a-name', 'eth:a/b', 'dummy:a', 'tun:a', '@tap:a', 'x@tap:a'],
    ...['0@tap:a', '65000@tap:a', '99999@tap:a', '=tap:a', 'a b=tap:a', 'unix:', 'unix:/', 'eth:a,mtu=1500'],
    ...['eth:a,tag=0', 'eth:a,tag=4095', 'eth:a,tag=', 'eth:a,trunks=', 'eth:a,trunks=5-1', 'eth:a,trunks=1+4095'],
    ...[
      'tap:a,mtu=67',
      'tap:a,mtu=1e3',
      'tap:a,mtu=',
      'tap:a,address=10.0.0.1',
      'tap:a,address=10.0.0.1/33',
      'tap:a,colour=red',
    ],
  ])('%j is none', (text) => {
    expect(() => parsePortSpec(text)).toThrow(expect.objectContaining({ code: 'BRIDGE_PORT_SPEC' }));
  });
});
