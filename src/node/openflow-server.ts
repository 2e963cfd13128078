import { createServer, type Server, type Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Agent } from '../../switch/index.ts';
import type { Clock } from '../lib/clock.ts';

const maxConnections = 64;

/** Serves OpenFlow for an agent: each connection is a controller or a tool. */
export function createOpenFlowServer(agent: Agent, clock: Clock, log: Logger): Server {
  const server = createServer((socket) => serve(socket, agent, clock, log));
  server.maxConnections = maxConnections;
  return server;
}

function serve(socket: Socket, agent: Agent, clock: Clock, log: Logger): void {
  socket.setNoDelay(true);
  const connection = agent.connect(
    {
      send: (bytes) => {
        if (!socket.write(bytes)) connection.setWritable(false);
      },
      close: (reason) => {
        log.info({ reason }, 'OpenFlow connection closed');
        socket.end();
      },
    },
    'service',
  );
  socket.on('drain', () => connection.setWritable(true));
  socket.on('data', (bytes: Buffer) => connection.receive(bytes, clock.now()));
  socket.on('error', (error) => log.debug({ error: error.message }, 'OpenFlow connection broke'));
  socket.on('close', () => connection.closed());
}
