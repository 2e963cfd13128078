import { cleanup, guarded, initLogger } from './native.ts';

/** A line of the native library's own log. `level` is one of Verbose, Debug, Info, Warning, Error, Fatal. */
export type LibraryLog = (level: string, message: string) => void;

/** The library is one per process: its log and its threads are shared by all factories and go with the last one. */
let users = 0;
let logging = false;
const logs = new Set<LibraryLog>();

/** Holds the library until the returned function is called. All connections of the caller must be closed by then. */
export function holdLibrary(log: LibraryLog | undefined): () => void {
  users += 1;
  if (log !== undefined) {
    logs.add(log);
    if (!logging) {
      logging = true;
      initLogger(
        'Warning',
        guarded((level: string, message: string) => {
          for (const sink of logs) sink(level, message);
        }),
      );
    }
  }
  let held = true;
  return () => {
    if (!held) return;
    held = false;
    users -= 1;
    if (log !== undefined) logs.delete(log);
    if (users > 0) return;
    logging = false;
    cleanup();
  };
}
