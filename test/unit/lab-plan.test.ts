import { describe, expect, it } from 'vitest';
import { addressBytes } from '../../tools/lab/addresses.ts';
import { effectiveCapabilities, obstacles } from '../../tools/lab/mode.ts';
import { cleanUpBatch, nodeArguments, planLab, setUpBatches } from '../../tools/lab/plan.ts';
import { checkWish } from '../../tools/lab/preflight.ts';

describe('the plan of a lab', () => {
  it('names namespaces after the run directory, so that two labs never meet', () => {
    const here = planLab('/run/ringlet', 2);
    expect(here.prefix).toMatch(/^ringlet-[0-9a-f]{6}-$/);
    expect(planLab('/run/ringlet', 2)).toEqual(here);
    expect(planLab('/tmp/other', 2).prefix).not.toBe(here.prefix);
    for (const { namespace } of [here.underlay, ...here.nodes]) expect(namespace.startsWith(here.prefix)).toBe(true);
  });

  it('gives every node addresses of its own', () => {
    const { nodes, underlay } = planLab('/run/ringlet', 64);
    for (const key of ['name', 'namespace', 'underlayAddress', 'v4', 'v6'] as const) {
      expect(new Set(nodes.map((node) => node[key])).size).toBe(64);
    }
    expect(nodes[63]).toMatchObject({
      name: 'n64',
      v4: '10.77.0.64',
      v6: 'fd77::64',
      underlayAddress: '192.168.77.64',
    });
    expect(nodes.map(({ underlayAddress }) => underlayAddress)).not.toContain(underlay.rendezvous.split(':')[0]);
  });

  it('makes interfaces inside namespaces only, and joins them by a bridge', () => {
    const plan = planLab('/run/ringlet', 2);
    const [first, second, ...others] = setUpBatches(plan);
    expect(first).toEqual({
      namespace: undefined,
      lines: ['net', 'n1', 'n2'].map((name) => `netns add ${plan.prefix}${name}`),
    });
    expect(second).toEqual({
      namespace: plan.underlay.namespace,
      lines: [
        'link set lo up',
        'link add br0 type bridge',
        'address add 192.168.77.254/24 dev br0',
        'link set br0 up',
        `link add n1 type veth peer name eth0 netns ${plan.prefix}n1`,
        'link set n1 master br0 up',
        `link add n2 type veth peer name eth0 netns ${plan.prefix}n2`,
        'link set n2 master br0 up',
      ],
    });
    expect(others.map(({ namespace }) => namespace)).toEqual(plan.nodes.map(({ namespace }) => namespace));
    expect(others[1]!.lines).toContain('address add 192.168.77.2/24 dev eth0');
    expect(cleanUpBatch(['a', 'b'])).toEqual({ namespace: undefined, lines: ['netns delete a', 'netns delete b'] });
  });

  it('starts a node as a user would', () => {
    const plan = planLab('/run/ringlet', 2);
    expect(nodeArguments(plan.nodes[1]!, plan, 'warn').join(' ')).toBe(
      'up --name n2 --overlay lab --rendezvous ws://192.168.77.254:7788 ' +
        '--address 10.77.0.2/24 --address fd77::2/64 --log-level warn',
    );
  });
});

describe('what stands against namespaces', () => {
  const able = { isRoot: true, capabilities: (1n << 40n) - 1n, hasTun: true, hasIp: true };
  it('is nothing for root', () => {
    expect(obstacles(able)).toEqual([]);
  });

  it.each([
    ['an ordinary user', { isRoot: false, capabilities: 0n }, /^not root \(run it with sudo\)$/],
    ['a container', { capabilities: 1n << 21n }, /without CAP_NET_ADMIN.*--privileged/],
    ['no TAPs', { hasTun: false }, /^no \/dev\/net\/tun \(modprobe tun/],
    ['no iproute2', { hasIp: false }, /^no ip command \(apt-get install iproute2\)$/],
  ])('is named with the way out: %s', (_, lack, expected) => {
    expect(obstacles({ ...able, ...lack })).toEqual([expect.stringMatching(expected)]);
  });

  it('reads capabilities as the kernel writes them', () => {
    expect(effectiveCapabilities('CapPrm:\tffff\nCapEff:\t0000000000003000\nCapBnd:\t1\n')).toBe(0x3000n);
    expect(effectiveCapabilities('')).toBe(0n);
  });
});

describe('what cannot succeed is refused before anything is made', () => {
  const wish = { plan: planLab('/run/ringlet', 5), kill: undefined, obstacles: [], neighbourLimit: 1024 };

  it('nothing in an ordinary case', () => {
    expect(() => checkWish(wish)).not.toThrow();
    expect(() => checkWish({ ...wish, kill: 'n5' })).not.toThrow();
    expect(() => checkWish({ ...wish, plan: planLab('/run/ringlet', 28) })).not.toThrow();
  });

  it.each([
    ['no such node', { kill: 'n6' }, 'LAB_KILL', /choose one of n1 to n5/],
    ['no processes', { kill: 'n1', obstacles: ['not root (run it with sudo)'] }, 'LAB_KILL', /not root/],
    ['one left', { kill: 'n1', plan: planLab('/run/ringlet', 2) }, 'LAB_KILL', /take --nodes 3/],
    ['a small kernel', { plan: planLab('/x', 64) }, 'LAB_TOO_LARGE', /sysctl -w net\.ipv4\S+=4544 net\.ipv6\S+=4544$/],
  ])('%s', (_, change, code, message) => {
    expect(() => checkWish({ ...wish, ...change })).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  it('does not count neighbours where the kernel has none to hold, or does not tell', () => {
    const many = { ...wish, plan: planLab('/run/ringlet', 64) };
    expect(() => checkWish({ ...many, obstacles: ['not root (run it with sudo)'] })).not.toThrow();
    expect(() => checkWish({ ...many, neighbourLimit: undefined })).not.toThrow();
  });
});

describe('addresses', () => {
  it.each([
    ['10.77.0.254', [10, 77, 0, 254]],
    ['fd77::12', [0xfd, 0x77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x12]],
    ['::', new Array(16).fill(0)],
    ['1:2:3:4:5:6:7:8', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
  ])('%s as bytes', (text, bytes) => {
    expect([...addressBytes(text)]).toEqual(bytes);
  });

  it.each(['', 'n1', '10.77.0', 'fe80::1%eth0', '::ffff:1.2.3.4'])('refuses %j', (text) => {
    expect(() => addressBytes(text)).toThrow(RangeError);
  });
});
