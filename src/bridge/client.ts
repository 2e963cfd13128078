/** Asking a live bridge: the light part of this folder's face. It loads nothing heavy, so that commands answer at once. */
import { ask, follow } from '../control/client.ts';
import { ControlError } from '../control/errors.ts';
import type { BridgeReports } from './report.ts';

export * from './report.ts';

/** Throws CONTROL_NOT_RUNNING and CONTROL_REFUSED. */
export async function askBridge<Q extends keyof BridgeReports>(
  directory: string,
  name: string,
  question: Q,
  args: Readonly<Record<string, string>> = {},
): Promise<BridgeReports[Q]> {
  const { of, data } = await ask(directory, name, { ...args, ask: question });
  if (of === 'bridge') return data as BridgeReports[Q];
  throw new ControlError('CONTROL_REFUSED', `${name} is a ${of}, not a bridge`);
}

/** Gives the bytes of a capture file of `port` until the bridge or `ending` ends it. `onBytes`: false asks to hold back. */
export async function capturePort(
  directory: string,
  name: string,
  port: string,
  onBytes: (bytes: Buffer, resume: () => void) => boolean,
  ending: AbortSignal,
): Promise<void> {
  await follow(
    directory,
    name,
    { ask: 'capture', port },
    (bytes, socket) => {
      if (!onBytes(bytes, () => socket.resume())) socket.pause();
    },
    ending,
  );
}
