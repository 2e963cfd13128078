import { linkSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../src/lib/virtual-clock.ts';
import { dialUnixPort, type FramePort, listenUnixPort } from '../../src/tap/index.ts';
import { MTU, type TapUnderTest, taggedFrame, tagOf, tapCompliance } from './support/tap-compliance.ts';
import { waitFor } from './support/wait.ts';

const MAC = Uint8Array.of(2, 0, 0, 0, 0, 0x33);

let folder: string;
let path: string;
const closers: (() => void)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ringlet-unix-'));
  path = join(folder, 'port.sock');
});

afterEach(() => {
  for (const close of closers.splice(0)) close();
  rmSync(folder, { recursive: true });
});

const opened = <P extends FramePort>(port: P): P => {
  closers.push(() => port.close());
  return port;
};
const dial = (to = path) => opened(dialUnixPort({ name: 'unix0', mac: MAC, mtu: MTU, path: to }));
const listen = async (at = path) => opened(await listenUnixPort({ name: 'punix0', mac: MAC, mtu: MTU, path: at }));

/** A peer that speaks bytes. */
function rawPeer(to = path): Promise<Socket> {
  const socket = createConnection(to);
  closers.push(() => socket.destroy());
  return new Promise((resolve, reject) => socket.once('connect', () => resolve(socket)).once('error', reject));
}

/** Listens, and keeps the connections. */
async function rawServer(at = path): Promise<{ server: Server; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(socket.on('error', () => {})));
  await new Promise<void>((resolve) => server.listen(at, resolve));
  closers.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { server, sockets };
}

async function pair(tap: FramePort, far: FramePort, outage: TapUnderTest['setLink']): Promise<TapUnderTest> {
  const hostReceived: Uint8Array[] = [];
  far.onFrames((frames) => hostReceived.push(...frames.map((frame) => frame.slice())));
  await waitFor(() => tap.isUp && far.isUp);
  const dispose = async () => {
    tap.close();
    far.close();
  };
  return { tap, hostReceived, hostSend: (frames) => void far.send(frames), setLink: outage, dispose };
}

/** The link goes down when the peer is gone. */
tapCompliance('a dialling Unix port', async () => {
  let far = await listen();
  const hostReceived: Uint8Array[] = [];
  const attach = () => far.onFrames((frames) => hostReceived.push(...frames.map((frame) => frame.slice())));
  const under = await pair(dial(), far, async (isUp) => {
    if (!isUp) return far.close();
    far = await listen();
    attach();
  });
  attach();
  return { ...under, hostReceived };
});

tapCompliance('a listening Unix port', async () => {
  const tap = await listen();
  let far = dial();
  const hostReceived: Uint8Array[] = [];
  const attach = () => far.onFrames((frames) => hostReceived.push(...frames.map((frame) => frame.slice())));
  const under = await pair(tap, far, async (isUp) => {
    if (!isUp) return far.close();
    far = dial();
    attach();
  });
  attach();
  return { ...under, hostReceived, hostSend: (frames) => void far.send(frames) };
});

