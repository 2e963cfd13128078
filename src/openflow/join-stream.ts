import type { Clock } from '../lib/clock.ts';
import type { Stream, StreamEvents } from './stream.ts';

/** A switch that sends more than this at a time waits for the others, bytes. */
const sliceBytes = 16_384;

/** What a controller without I/O has of a connection to a switch. */
export interface SwitchConnection {
  receive(bytes: Uint8Array, now: number): void;
  setWritable(isWritable: boolean): void;
  closed(): void;
}

/** A controller without I/O. */
export interface StreamAcceptor {
  accept(
    peer: string,
    transport: {
      readonly security: string | undefined;
      send(bytes: Uint8Array): void;
      close(): void;
    },
    now: number,
  ): SwitchConnection;
}

/** Hands an open stream to the controller. */
export function joinStream(
  controller: StreamAcceptor,
  peer: string,
  clock: Clock,
): { events: StreamEvents; use(stream: Stream): void } {
  let connection: SwitchConnection | undefined;
  let stream: Stream;
  return {
    use: (opened) => {
      stream = opened;
      connection = controller.accept(
        peer,
        {
          security: stream.security,
          send: (bytes) => {
            // The greeting is sent before there is a connection to tell.
            if (!stream.write(bytes)) connection?.setWritable(false);
          },
          close: () => stream.end(),
        },
        clock.now(),
      );
    },
    events: {
      open: () => {},
      data: (bytes) => {
        connection?.receive(bytes, clock.now());
        if (bytes.length < sliceBytes) return;
        stream.pause();
        clock.after(0, () => stream.resume());
      },
      drain: () => connection?.setWritable(true),
      close: () => connection?.closed(),
    },
  };
}
