import { createServer, type Server } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Clock, Timer } from '../lib/clock.ts';
import { nodeIdOf, verifySignature } from '../lib/ed25519.ts';
import { systemClock } from '../lib/system-clock.ts';
import { SignalError } from './errors.ts';
import { Roster } from './roster.ts';
import { Seat, type SeatHost } from './seat.ts';
import {
  type ClientMessage,
  maxClientMessageBytes,
  maxMembers,
  registrationInput,
  replacedCode,
  type ServerMessage,
} from './wire.ts';

/** Everything the server dropped, by why. */
export interface RendezvousCounters {
  /** Messages that are no message of ours, or came out of turn; the connection is closed. */
  malformed: number;
  /** Registrations with a signature that does not fit. */
  badSignature: number;
  /** Registrations for which there was no room. */
  full: number;
  /** Connections that did not register in time. */
  unregistered: number;
  /** Connections over the limit on connections. */
  refusedConnections: number;
  /** Messages of a client that sent too many. */
  overRate: number;
  /** Messages to a node that is not there. */
  undeliverable: number;
  /** Clients that did not read what was sent to them. */
  slow: number;
  /** Clients that did not answer pings. */
  silent: number;
  /** Registrations that took the place of an older one of the same node. */
  replaced: number;
}

export interface RendezvousOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly clock?: Clock;
  /** What happens, for a log: the event, and the ids that belong to it. */
  readonly log?: (event: string, fields: Readonly<Record<string, string>>) => void;
  readonly limits?: Partial<RendezvousLimits>;
}

export interface RendezvousLimits {
  readonly connections: number;
  readonly overlays: number;
  readonly members: number;
}

const defaultLimits: RendezvousLimits = { connections: 4096, overlays: 1024, members: maxMembers };
/** A client that misses a ping is found dead within two of these. */
const pingIntervalMs = 10_000;

/** The courier that nodes meet at. It relays what it cannot read more into than who talks to whom, and stores nothing. */
export class RendezvousServer {
  readonly url: string;
  readonly counters: RendezvousCounters;
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  readonly #clock: Clock;
  readonly #log: NonNullable<RendezvousOptions['log']>;
  readonly #limits: RendezvousLimits;
  readonly #roster: Roster<Seat>;
  readonly #seats = new Set<Seat>();
  #pingTimer: Timer | undefined;
  #closing: Promise<void> | undefined;

  /** Rejects with a SignalError when the address cannot be listened on. */
  static async listen(options: RendezvousOptions): Promise<RendezvousServer> {
    const http = createServer((_request, response) => {
      response.writeHead(426, { 'content-type': 'text/plain', connection: 'close' });
      response.end('This is a rendezvous for Ringlet nodes; it speaks WebSocket.\n');
    });
    await new Promise<void>((resolve, reject) => {
      http.once('error', (cause) => reject(listenError(options, cause)));
      http.listen(options.port, options.host, resolve);
    });
    return new RendezvousServer(http, options);
  }

