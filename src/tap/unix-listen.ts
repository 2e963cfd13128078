import { lstatSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { TapError } from './errors.ts';
import { UnixPort, type UnixPortOptions } from './unix-port.ts';

/** Only the owner may connect. */
const UMASK = 0o177;
/** sizeof(sockaddr_un.sun_path), less the zero at its end. */
const LONGEST_PATH = 107;

/**
 * A port that others connect to, one at a time: a newer peer replaces an older one. A socket that nobody listens on any
 * more is taken over. Throws UNIX_BAD_PATH, UNIX_BUSY or UNIX_FAILED.
 */
export async function listenUnixPort(options: UnixPortOptions): Promise<UnixPort> {
  const { path } = options;
  const size = Buffer.byteLength(path);
  if (size === 0 || size > LONGEST_PATH || path.includes('\0')) throw new TapError('UNIX_BAD_PATH', path);
  const port = new UnixPort(options);
  const server = createServer((socket) => {
    // 'close' follows.
    socket.on('error', () => {});
    port.connect(socket);
  });
  try {
    await listen(server, path).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') throw error;
      if (!(await isStale(path))) throw new TapError('UNIX_BUSY', path, '', { cause: error });
      rmSync(path, { force: true });
      await listen(server, path);
    });
  } catch (cause) {
    if (cause instanceof TapError) throw cause;
    throw new TapError('UNIX_FAILED', path, cause instanceof Error ? cause.message : String(cause), { cause });
  }
  server.on('error', () => {});
  port.attachTo({ close: () => void server.close() });
  return port;
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // The file is made within listen(): at no time may others connect.
    const umask = process.umask(UMASK);
    try {
      server.listen(path, () => {
        server.off('error', reject);
        resolve();
      });
    } finally {
      process.umask(umask);
    }
  });
}

function isStale(path: string): Promise<boolean> {
  if (!lstatSync(path).isSocket()) return Promise.resolve(false);
  return new Promise((resolve) => {
    const probe: Socket = createConnection({ path });
    probe.on('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}
