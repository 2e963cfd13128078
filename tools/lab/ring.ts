import type { PeerReport, StatusReport } from '../../src/node/report.ts';
import type { RingLink, RingReport } from './report.ts';

/** What one node says of itself at one moment. */
export interface NodeView {
  readonly name: string;
  readonly status: StatusReport;
  readonly peers: readonly PeerReport[];
}

/** Clockwise: ids of equal length sort like the numbers that they are. */
export function inRingOrder<View extends { readonly status: { readonly nodeId: string } }>(
  views: readonly View[],
): View[] {
  return [...views].sort((a, b) => (a.status.nodeId < b.status.nodeId ? -1 : 1));
}

/** Why the nodes are not one ring, a line each; empty when they are. */
export function ringFaults(views: readonly NodeView[], expected: number): string[] {
  const ring = inRingOrder(views);
  return ring.flatMap((view, i) => {
    const { name, status } = view;
    const next = ring[(i + 1) % ring.length]!;
    const faults: string[] = [];
    if (status.members !== expected) faults.push(`${name} knows ${status.members} of ${expected} nodes`);
    if (next !== view && !(isLinked(view, next) && isLinked(next, view))) {
      faults.push(`${name} has no link to its successor ${next.name}`);
    }
    return faults;
  });
}

/** Who still makes links or is about to drop some, a line each. */
export function settlingFaults(views: readonly NodeView[]): string[] {
  return views.filter(({ status }) => !status.settled).map(({ name }) => `${name} still changes its links`);
}

export function ringReport(views: readonly NodeView[], expected: number): RingReport {
  const ring = inRingOrder(views);
  const links: RingLink[] = ring.flatMap((a, i) =>
    ring.slice(i + 1).flatMap((b): RingLink[] => {
      const ends = [peerOf(a, b), peerOf(b, a)];
      if (ends.some((end) => end?.state !== 'up')) return [];
      const isShortcut = ends.every((end) => !ringKinds.includes(end!.kind));
      return [{ a: a.name, b: b.name, kind: isShortcut ? 'shortcut' : 'ring' }];
    }),
  );
  return {
    whole: views.length === expected && ringFaults(views, expected).length === 0,
    order: ring.map(({ name }) => name),
    links,
  };
}

/** The ring from top to bottom and back, each node with its links and their kinds. */
export function drawRing(views: readonly NodeView[], { links }: RingReport): string[] {
  const ring = inRingOrder(views);
  const names = new Map(ring.map(({ name, status }) => [status.nodeId, name]));
  const shortcuts = links.filter(({ kind }) => kind === 'shortcut').length;
  const title = `Ring of ${ring.length}, clockwise by node id: ${links.length} links, ${shortcuts} of them shortcuts (*)`;
  const columns = ring.map(({ name, status }) => [name, status.nodeId.slice(0, 10), ...status.tap.addresses.map(bare)]);
  const widths = columns[0]!.map((_, i) => Math.max(...columns.map((cells) => cells[i]!.length)));
  const lines = ring.map(({ peers }, i) => {
    const edge = i === 0 ? '┌─>' : i === ring.length - 1 ? '└──' : '│  ';
    const cells = columns[i]!.map((cell, k) => cell.padEnd(widths[k]!));
    return `  ${edge} ${cells.join('  ')}  ${linksText(peers, names) || 'no links'}`;
  });
  return [title, ...lines];
}

/** In this order, and by these words; all others are shortcuts. */
const kindTexts: { readonly [kind: string]: string } = {
  successor: 'successor',
  'successor+predecessor': 'successor and predecessor',
  predecessor: 'predecessor',
  unwanted: 'spare',
};
const kindOrder: readonly string[] = ['successor', 'successor+predecessor', 'predecessor', 'long', 'long (in)'];
const ringKinds: readonly string[] = Object.keys(kindTexts);

const rankOf = (kind: string) => (kindOrder.includes(kind) ? kindOrder.indexOf(kind) : kindOrder.length);

function linksText(peers: readonly PeerReport[], names: ReadonlyMap<string, string>): string {
  return peers
    .filter(({ state }) => state === 'up')
    .toSorted((a, b) => rankOf(a.kind) - rankOf(b.kind))
    .map(({ nodeId, kind }) => `${names.get(nodeId) ?? nodeId.slice(0, 10)} ${kindTexts[kind] ?? 'shortcut*'}`)
    .join(', ');
}

/** An address without its prefix length. */
function bare(address: string): string {
  return address.split('/')[0]!;
}

function peerOf(view: NodeView, other: NodeView): PeerReport | undefined {
  return view.peers.find(({ nodeId }) => nodeId === other.status.nodeId);
}

function isLinked(view: NodeView, other: NodeView): boolean {
  return peerOf(view, other)?.state === 'up';
}
