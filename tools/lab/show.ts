import { killAndHeal } from './heal.ts';
import { echoesReport, silentPairs } from './matrix.ts';
import type { LabNetwork } from './network.ts';
import { traceBroadcast, viewNodes, waitUntil } from './observe.ts';
import { echoPairs, flowsBetween, measure, reachAll } from './reach.ts';
import type { FloodTreeReport, HealReport, LabReport } from './report.ts';
import { type NodeView, ringFaults, ringReport, settlingFaults } from './ring.ts';

export interface ShowOptions {
  readonly runDirectory: string;
  /** Of `performance.now()`. */
  readonly began: number;
  readonly modeReasons: readonly string[];
  readonly kill: string | undefined;
  readonly progress: (line: string) => void;
}

export interface Shown {
  readonly report: LabReport;
  /** What the nodes said of themselves before the kill, and those that live after it. */
  readonly views: readonly NodeView[];
  readonly healedViews: readonly NodeView[];
}

/** For the ring and all pairs, once the nodes are up. */
const deadlineMs = 15_000;
/** More pairs than this get more time, since all nodes share this machine's processors. */
const ordinaryPairs = 240;
const extraPerPairMs = 25;
/** What the echoes have at least, however long the ring took. */
const leastEchoMs = 2_000;

/** Takes a network that has just been started through everything that a lab shows. */
export async function show(
  network: LabNetwork,
  { runDirectory, began, modeReasons, kill, progress }: ShowOptions,
): Promise<Shown> {
  const { nodes } = network;
  const sinceBegin = () => performance.now() - began;
  const setUpMs = sinceBegin();
  progress(`${nodes.length} nodes are up, waiting for their ring`);
  const flows = flowsBetween(nodes);
  const deadline = performance.now() + deadlineMs + extraPerPairMs * Math.max(0, flows.length / 2 - ordinaryPairs);

  const notWhole = await waitUntil(ringFaults, runDirectory, nodes, deadline);
  const ringMs = notWhole.length === 0 ? sinceBegin() : undefined;
  progress(`sending echoes between all hosts (${flows.length} flows)`);
  const reached = await reachAll(flows, Math.max(deadline, performance.now() + leastEchoMs));
  const pairsMs = reached.size === flows.length ? sinceBegin() : undefined;
  const unsettled = await waitUntil(settlingFaults, runDirectory, nodes, deadline);
  const settledMs = unsettled.length === 0 ? sinceBegin() : undefined;
  const echoes = echoesReport(echoPairs(flows, await measure(reached)));
  const flood = await traceBroadcast(runDirectory, nodes, nodes[0]!);
  const views = await viewNodes(runDirectory, nodes);

  const victim = nodes.find(({ name }) => name === kill);
  if (victim !== undefined) progress(`killing ${victim.name}`);
  const healed = victim && (await killAndHeal(network, runDirectory, victim));
  const heal = healed?.heal;

  const failures = [
    ...notWhole,
    ...unsettled,
    ...silentPairs(echoes.pairs).map((pair) => `no echo ${pair}`),
    ...floodFailures(flood),
    ...healFailures(heal),
  ];
  const report: LabReport = {
    ok: failures.length === 0,
    failures,
    mode: network.mode,
    modeReasons,
    runDirectory,
    nodes: nodes.map(({ name, v4, v6, namespace, pid }) => {
      const nodeId = views.find((view) => view.name === name)?.status.nodeId;
      return { name, nodeId, v4, v6, namespace, pid };
    }),
    ring: ringReport(views, nodes.length),
    echoes,
    flood,
    heal,
    times: { setUpMs, ringMs, pairsMs, settledMs },
  };
  return { report, views, healedViews: healed?.views ?? [] };
}

function floodFailures(flood: FloodTreeReport | undefined): string[] {
  if (flood === undefined) return ['the broadcast left no trace at its root'];
  return flood.missing.map((name) => `the broadcast did not reach ${name}`);
}

function healFailures(heal: HealReport | undefined): string[] {
  if (heal === undefined) return [];
  return [
    ...(heal.ringMs === undefined ? ['the ring did not become whole again after the kill'] : []),
    ...(heal.reachedMs === undefined ? ['not all hosts reached each other again after the kill'] : []),
  ];
}
