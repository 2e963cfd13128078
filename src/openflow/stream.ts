import { createConnection, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import type { DialTarget } from './target.ts';
import { dialIdentity, type TlsIdentity } from './tls.ts';

/** What becomes of a connection. */
export interface StreamEvents {
  /** Connected, and over TLS: the other side's certificate is accepted. */
  open(): void;
  data(bytes: Uint8Array): void;
  /** More may be written again. */
  drain(): void;
  /** The end, whatever the cause. Nothing is called after it. */
  close(reason: string): void;
}

/** A connection as its user sees it; a socket, or what a test puts in its place. */
export interface Stream {
  /** Such as TLSv1.3; undefined without TLS, and until it is open. */
  readonly security: string | undefined;
  /** False: hold back until `drain`. */
  write(bytes: Uint8Array): boolean;
  /** Asks for no more `data` until `resume`. */
  pause(): void;
  resume(): void;
  /** Ends it once what was written is out. */
  end(): void;
  /** Ends it at once. `close` is still called. */
  destroy(): void;
}

/** Begins to open a connection. */
export type Dial = (events: StreamEvents) => Stream;

/** Time for the other side to take what was written, and to close. */
const lingerMs = 2_000;

/** How to reach a controller. Throws OPENFLOW_TLS when `ssl:` lacks what it needs. */
export function dialler({ where, text }: DialTarget, tls?: TlsIdentity): Dial {
  const secrets = where.transport === 'ssl' ? dialIdentity(tls, text) : {};
  return (events) => {
    if (where.transport === 'unix') return socketStream(createConnection(where.path), 'connect', events);
    const { host, port } = where;
    if (where.transport === 'tcp') return socketStream(createConnection({ host, port }), 'connect', events);
    // Whoever has a certificate of this authority is the controller: those of ovs-pki name no hosts.
    const socket = connectTls({ ...secrets, host, port, checkServerIdentity: () => undefined });
    return socketStream(socket, 'secureConnect', events);
  };
}

/** `openEvent`: what the socket tells when it is ready to be used; undefined: it is. */
export function socketStream(socket: Socket, openEvent: string | undefined, events: StreamEvents): Stream {
  let reason = 'the other side closed it';
  socket.setNoDelay(true);
  if (openEvent !== undefined) socket.once(openEvent, () => events.open());
  socket.on('data', (bytes: Buffer) => events.data(bytes));
  socket.on('drain', () => events.drain());
  socket.on('error', (error: NodeJS.ErrnoException) => {
    reason = error.code ?? error.message;
  });
  socket.once('close', () => events.close(reason));
  return {
    get security() {
      return socket instanceof TLSSocket ? (socket.getProtocol() ?? undefined) : undefined;
    },
    write: (bytes) => socket.write(bytes),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    end: () => {
      socket.end();
      setTimeout(() => socket.destroy(), lingerMs).unref();
    },
    destroy: () => socket.destroy(),
  };
}