  private constructor(http: Server, options: RendezvousOptions) {
    this.#http = http;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? (() => {});
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#roster = new Roster({ maxOverlays: this.#limits.overlays, maxMembers: this.#limits.members });
    this.counters = {
      malformed: 0,
      badSignature: 0,
      full: 0,
      unregistered: 0,
      refusedConnections: 0,
      overRate: 0,
      undeliverable: 0,
      slow: 0,
      silent: 0,
      replaced: 0,
    };
    this.url = urlOf(http);
    http.on('error', (error) => this.#log('rendezvous error', { reason: error.message }));
    this.#sockets = new WebSocketServer({
      server: http,
      maxPayload: maxClientMessageBytes,
      perMessageDeflate: false,
      autoPong: false,
      clientTracking: false,
    });
    this.#sockets.on('error', (error) => this.#log('rendezvous error', { reason: error.message }));
    this.#sockets.on('connection', (socket) => this.#connected(socket));
    this.#ping();
  }

  /** Ends all connections. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#pingTimer?.cancel();
      for (const seat of this.#seats) seat.terminate();
      this.#sockets.close();
      this.#http.close(() => resolve());
      this.#http.closeAllConnections();
    });
    return this.#closing;
  }

  #connected(socket: WebSocket): void {
    if (this.#seats.size >= this.#limits.connections) {
      this.counters.refusedConnections += 1;
      socket.on('error', () => {});
      socket.terminate();
      return;
    }
    const host: SeatHost = {
      clock: this.#clock,
      counters: this.counters,
      message: (seat, message) => this.#message(seat, message),
      gone: (seat) => {
        this.#seats.delete(seat);
        this.#leave(seat);
      },
    };
    this.#seats.add(new Seat(socket, host));
  }

  #message(seat: Seat, message: ClientMessage): void {
    if (message.type === 'register') this.#register(seat, message);
    else this.#relay(seat, message.to, message.payload);
  }

  #register(seat: Seat, { overlay, name, publicKey, sig }: Extract<ClientMessage, { type: 'register' }>): void {
    if (seat.registration !== undefined) {
      seat.refuse('malformed', 'registered already');
      return;
    }
    if (!verifySignature(publicKey, registrationInput(seat.nonce, overlay, name), sig)) {
      seat.refuse('badSignature', 'the signature does not fit the key');
      return;
    }
    const nodeId = nodeIdOf(publicKey);
    this.#replace(overlay, nodeId);
    const full = this.#roster.full(overlay);
    if (full !== undefined) {
      seat.refuse('full', full);
      return;
    }
    const others = [...this.#roster.members(overlay)];
    this.#roster.add(overlay, nodeId, seat);
    seat.register({ overlay, nodeId, member: { publicKey, name } });
    this.#log('member joined', { overlay, node: nodeId, name });
    seat.send({ type: 'members', members: others.flatMap((other) => other.registration?.member ?? []) });
    this.#broadcast(overlay, { type: 'joined', member: { publicKey, name } }, seat);
  }

  /** A node that was killed comes back before its old connection is known to be dead. */
  #replace(overlay: string, nodeId: string): void {
    const older = this.#roster.find(overlay, nodeId);
    if (older === undefined) return;
    this.counters.replaced += 1;
    this.#leave(older);
    older.close(replacedCode, 'this key registered on another connection');
  }

  #relay(seat: Seat, to: string, payload: string): void {
    const from = seat.registration;
    if (from === undefined) {
      seat.refuse('malformed', 'not registered');
      return;
    }
    const target = this.#roster.find(from.overlay, to);
    if (target === undefined) this.counters.undeliverable += 1;
    else target.send({ type: 'message', from: from.nodeId, payload });
  }

  #leave(seat: Seat): void {
    const { registration } = seat;
    if (registration === undefined) return;
    const { overlay, nodeId } = registration;
    if (!this.#roster.remove(overlay, nodeId, seat)) return;
    this.#log('member left', { overlay, node: nodeId });
    this.#broadcast(overlay, { type: 'left', nodeId }, seat);
  }

  #broadcast(overlay: string, message: ServerMessage, except: Seat): void {
    for (const seat of [...this.#roster.members(overlay)]) if (seat !== except) seat.send(message);
  }

  #ping(): void {
    this.#pingTimer = this.#clock.after(pingIntervalMs, () => {
      for (const seat of [...this.#seats]) seat.ping();
      this.#ping();
    });
  }
}

function urlOf(http: Server): string {
  const address = http.address();
  if (address === null || typeof address === 'string') throw new Error('a server that listens on no port');
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `ws://${host}:${address.port}`;
}

function listenError({ host, port }: RendezvousOptions, cause: NodeJS.ErrnoException): SignalError {
  if (cause.code === 'EADDRINUSE') {
    const text = `port ${port} on ${host} is in use: stop the program that listens there, or choose another port`;
    return new SignalError('SIGNAL_PORT_IN_USE', text, { cause });
  }
  const text = `cannot listen on ${host} port ${port} (${cause.code ?? cause.message}): is the address this machine's, and the port above 1023?`;
  return new SignalError('SIGNAL_CANNOT_LISTEN', text, { cause });
}
