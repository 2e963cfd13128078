import { lstatSync, rmSync } from 'node:fs';
import { createConnection, type ListenOptions, type Server, type Socket } from 'node:net';

/** Nothing can listen at an address; `message` is for the user and names the way out. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly code = 'LISTEN_FAILED';
}

/** Closes a server and its connections, which a tool may keep open for as long as it likes. */
export type CloseServer = () => Promise<void>;

/** Listens on a Unix socket (a stale one is removed first) or a TCP address. Throws LISTEN_FAILED. */
export async function listen(server: Server, where: ListenOptions): Promise<CloseServer> {
  const { path, host, port } = where;
  if (path !== undefined) removeSocket(path);
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const wayOut =
        cause.code === 'EADDRINUSE' ? 'something else listens there; choose another port' : 'choose another address';
      reject(new ListenError(`cannot listen on ${path ?? `${host}:${port}`} (${cause.code}): ${wayOut}`, { cause }));
    });
    server.listen(where, resolve);
  });
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
}

/** Whether something listens on a Unix socket. */
export function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Nothing but a socket is removed, whatever a user gives as its path. */
function removeSocket(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) rmSync(path, { force: true });
}
