import { OfpTextError, parseFlow, parseGroup } from '../../ofp/index.ts';
import { Bridge } from '../../switch/index.ts';
import { type CapturedFrame, readCapture } from '../pcap/index.ts';
import { BridgeError } from './errors.ts';
import type { TraceReport } from './report.ts';
import { Replica } from './trace/replica.ts';

export interface ReplayOptions {
  /** Lines of flows, or with `group` in front of groups, as ovs-ofctl reads and prints them. Undefined: a learning switch. */
  readonly rules: string | undefined;
  /** Ports are numbered from 1 and named p1, p2 ... */
  readonly ports: number;
  /** Where all frames come in; undefined: at the port of their place among the capture's interfaces. */
  readonly inPort: number | undefined;
}

export interface ReplayedFrame {
  /** From 1. */
  readonly number: number;
  /** Since the first frame. */
  readonly seconds: number;
  readonly inPort: number;
  readonly length: number;
  readonly trace: TraceReport;
}

/** Sends the frames of a capture file through a bridge made for it. Throws BRIDGE_REQUEST, and what reading throws. */
export async function* replayCapture(path: string, options: ReplayOptions): AsyncGenerator<ReplayedFrame> {
  const replica = new Replica(makeBridge(options), options.rules === undefined, 0);
  let number = 0;
  let start: bigint | undefined;
  for await (const frame of readCapture(path)) {
    start ??= frame.timeNs;
    number += 1;
    const seconds = Number(frame.timeNs - start) / 1e9;
    const inPort = options.inPort ?? frame.interfaceId + 1;
    if (!replica.bridge.port(inPort)) throw noPort(inPort, frame, options.ports);
    const trace = replica.run(inPort, frame.data, seconds * 1000);
    yield { number, seconds, inPort, length: frame.originalLength, trace };
  }
}

function makeBridge({ rules, ports }: ReplayOptions): Bridge {
  const bridge = new Bridge({ datapathId: 1n, selfId: 1n << 64n });
  for (let no = 1; no <= ports; no++) {
    const mac = Uint8Array.of(2, 0, 0, 0, no >> 8, no & 0xff);
    bridge.addPort({ no, name: `p${no}`, mac, kind: 'leaf', send: (frames) => frames.length }, 0);
  }
  const lines = (rules ?? '').split('\n').map((text, i) => ({ text: text.replace(/#.*/, '').trim(), number: i + 1 }));
  // Flows refer to groups, wherever in the text those stand.
  for (const { text, number } of lines.filter(({ text }) => isGroup(text))) {
    take(number, () => bridge.changeGroups(parseGroup(text.replace(groupWord, '')), 0));
  }
  for (const { text, number } of lines.filter(({ text }) => text !== '' && !isGroup(text) && !isHeading(text))) {
    take(number, () => bridge.changeFlows(parseFlow(text.replace(flowWord, '')), 0));
  }
  return bridge;
}

const groupWord = /^group\s+(add\s+)?|^(?=group_id=)/;
const flowWord = /^flow\s+/;
const isGroup = (text: string) => /^(group\s|group_id=)/.test(text);
/** Of ovs-ofctl dump-flows: `NXST_FLOW reply (xid=0x4):` */
const isHeading = (text: string) => /^\w+ reply .*:$/.test(text);

function take(line: number, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof OfpTextError) && (error as { code?: unknown }).code === undefined) throw error;
    throw new BridgeError('BRIDGE_REQUEST', `line ${line} of the rules: ${(error as Error).message}`, { cause: error });
  }
}

function noPort(port: number, { interfaceId }: CapturedFrame, ports: number): BridgeError {
  const wayOut = 'give more --ports, or an --in-port for all frames';
  return new BridgeError('BRIDGE_REQUEST', `interface ${interfaceId} would be port ${port} of ${ports}: ${wayOut}`);
}
