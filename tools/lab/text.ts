import { drawFlood } from './flood-tree.ts';
import { drawMatrix } from './matrix.ts';
import type { HealReport, LabReport } from './report.ts';
import { drawRing } from './ring.ts';
import type { Shown } from './show.ts';

/** How a user calls `ringlet` from where the lab was started: `ringlet`, or `node dist/src/cli/main.js`. */
export interface TextOptions {
  readonly ringlet: string;
  /** Whether the lab stays up for the user to try things. */
  readonly stays: boolean;
}

/** The report for people: what happened, then what to try. */
export function reportText({ report, views, healedViews }: Shown, options: TextOptions): string[] {
  const names = report.nodes.map(({ name }) => name);
  const sections = [
    headline(report),
    drawRing(views, report.ring),
    drawMatrix(report.echoes, names),
    report.flood === undefined ? [] : drawFlood(report.flood, names.length),
    report.heal === undefined ? [] : [...healLines(report.heal), '', ...drawRing(healedViews, report.heal.ring)],
    report.failures.length === 0 ? [] : ['What failed:', ...report.failures.map((failure) => `  ${failure}`)],
    whereToLook(report, options),
  ];
  return sections.filter((lines) => lines.length > 0).flatMap((lines, i) => (i === 0 ? lines : ['', ...lines]));
}

function headline({ mode, modeReasons, nodes, ring, echoes, times }: LabReport): string[] {
  const where = mode === 'namespaces' ? 'each a process in a network namespace of its own' : 'all in one process';
  const shortcuts = ring.links.filter(({ kind }) => kind === 'shortcut').length;
  const plural = shortcuts === 1 ? 'shortcut' : 'shortcuts';
  const steps = [
    `set up ${seconds(times.setUpMs)}`,
    `ring whole ${seconds(times.ringMs)}`,
    `every pair reached ${seconds(times.pairsMs)}`,
    `settled ${seconds(times.settledMs)}`,
  ];
  const reached =
    echoes.answered === echoes.expected ? 'every host reaches every other' : 'not every host reaches every other';
  return [
    `${nodes.length} nodes, ${where}, joined one Ethernet: ${reached}.`,
    ring.whole ? `They form a ring with ${shortcuts} ${plural}; links are DTLS.` : 'They do not form a whole ring.',
    `Seconds since the start: ${steps.join(', ')}.`,
    ...modeReasons.map((reason) => `Not in network namespaces: ${reason}.`),
  ];
}

function healLines({ killed, flows, interrupted, reachedMs, ringMs }: HealReport): string[] {
  return [
    `${killed} was killed (kill -9): ${afterKill(interrupted, reachedMs)}`,
    `  ${interrupted} of ${flows} flows (host to host, IPv4 and IPv6 each) lost an echo`,
    ringMs === undefined
      ? '  their ring did not become whole again'
      : `  their ring was whole again after ${seconds(ringMs, 2)} s`,
  ];
}

function afterKill(interrupted: number, reachedMs: number | undefined): string {
  if (reachedMs === undefined) return 'not all of the others reached each other again';
  if (interrupted === 0) return 'the others reached each other all the time';
  return `the others all reached each other again after ${seconds(reachedMs, 2)} s`;
}

function whereToLook({ nodes, mode, runDirectory, heal }: LabReport, { ringlet, stays }: TextOptions): string[] {
  const [first, second] = nodes.filter(({ name }) => name !== heal?.killed);
  if (!stays || first === undefined || second === undefined) {
    return ['Without --once the lab stays up for you to look around.'];
  }
  const commands = [
    ['the rules of a switch', `${ringlet} flows ${first.name}`],
    ['the same, by OpenFlow', `ovs-ofctl -O OpenFlow13 dump-flows unix:${runDirectory}/${first.name}.mgmt`],
    ['a node, its links', `${ringlet} status ${first.name}; ${ringlet} peers ${first.name}`],
  ];
  if (mode === 'namespaces') {
    commands.push(
      ['a shell on a host', `ip netns exec ${first.namespace} bash`],
      ['load, two terminals', `ip netns exec ${second.namespace} iperf3 -s`],
      ['', `ip netns exec ${first.namespace} iperf3 -c ${second.v4}`],
      ['healing (a new lab)', `${ringlet} lab --nodes 8 --kill n3`],
    );
  }
  const width = Math.max(...commands.map(([what]) => what!.length));
  return [
    'Try, in another terminal:',
    ...commands.map(([what, command]) => `  ${what!.padEnd(width)}  ${command}`),
    '',
    'Ctrl-C ends the lab and removes everything.',
  ];
}

function seconds(ms: number | undefined, digits = 1): string {
  return ms === undefined ? '-' : (ms / 1000).toFixed(digits);
}
