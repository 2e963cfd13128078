import type { TraceReport } from '../bridge/client.ts';

/** The way of a frame, a line for each step. */
export function traceLines(trace: TraceReport): string[] {
  const { flow, steps, groups, outputs, toController, drops } = trace;
  const isLearned = steps.at(-1)?.rule === undefined && outputs.length > 0;
  return [
    `flow: ${flow}`,
    ...steps.flatMap(({ table, rule, actions }) =>
      rule === undefined ? [`table ${table}: no rule`] : [`table ${table}: ${rule}`, `    ${actions}`],
    ),
    ...groups.map((group) => `group ${group}`),
    ...(isLearned ? ['forwarded as by a switch that learns'] : []),
    ...toController.map(({ reason, bytes }) => `to the controllers: ${reason}, ${bytes} bytes`),
    ...outputs.map(
      (out) => `out of port ${out.port} (${out.name}): ${out.frame === trace.frame ? 'unchanged' : out.flow}`,
    ),
    ...(drops.length > 0 ? [`counted: ${drops.join(', ')}`] : []),
    ...(outputs.length === 0 && toController.length === 0 ? ['dropped'] : []),
  ];
}

/** The same in a few words. */
export function traceSummary({ steps, groups, outputs, toController, drops }: TraceReport): string {
  const way = steps.map(({ table, rule }) => `${table}[${rule ?? 'no rule'}]`);
  const out = [
    ...(toController.length > 0 ? ['controller'] : []),
    ...outputs.map(({ name }) => name),
    ...drops.map((name) => `(${name})`),
  ];
  return `${[...way, ...groups.map((group) => `group ${group}`)].join(' ')} -> ${out.join(' ') || 'dropped'}`;
}
