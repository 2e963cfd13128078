import { rmSync } from 'node:fs';
import type { ListenOptions, Server, Socket } from 'node:net';
import { NodeError } from './errors.ts';

/** Closes a server and its connections, which a tool may keep open for as long as it likes. */
export type CloseServer = () => Promise<void>;

/** Listens on a Unix socket (a stale one is removed first) or a TCP address. Throws NODE_LISTEN. */
export async function listen(server: Server, where: ListenOptions): Promise<CloseServer> {
  const { path, host, port } = where;
  if (path !== undefined) rmSync(path, { force: true });
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const wayOut =
        cause.code === 'EADDRINUSE' ? 'something else listens there; choose another port' : 'choose another address';
      reject(
        new NodeError('NODE_LISTEN', `cannot listen on ${path ?? `${host}:${port}`} (${cause.code}): ${wayOut}`, {
          cause,
        }),
      );
    });
    server.listen(where, resolve);
  });
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
}
