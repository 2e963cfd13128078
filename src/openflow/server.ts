import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Logger } from 'pino';
import type { Agent } from '../../switch/index.ts';
import type { Clock } from '../lib/clock.ts';
import { accepts, type CloseServer, ListenError, listen } from '../lib/listen.ts';
import { Conversation } from './conversation.ts';
import type { Snoop } from './snoop.ts';
import { socketStream } from './stream.ts';
import { formatListening, type ListenTarget } from './target.ts';
import { listenIdentity, type TlsIdentity } from './tls.ts';

const maxConnections = 64;
/** A client that does not get through the TLS handshake in this time is cut off. */
const handshakeMs = 5_000;

export interface ServeOptions {
  readonly agent: Agent;
  readonly clock: Clock;
  readonly log: Logger;
  /** Silence after which a client is probed, and after as much again cut off; 0: never. */
  readonly probeMs?: number;
}

export interface Listening {
  /** In Open vSwitch's notation, with the port that was taken. */
  readonly text: string;
  readonly close: CloseServer;
}

/** Of a side that would speak any version from 1.0 to 1.5 (OpenFlow 1.3 section 7.5.1): tools wait for it. */
const anyHello = Uint8Array.of(6, 0, 0, 16, 0, 0, 0, 0, 0, 1, 0, 8, 0, 0, 0, 0x7e);

/** Serves OpenFlow for an agent: each connection is a controller or a tool. */
export function createOpenFlowServer(options: ServeOptions): Server {
  return limited(createServer((socket) => serve(socket, options)));
}

/** Serves OpenFlow for an agent where `target` says. Throws LISTEN_FAILED and OPENFLOW_TLS. */
export function listenOpenFlow(
  target: ListenTarget,
  tls: TlsIdentity | undefined,
  options: ServeOptions,
): Promise<Listening> {
  return listenStreams(target, tls, { serve: (socket) => serve(socket, options), log: options.log, maxConnections });
}

export interface ListenOptions {
  /** Takes a connection; over TLS, one whose certificate is accepted. */
  serve(socket: Socket): void;
  readonly log: Logger;
  readonly maxConnections: number;
}

/** Listens where `target` says. Throws LISTEN_FAILED and OPENFLOW_TLS. */
export async function listenStreams(
  target: ListenTarget,
  tls: TlsIdentity | undefined,
  { serve, log, maxConnections }: ListenOptions,
): Promise<Listening> {
  const { where, text } = target;
  const server =
    where.transport === 'ssl' ? createSecureServer(listenIdentity(tls, text), serve, log) : createServer(serve);
  server.maxConnections = maxConnections;
  if (where.transport === 'unix') {
    await refuseTaken(where.path);
    return { text, close: await listen(server, { path: where.path }) };
  }
  const close = await listen(server, { host: where.host, port: where.port });
  return { text: formatListening(target, (server.address() as AddressInfo).port), close };
}

/** Shows to whoever connects what switch and controllers say to each other. */
export function createSnoopServer(snoop: Snoop): Server {
  return limited(
    createServer((socket) => {
      const stream = socketStream(socket, undefined, {
        open: () => {},
        // The other side's hello, and whatever else it says, has nobody to hear it.
        data: () => {},
        drain: () => snoop.drained(stream),
        close: () => snoop.remove(stream),
      });
      stream.write(anyHello);
      snoop.add(stream);
    }),
  );
}

function createSecureServer(
  { options: secrets, hasAuthority }: TlsIdentity,
  serve: ListenOptions['serve'],
  log: Logger,
): Server {
  const server = createTlsServer({
    ...secrets,
    handshakeTimeout: handshakeMs,
    requestCert: hasAuthority,
    rejectUnauthorized: hasAuthority,
  });
  server.on('secureConnection', serve);
  server.on('tlsClientError', (error) => log.warn({ error: error.message }, 'OpenFlow client refused'));
  return server;
}

function limited(server: Server): Server {
  server.maxConnections = maxConnections;
  return server;
}

function serve(socket: Socket, { agent, clock, log, probeMs = 0 }: ServeOptions): void {
  const stream = socketStream(socket, undefined, {
    open: () => {},
    data: (bytes) => conversation.receive(bytes),
    drain: () => conversation.drain(),
    close: (reason) => {
      log.debug({ reason }, 'OpenFlow connection over');
      conversation.closed();
    },
  });
  const conversation = new Conversation({
    ...{ agent, stream, clock, probeMs, kind: 'service' },
    ended: (reason) => log.info({ reason }, 'OpenFlow connection closed'),
  });
}

async function refuseTaken(path: string): Promise<void> {
  if (await accepts(path)) {
    throw new ListenError(`cannot listen on ${path}: something else listens there; choose another path`);
  }
}
