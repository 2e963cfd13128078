import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { Command } from 'commander';
import { capturePort } from '../../bridge/client.ts';
import { runDirectory } from '../../node/client.ts';
import { CliError, Interrupted } from '../errors.ts';
import { untilToldToEnd } from '../lifetime.ts';

const examples = `
Examples:
  ringlet capture br0 lan0 -w lan0.pcap
  ringlet capture br0 1 | tcpdump -n -r -`;

export function command(): Command {
  return new Command('capture')
    .summary('capture the frames of a port of a running bridge')
    .description("Writes the frames of a bridge's port, both ways, as a pcap file until Ctrl-C or the end of the port.")
    .argument('<BRIDGE>', 'its name')
    .argument('<PORT>', 'name or number')
    .option('-w, --write <file>', 'where to write; - is standard output', '-')
    .addHelpText('after', examples)
    .action(capture);
}

async function capture(bridge: string, port: string, { write }: { readonly write: string }): Promise<void> {
  if (write === '-' && process.stdout.isTTY) {
    const wayOut = "give -w FILE, or pipe it into 'tcpdump -n -r -'";
    throw new CliError('CLI_TERMINAL', `a capture is nothing for a terminal: ${wayOut}`);
  }
  const { ending } = untilToldToEnd();
  const out = write === '-' ? process.stdout : await openFile(write);
  const readerGone = new AbortController();
  out.on('error', () => readerGone.abort());
  const done = AbortSignal.any([ending, readerGone.signal]);
  await capturePort(
    runDirectory(process.env),
    bridge,
    port,
    (bytes, resume) => {
      if (out.write(bytes)) return true;
      out.once('drain', resume);
      return false;
    },
    done,
  );
  if (out !== process.stdout) await new Promise<void>((resolve) => out.end(resolve));
  if (ending.aborted && !(ending.reason instanceof Interrupted)) throw ending.reason;
}

function openFile(path: string): Promise<Writable> {
  const file = createWriteStream(path);
  return new Promise((resolve, reject) => {
    file.once('open', () => resolve(file));
    file.once('error', (cause) => {
      reject(new CliError('CLI_FILE', `cannot write ${path}: ${cause.message}`, { cause }));
    });
  });
}
