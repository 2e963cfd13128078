import { type NgPacket, pcapngInterface, pcapngPacket, pcapngSection } from '../../../src/pcap/write-ng.ts';
import { formatNodeId, type NodeId } from '../../../topology/index.ts';
import { nodeNames, type TracedFrame } from './frame-trace.ts';

/**
 * A trace as a pcapng capture: one interface a node. Each frame stands where it was sent, and again where it arrived, with a
 * comment of what became of it. Virtual time counts from 1970.
 */
export function traceToPcapng(trace: readonly TracedFrame[]): Uint8Array {
  const nodes = [...new Set(trace.flatMap(({ from, to }) => [from, to]))];
  const nameOf = nodeNames(nodes);
  const indexOf = new Map<NodeId, number>(nodes.map((id, i) => [id, i]));
  const packets = trace.flatMap(({ from, to, sentAt, at, fate, frame }): NgPacket[] => {
    const sent = `to ${nameOf(to)}: ${fate}`;
    const out: NgPacket = {
      interfaceId: indexOf.get(from)!,
      timeNs: ns(sentAt),
      direction: 'out',
      comment: sent,
      frame,
    };
    if (fate === 'lost' || fate === 'nobody there') return [out];
    const got = `from ${nameOf(from)}: ${fate}`;
    return [out, { interfaceId: indexOf.get(to)!, timeNs: ns(at), direction: 'in', comment: got, frame }];
  });
  packets.sort((a, b) => (a.timeNs < b.timeNs ? -1 : a.timeNs > b.timeNs ? 1 : 0));
  return Buffer.concat([
    pcapngSection(),
    ...nodes.map((id) => pcapngInterface(nameOf(id), `node ${formatNodeId(id)}`)),
    ...packets.map(pcapngPacket),
  ]);
}

function ns(ms: number): bigint {
  return BigInt(Math.round(ms * 1_000_000));
}
