/** Way out to one controller. */
export interface ControllerTransport {
  /** Takes bytes of the stream, in order; they are the transport's from then on. */
  send(bytes: Uint8Array): void;
  /** Ends the connection after what was sent. The connection is not used afterwards. */
  close(reason: string): void;
}

/** Events are dropped while this much waits for a controller that does not read. */
export const eventBacklog = 1 << 20;
/** A controller that asks and does not read the answers is cut off here. */
export const replyBacklog = 1 << 25;
