import { createServer as createHttpServer } from 'node:http';
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { Identity } from '../../src/identity/index.ts';
import { systemClock } from '../../src/lib/system-clock.ts';
import { VirtualClock } from '../../src/lib/virtual-clock.ts';
import { RendezvousClient, type RendezvousOptions, RendezvousServer, SignalError } from '../../src/signal/index.ts';
import { register } from '../../src/signal/wire.ts';
import { describeSignals, SignalRecorder } from './support/signal-compliance.ts';
import { until } from './support/until.ts';

const host = '127.0.0.1';
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

describeSignals('rendezvous', async () => {
  let server = await RendezvousServer.listen({ host, port: 0 });
  const { url } = server;
  return {
    signal: (options) => new RendezvousClient({ ...options, url, clock: systemClock, random: Math.random }),
    stop: () => server.close(),
    async restart() {
      server = await RendezvousServer.listen({ host, port: Number(new URL(url).port) });
    },
    until,
    settle: () => new Promise((resolve) => setTimeout(resolve, 100)),
    end: () => server.close(),
  };
});

async function serve(options: Partial<RendezvousOptions> = {}): Promise<RendezvousServer> {
  const server = await RendezvousServer.listen({ host, port: 0, ...options });
  closers.push(() => server.close());
  return server;
}

function client(url: string, overlay = 'home') {
  const events = new SignalRecorder();
  const signer = Identity.generate();
  const signal = new RendezvousClient({
    url,
    overlay,
    signer,
    name: 'node',
    events,
    clock: systemClock,
    random: Math.random,
  });
  closers.push(() => signal.close());
  return { signal, events, signer };
}

/** A client that says whatever a test wants. */
function stranger(url: string) {
  const socket = new WebSocket(url);
  const heard: Record<string, unknown>[] = [];
  let closed: number | undefined;
  socket.on('message', (data) => heard.push(JSON.parse(String(data))));
  socket.on('close', (code) => {
    closed = code;
  });
  socket.on('error', () => {});
  closers.push(() => socket.terminate());
  return {
    socket,
    heard,
    isClosed: () => closed !== undefined,
    async nonce() {
      await until(() => heard.length > 0);
      return String(heard[0]?.nonce);
    },
  };
}

