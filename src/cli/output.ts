export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function sayError(text: string): void {
  process.stderr.write(`ringlet: ${text}\n`);
}

/** A reader that has seen enough (`ringlet flows | head`) is no error; a command that must clean up goes on to do so. */
export function quietOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}
