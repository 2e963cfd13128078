import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeId } from '../../../topology/index.ts';
import type { TracedFrame } from './frame-trace.ts';
import { traceToMermaid } from './mermaid.ts';
import { traceToPcapng } from './pcapng.ts';

/**
 * Writes a trace as NAME.pcapng and as NAME.mmd, a Mermaid sequence with the frames of the nodes that it is `about`. Makes the
 * folder where it is missing. Returns the two paths.
 */
export async function writeTrace(
  folder: string,
  name: string,
  trace: readonly TracedFrame[],
  about?: ReadonlySet<NodeId>,
): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  const [capture, sequence] = [join(folder, `${name}.pcapng`), join(folder, `${name}.mmd`)];
  await writeFile(capture, traceToPcapng(trace));
  await writeFile(sequence, traceToMermaid(trace, about));
  return [capture, sequence];
}