describe('a listening port', () => {
  it('is for its owner only, and its file is gone when it is closed', async () => {
    const port = await listen();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    port.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('takes over a socket that nobody listens on any more', async () => {
    const { server } = await rawServer(join(folder, 'first'));
    linkSync(join(folder, 'first'), path);
    server.close();
    await listen();
    await rawPeer();
  });

  it('leaves a socket that somebody listens on, or another kind of file, alone', async () => {
    await listen();
    await expect(listen()).rejects.toMatchObject({
      code: 'UNIX_BUSY',
      message: `somebody listens on '${path}' already, or it is no socket: choose another path`,
    });
    await rawPeer();
    const file = join(folder, 'file');
    writeFileSync(file, 'precious');
    await expect(listen(file)).rejects.toMatchObject({ code: 'UNIX_BUSY' });
    await expect(listen(folder)).rejects.toMatchObject({ code: 'UNIX_BUSY' });
  });

  it.each([
    ['', 'UNIX_BAD_PATH'],
    [`/tmp/${'x'.repeat(103)}`, 'UNIX_BAD_PATH'],
    ['/tmp/a\0b', 'UNIX_BAD_PATH'],
    ['/no/such/folder/socket', 'UNIX_FAILED'],
  ])("refuses the path '%s': %s", async (bad, code) => {
    await expect(listen(bad)).rejects.toMatchObject({ code });
  });

  it('has one peer at a time: a newer one replaces the older', async () => {
    const port = await listen();
    const states: boolean[] = [];
    port.onLink((isUp) => states.push(isUp));
    const older = await rawPeer();
    let isOlderClosed = false;
    older.on('close', () => {
      isOlderClosed = true;
    });
    older.resume();
    await waitFor(() => port.isUp);
    const newer = await rawPeer();
    const received: Buffer[] = [];
    newer.on('data', (chunk) => received.push(chunk));
    await waitFor(() => isOlderClosed);
    port.send([taggedFrame(3)]);
    await waitFor(() => Buffer.concat(received).length === 66);
    expect(Buffer.concat(received)).toEqual(Buffer.from([0, 64, ...taggedFrame(3)]));
    expect(states).toEqual([true]);
    newer.destroy();
    await waitFor(() => !port.isUp);
    expect(states).toEqual([true, false]);
  });

  it.each([
    [0, 0],
    [0, 13],
    [0xff, 0xff],
  ])('closes a connection that speaks of %i, %i bytes, and counts it', async (...bytes) => {
    const port = await listen();
    const tags: (number | undefined)[] = [];
    port.onFrames((frames) => tags.push(...frames.map(tagOf)));
    const peer = await rawPeer();
    let isClosed = false;
    peer.on('close', () => {
      isClosed = true;
    });
    peer.resume();
    peer.write(Buffer.from([0, 64, ...taggedFrame(1), ...bytes]));
    await waitFor(() => isClosed);
    expect(tags).toEqual([1]);
    expect(port.counters).toMatchObject({ rxFrames: 1, rxBytes: 64, rxDropped: 1 });
    await rawPeer();
    await waitFor(() => port.isUp);
  });

  it('drops and counts what a peer that does not read leaves in the queue, which stays short', async () => {
    const port = await listen();
    const peer = await rawPeer();
    peer.pause();
    await waitFor(() => port.isUp);
    const frames = Array.from({ length: 1000 }, (_, tag) => taggedFrame(tag, 1000));
    const before = process.memoryUsage().arrayBuffers;
    for (let round = 0; round < 200; round += 1) port.send(frames);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 << 20);
    expect(port.counters.txDropped).toBeGreaterThan(190_000);
    expect(port.counters.txFrames + port.counters.txDropped).toBe(200_000);
    let received = 0;
    peer.on('data', (chunk) => {
      received += chunk.length;
    });
    peer.resume();
    await waitFor(() => received === port.counters.txFrames * 1002);
  });
});

describe('a dialling port', () => {
  it('comes back after its peer, ever more slowly up to 8 seconds, never in step with others', async () => {
    const clock = new VirtualClock();
    const waits: number[] = [];
    const spy = {
      now: () => clock.now(),
      wallTime: () => clock.wallTime(),
      after: (ms: number, task: () => void) => {
        waits.push(ms);
        return clock.after(ms, task);
      },
    };
    const random = 0.5;
    const port = opened(dialUnixPort({ name: 'unix0', mac: MAC, mtu: MTU, path, clock: spy, random: () => random }));
    for (let turn = 1; turn <= 8; turn += 1) {
      await waitFor(() => waits.length === turn);
      clock.advance(8000);
    }
    expect(waits.map((ms) => ms / 0.75)).toEqual([200, 400, 800, 1600, 3200, 6400, 8000, 8000]);
    await waitFor(() => waits.length === 9);
    const { sockets } = await rawServer();
    clock.advance(8000);
    await waitFor(() => port.isUp);
    sockets[0]?.destroy();
    await waitFor(() => !port.isUp && waits.length === 10);
    expect(waits[9]! / 0.75).toBe(200);
    clock.advance(8000);
    await waitFor(() => port.isUp);
  });

  it('takes frames as long as their length can say', async () => {
    const far = opened(await listenUnixPort({ name: 'punix0', mac: MAC, mtu: 70_000, path }));
    const near = opened(dialUnixPort({ name: 'unix0', mac: MAC, mtu: 70_000, path }));
    const received: number[] = [];
    far.onFrames((frames) => received.push(...frames.map(({ length }) => length)));
    await waitFor(() => near.isUp);
    expect(near.send([taggedFrame(1, 65_536), taggedFrame(2, 65_535)])).toBe(1);
    await waitFor(() => received.length > 0);
    expect(received).toEqual([65_535]);
  });

  it('dials no more once it is closed', async () => {
    const port = dial();
    port.close();
    const { sockets } = await rawServer();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(sockets).toEqual([]);
    expect(port.send([taggedFrame(1)])).toBe(0);
  });
});