describe('the rendezvous server', () => {
  it('says in one line that its port is in use', async () => {
    const server = await serve();
    const port = Number(new URL(server.url).port);
    const second = RendezvousServer.listen({ host, port });
    await expect(second).rejects.toBeInstanceOf(SignalError);
    await expect(second).rejects.toMatchObject({
      code: 'SIGNAL_PORT_IN_USE',
      message: `port ${port} on ${host} is in use: stop the program that listens there, or choose another port`,
    });
    await expect(RendezvousServer.listen({ host: '192.0.2.1', port: 0 })).rejects.toMatchObject({
      code: 'SIGNAL_CANNOT_LISTEN',
    });
  });

  it('registers nobody whose signature does not fit', async () => {
    const server = await serve();
    const [honest, liar] = [Identity.generate(), Identity.generate()];
    const forgeries = (nonce: string) => [
      { ...register(liar, nonce, 'home', 'x'), publicKey: honest.publicKey },
      { ...register(honest, nonce, 'home', 'x'), name: 'y' },
      { ...register(honest, nonce, 'home', 'x'), overlay: 'away' },
      register(honest, Identity.generate().publicKey, 'home', 'x'),
    ];
    for (let index = 0; index < 4; index += 1) {
      const one = stranger(server.url);
      const nonce = await one.nonce();
      one.socket.send(JSON.stringify(forgeries(nonce)[index]));
      await until(one.isClosed);
      expect(one.heard.at(-1)).toEqual({ type: 'refused', reason: 'the signature does not fit the key' });
    }
    expect(server.counters.badSignature).toBe(4);
  });

  it.each([
    ['text that is not JSON', 'nonsense'],
    ['JSON that is no message', '{"type":"dance"}'],
    ['a message with more than it should have', '{"type":"relay","to":"00","payload":"","more":1}'],
    ['a message before it registered', `{"type":"relay","to":"${'0'.repeat(32)}","payload":""}`],
    ['a binary message', Buffer.of(1, 2, 3)],
    ['a message that is too long', 'x'.repeat(65_537)],
  ])('cuts off a client that sends %s', async (_, message) => {
    const server = await serve();
    const one = stranger(server.url);
    await one.nonce();
    one.socket.send(message);
    await until(one.isClosed);
    expect(server.counters.malformed).toBe(1);
  });

  it('registers a connection once', async () => {
    const server = await serve();
    const one = stranger(server.url);
    const text = JSON.stringify(register(Identity.generate(), await one.nonce(), 'home', 'x'));
    one.socket.send(text);
    one.socket.send(text);
    await until(one.isClosed);
    expect(one.heard.map(({ type }) => type)).toEqual(['challenge', 'members', 'refused']);
  });

  it('has room for so many, and says so to the next', async () => {
    const server = await serve({ limits: { members: 2, overlays: 2, connections: 4 } });
    for (const overlay of ['one', 'one', 'two']) await client(server.url, overlay).signal.start();
    await expect(client(server.url, 'one').signal.start()).rejects.toMatchObject({
      code: 'SIGNAL_REFUSED',
      message: `the rendezvous at ${server.url} refused this node: the overlay has 2 members already`,
    });
    await expect(client(server.url, 'three').signal.start()).rejects.toMatchObject({ code: 'SIGNAL_REFUSED' });
    expect(server.counters.full).toBe(2);
    await client(server.url, 'two').signal.start();
    await expect(client(server.url, 'two').signal.start()).rejects.toMatchObject({ code: 'SIGNAL_UNREACHABLE' });
    expect(server.counters.refusedConnections).toBe(1);
  });

  it('drops what a client sends too fast, pings too, and what is for nobody', async () => {
    const server = await serve();
    const { signal } = client(server.url);
    await signal.start();
    const nobody = Identity.generate().nodeId;
    for (let index = 0; index < 1_000; index += 1) signal.send(nobody, 'x');
    await until(() => server.counters.overRate + server.counters.undeliverable === 1_000);
    expect(server.counters.overRate).toBeGreaterThan(400);
    const one = stranger(server.url);
    await one.nonce();
    for (let index = 0; index < 1_000; index += 1) one.socket.ping();
    await until(() => server.counters.overRate > 900);
  });

  it('cuts off a client that does not read', async () => {
    const server = await serve();
    const one = stranger(server.url);
    const deaf = Identity.generate();
    one.socket.send(JSON.stringify(register(deaf, await one.nonce(), 'home', 'deaf')));
    await until(() => one.heard.length === 2);
    one.socket.pause();
    const talkers = Array.from({ length: 4 }, () => client(server.url));
    for (const { signal } of talkers) await signal.start();
    await until(() => {
      for (const { signal } of talkers) signal.send(deaf.nodeId, 'x'.repeat(60_000));
      return server.counters.slow > 0;
    });
    await until(() => talkers.every(({ events }) => !events.known.has(deaf.nodeId)));
  });

  it('gives a client five seconds to register', async () => {
    const clock = new VirtualClock();
    const server = await serve({ clock });
    const one = stranger(server.url);
    await one.nonce();
    clock.advance(4_999);
    expect(server.counters.unregistered).toBe(0);
    clock.advance(1);
    await until(one.isClosed);
    expect(server.counters.unregistered).toBe(1);
  });

  it('finds out within twenty seconds that a machine is gone', async () => {
    const clock = new VirtualClock();
    const server = await serve({ clock });
    const { signal, events } = client(server.url);
    await signal.start();
    // A proxy that stops carrying anything stands for the cable that was pulled.
    const proxy = createServer((inside: Socket) => {
      const outside = connectTcp(Number(new URL(server.url).port), host);
      inside.pipe(outside).pipe(inside);
      inside.on('error', () => {});
      outside.on('error', () => {});
      closers.push(() => {
        for (const socket of [inside, outside]) socket.destroy();
      });
      cut = () => {
        for (const socket of [inside, outside]) {
          socket.unpipe();
          socket.pause();
        }
      };
    });
    let cut = () => {};
    await new Promise<void>((resolve) => proxy.listen(0, host, resolve));
    closers.push(() => proxy.close());
    const address = proxy.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy listens on no port');
    const far = client(`ws://${host}:${address.port}`);
    await far.signal.start();
    await until(() => events.known.size === 1);
    cut();
    clock.advance(10_000);
    // The near client answers its ping; the far one cannot.
    await new Promise((resolve) => setTimeout(resolve, 50));
    clock.advance(10_000);
    await until(() => events.known.size === 0);
    expect(server.counters.silent).toBe(1);
    expect(events.log).not.toContain('disconnected');
  });

  it('logs who comes and goes', async () => {
    const lines: string[] = [];
    const server = await serve({ log: (event, fields) => lines.push(`${event} ${fields.node}`) });
    const { signal, signer } = client(server.url);
    await signal.start();
    signal.close();
    await until(() => lines.length === 2);
    expect(lines).toEqual([`member joined ${signer.nodeId}`, `member left ${signer.nodeId}`]);
  });

  it('tells a browser what it is', async () => {
    const server = await serve();
    const response = await fetch(server.url.replace('ws:', 'http:'));
    expect(response.status).toBe(426);
    expect(await response.text()).toContain('speaks WebSocket');
  });
});

