import type { Logger } from 'pino';
import { RendezvousServer } from '../signal/index.ts';

export interface RunningRendezvous {
  /** What nodes are given as their rendezvous. */
  readonly url: string;
  close(): Promise<void>;
}

/** Starts the embedded rendezvous server. Throws a SignalError when it cannot listen. */
export async function startRendezvous(
  where: { readonly host: string; readonly port: number },
  log: Logger,
): Promise<RunningRendezvous> {
  const server = await RendezvousServer.listen({ ...where, log: (event, fields) => log.info(fields, event) });
  return { url: server.url, close: () => server.close() };
}
