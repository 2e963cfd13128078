import type { NodeId } from '../../../topology/index.ts';
import { describeFrame, nodeNames, type TracedFrame } from './frame-trace.ts';

/** More is no picture any more. */
const mostArrows = 300;

/**
 * A trace as a Mermaid sequence diagram: one arrow a frame, in order; a cross where it was lost. `about`: only frames of
 * these nodes; all by default.
 */
export function traceToMermaid(trace: readonly TracedFrame[], about?: ReadonlySet<NodeId>): string {
  const chosen = trace.filter(({ from, to }) => about === undefined || about.has(from) || about.has(to));
  const shown = chosen.slice(0, mostArrows);
  const nodes = new Set(shown.flatMap(({ from, to }) => [from, to]));
  const nameOf = nodeNames(trace.flatMap(({ from, to }) => [from, to]));
  const lines = ['sequenceDiagram', ...[...nodes].map((id) => `  participant n${nameOf(id)} as ${nameOf(id)}`)];
  for (const { from, to, at, fate, frame } of shown) {
    const arrow = fate === 'lost' || fate === 'nobody there' ? '--x' : '->>';
    const end = fate === 'taken' ? '' : `, ${fate}`;
    lines.push(`  n${nameOf(from)}${arrow}n${nameOf(to)}: ${at.toFixed(1)} ms ${describeFrame(frame, nameOf)}${end}`);
  }
  if (shown.length < chosen.length) {
    lines.push(`  Note over n${nameOf(shown[0]!.from)}: ${chosen.length - shown.length} more frames are not shown`);
  }
  return `${lines.join('\n')}\n`;
}