describe('the rendezvous client', () => {
  it('says in one line what it could not reach and what to check', async () => {
    const url = 'ws://127.0.0.1:9';
    await expect(client(url).signal.start()).rejects.toMatchObject({
      code: 'SIGNAL_UNREACHABLE',
      message: `cannot reach the rendezvous at ${url} (ECONNREFUSED): is it running, and is the address right?`,
    });
    await expect(client('rendezvous.example').signal.start()).rejects.toMatchObject({
      code: 'SIGNAL_UNREACHABLE',
      message: 'rendezvous.example is no address of a rendezvous: write ws://HOST:PORT or wss://HOST:PORT',
    });
  });

  it('gives up on a server that accepts and says nothing', async () => {
    const silent = createServer((socket) => closers.push(() => socket.destroy()));
    await new Promise<void>((resolve) => silent.listen(0, host, resolve));
    closers.push(() => silent.close());
    const address = silent.address();
    if (address === null || typeof address === 'string') throw new Error('the server listens on no port');
    const clock = new VirtualClock();
    const signal = new RendezvousClient({
      url: `ws://${host}:${address.port}`,
      overlay: 'home',
      signer: Identity.generate(),
      name: 'node',
      events: new SignalRecorder(),
      clock,
      random: () => 0,
    });
    const starting = signal.start();
    clock.advance(5_000);
    await expect(starting).rejects.toMatchObject({ code: 'SIGNAL_UNREACHABLE' });
  });

  it('ignores and counts what a server should not say', async () => {
    const server = await fakeServer();
    const { signal, events, signer } = client(server.url);
    const starting = signal.start();
    const socket = await server.connection;
    const say = (message: unknown) => socket.send(typeof message === 'string' ? message : JSON.stringify(message));
    const member = { publicKey: Identity.generate().publicKey, name: 'other' };
    say('nonsense');
    say({ type: 'members', members: [] });
    say({ type: 'challenge', v: 1, nonce: Identity.generate().publicKey });
    say({ type: 'joined', member });
    say({ type: 'members', members: [{ ...member, nodeId: signer.nodeId }] });
    say({ type: 'members', members: [member] });
    await starting;
    say({ type: 'members', members: [] });
    say({ type: 'joined', member: { ...member, name: 'two words' } });
    say({ type: 'left', nodeId: 'me' });
    say({ type: 'message', from: 'me', payload: 'x' });
    say(Buffer.of(1).toString());
    say({ type: 'left', nodeId: [...events.known.keys()][0] });
    await until(() => events.log.includes('left'));
    expect(signal.counters.malformed).toBe(9);
    expect(events.log).toEqual(['connected', 'members', 'left']);
    expect(events.received).toEqual([]);
  });

  it('leaves a connection that fell silent, and backs off from a server that will not have it', async () => {
    const clock = new VirtualClock();
    const server = await fakeServer();
    const events = new SignalRecorder();
    const signal = new RendezvousClient({
      url: server.url,
      overlay: 'home',
      signer: Identity.generate(),
      name: 'node',
      events,
      clock,
      random: () => 0.5,
    });
    closers.push(() => signal.close());
    const starting = signal.start();
    const socket = await server.connection;
    socket.send(JSON.stringify({ type: 'challenge', v: 1, nonce: Identity.generate().publicKey }));
    socket.send(JSON.stringify({ type: 'members', members: [] }));
    await starting;
    clock.advance(30_000);
    expect(events.log).toEqual(['connected', 'members', 'disconnected']);
    await server.close();
    // 150 ms, 300 ms, 600 ms ... of the virtual clock lie between attempts, each of which fails for real.
    const attempts: number[] = [];
    for (const wait of [150, 300, 600, 1200]) {
      clock.advance(wait - 1);
      const before = server.attempts();
      clock.advance(1);
      await until(() => server.attempts() > before);
      await new Promise((resolve) => setTimeout(resolve, 20));
      attempts.push(server.attempts());
    }
    expect(attempts).toEqual([2, 3, 4, 5]);
  });
});

/** Accepts connections and leaves what is said on the first to the test; `close` makes it end the later ones at once. */
async function fakeServer() {
  let attempts = 0;
  let open = true;
  const http = createHttpServer();
  const sockets = new WebSocketServer({ noServer: true });
  const connection = new Promise<WebSocket>((resolve) => {
    http.on('upgrade', (request, socket, head) => {
      attempts += 1;
      if (open) sockets.handleUpgrade(request, socket, head, resolve);
      else socket.destroy();
    });
  });
  await new Promise<void>((resolve) => http.listen(0, host, resolve));
  const address = http.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port');
  closers.push(async () => {
    (await connection).terminate();
    http.close();
  });
  return {
    url: `ws://${host}:${address.port}`,
    connection,
    attempts: () => attempts,
    async close() {
      open = false;
      (await connection).terminate();
    },
  };
}
