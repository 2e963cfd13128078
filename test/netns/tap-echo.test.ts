import { readdirSync, readlinkSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EchoSocket, type Family, KernelTap } from '../../src/tap/index.ts';
import { joinByVeth, makeNetns, type Netns } from './support/netns.ts';
import { waitFor } from './support/wait.ts';

let here: Netns;
let there: Netns;
const sockets: EchoSocket[] = [];

function open(family: Family, netns: Netns): EchoSocket {
  const socket = new EchoSocket({ family, netns: netns.path });
  sockets.push(socket);
  return socket;
}

beforeEach(async () => {
  [here, there] = await Promise.all([makeNetns(), makeNetns()]);
  await joinByVeth(
    { netns: here, name: 'v0', addresses: ['10.8.0.1/24', 'fd00:8::1/64', 'fe80::1/64'] },
    { netns: there, name: 'v1', addresses: ['10.8.0.2/24', 'fd00:8::2/64', 'fe80::2/64'] },
  );
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close();
  await Promise.all([here.delete(), there.delete()]);
});

describe.each([
  { family: 4, near: '10.8.0.1', far: '10.8.0.2', nobody: '10.8.0.9', noRoute: '10.99.0.1', malformed: '10.8.0' },
  { family: 6, near: 'fd00:8::1', far: 'fd00:8::2', nobody: 'fd00:8::9', noRoute: 'fd99::1', malformed: 'fd00:8::g' },
] as const)('echo over IPv$family', ({ family, near, far, nobody, noRoute, malformed }) => {
  it('goes from namespace to namespace, both ways, out of one process that stays where it is', async () => {
    const home = readlinkSync('/proc/thread-self/ns/net');
    const [a, b] = [open(family, here), open(family, there)];
    expect(readlinkSync('/proc/thread-self/ns/net')).toBe(home);
    const times = await Promise.all([a.ping(far, 3000), b.ping(near, 3000)]);
    for (const time of times) expect(time).toBeGreaterThan(0);
  });

  it('shows replies with their sender, id, sequence number and payload', async () => {
    const socket = open(family, here);
    const replies: unknown[] = [];
    socket.onReply((reply) => replies.push({ ...reply, payload: reply.payload.slice() }));
    const payload = Uint8Array.of(1, 2, 3);
    socket.send(far, 0xabcd, 0xfffe, payload);
    await waitFor(() => replies.length > 0);
    expect(replies).toEqual([{ from: far, id: 0xabcd, seq: 0xfffe, payload }]);
  });

  it('tells answers of many pings apart, and misses those that do not come', async () => {
    const [socket, other] = [open(family, here), open(family, here)];
    const targets = Array.from({ length: 60 }, (_, index) => (index % 3 === 0 ? nobody : far));
    const times = await Promise.all(targets.map((target, index) => (index % 2 ? socket : other).ping(target, 3000)));
    expect(times.map((time) => time !== undefined)).toEqual(targets.map((target) => target === far));
  });

  it('has no answer where there is no route, or after it was closed', async () => {
    const socket = open(family, here);
    expect(await socket.ping(noRoute, 1000)).toBeUndefined();
    const waiting = socket.ping(nobody, 60_000);
    socket.close();
    expect(await waiting).toBeUndefined();
    expect(await socket.ping(far, 1000)).toBeUndefined();
  });

  it('refuses what is no address of its family', async () => {
    const socket = open(family, here);
    await expect(socket.ping(malformed, 100)).rejects.toMatchObject({ code: 'ECHO_BAD_ADDRESS' });
    expect(() => socket.send(noRoute, 1, 1, new Uint8Array())).toThrow(
      expect.objectContaining({ code: 'ECHO_NOT_SENT', message: expect.stringContaining('ENETUNREACH') }),
    );
  });

  it('tells a missing namespace or right, and leaves no descriptor open', () => {
    const before = readdirSync('/proc/self/fd').length;
    const path = '/run/netns/rgt-no-such';
    expect(() => new EchoSocket({ family, netns: path })).toThrow(expect.objectContaining({ code: 'TAP_NO_NETNS' }));
    process.seteuid?.(65534);
    try {
      expect(() => new EchoSocket({ family })).toThrow(expect.objectContaining({ code: 'ECHO_NO_PERMISSION' }));
      expect(() => open(family, here)).toThrow(expect.objectContaining({ code: 'TAP_NO_PERMISSION' }));
    } finally {
      process.seteuid?.(0);
    }
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });
});

it('reaches link-local neighbours by interface', async () => {
  const socket = open(6, here);
  expect(await socket.ping('fe80::2%v0', 3000)).toBeGreaterThan(0);
  await expect(socket.ping('fe80::2%v9', 100)).rejects.toMatchObject({ code: 'ECHO_BAD_ADDRESS' });
});

it('crosses two TAPs whose frames are handed over by us', async () => {
  const common = { name: 'tap0', mtu: 1400 };
  const a = await KernelTap.open({
    ...common,
    netns: here.path,
    mac: Uint8Array.of(2, 0, 0, 0, 0, 1),
    addresses: ['10.7.0.1/24', 'fd00:7::1/64'],
  });
  const b = await KernelTap.open({
    ...common,
    netns: there.path,
    mac: Uint8Array.of(2, 0, 0, 0, 0, 2),
    addresses: ['10.7.0.2/24', 'fd00:7::2/64'],
  });
  try {
    a.onFrames((frames) => b.send(frames));
    b.onFrames((frames) => a.send(frames));
    expect(await open(4, here).ping('10.7.0.2', 3000)).toBeGreaterThan(0);
    expect(await open(6, there).ping('fd00:7::1', 3000)).toBeGreaterThan(0);
  } finally {
    a.close();
    b.close();
  }
});
