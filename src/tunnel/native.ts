/** The only file that imports node-datachannel. */
export {
  cleanup,
  type DataChannel,
  initLogger,
  PeerConnection,
  type RtcConfig,
} from 'node-datachannel';

/**
 * Wraps a callback for native code, where an exception would end the process without a word: it is thrown again from
 * the event loop instead, as from any other event handler.
 */
export function guarded<A extends unknown[]>(callback: (...args: A) => void): (...args: A) => void {
  return (...args) => {
    try {
      callback(...args);
    } catch (error) {
      setImmediate(() => {
        throw error;
      });
    }
  };
}
