import { circle, faint, ink, label, line, picture } from './svg.ts';

export interface RingNode {
  readonly name: string;
  /** Links from the root, 0 at the root; undefined where the flood did not come. */
  readonly depth: number | undefined;
  /** Which node of the list it got the flood from. */
  readonly parent: number | undefined;
  /** Not there: it need not be reached. */
  readonly isDead: boolean;
}

export interface Ring {
  readonly title: string;
  /** Below the ring. */
  readonly caption: string;
  /** Clockwise from the top. */
  readonly nodes: readonly RingNode[];
}

const size = 640;
const titleHeight = 60;
const captionHeight = 84;
const mostNames = 40;
/** From near the root to far. */
const depths = ['#440154', '#46327e', '#365c8d', '#277f8e', '#1fa187', '#4ac16d', '#a0da39', '#d4c11c'] as const;
const missed = '#d00000';
const dead = '#9a9a9a';

/** Rings side by side with the tree of a flood, as SVG: a line from each node to the one that it got the flood from. */
export function drawRings(title: string, rings: readonly Ring[]): string {
  const deepest = Math.max(0, ...rings.flatMap(({ nodes }) => nodes.map(({ depth }) => depth ?? 0)));
  return picture(size * rings.length, titleHeight + size + captionHeight, title, [
    ...rings.map((ring, i) => drawRing(ring, i * size, deepest)),
    legend(titleHeight + size + captionHeight - 22, deepest),
  ]);
}

function drawRing({ title, caption, nodes }: Ring, x: number, deepest: number): string {
  const centre = { x: x + size / 2, y: titleHeight + size / 2 };
  const radius = size / 2 - 56;
  const at = (i: number, r: number) => {
    const angle = (2 * Math.PI * i) / nodes.length - Math.PI / 2;
    return [centre.x + r * Math.cos(angle), centre.y + r * Math.sin(angle)] as const;
  };
  const thickness = Math.max(0.6, Math.min(2, 120 / nodes.length));
  const dot = Math.max(2, Math.min(7, (2.2 * radius) / nodes.length));
  // Far from the root first, so that what leaves the root lies on top.
  const order = nodes.map((node, i) => ({ node, i })).sort((a, b) => (b.node.depth ?? 0) - (a.node.depth ?? 0));
  const tree = order.flatMap(({ node, i }) => {
    if (node.parent === undefined) return [];
    const stroke = colourOf(node.depth ?? 0, deepest);
    return line(...at(node.parent, radius), ...at(i, radius), { stroke, 'stroke-width': thickness });
  });
  const dots = order.map(({ node, i }) => {
    const fill = node.isDead ? 'white' : node.depth === undefined ? missed : colourOf(node.depth, deepest);
    const isRoot = node.depth === 0;
    const edge = { fill, stroke: node.isDead ? dead : isRoot ? ink : fill, 'stroke-width': isRoot ? 2 : 1 };
    return circle(...at(i, radius), isRoot ? dot + 4 : dot, edge);
  });
  return [
    label(x + 24, titleHeight - 6, title, { 'font-weight': 'bold' }),
    circle(centre.x, centre.y, radius, { fill: 'none', stroke: faint }),
    ...tree,
    ...dots,
    ...(nodes.length > mostNames ? [] : nodes.map(({ name }, i) => nameOf(name, ...at(i, radius + 14), centre.x))),
    label(x + 24, titleHeight + size + 18, caption),
  ].join('\n');
}

function nameOf(name: string, x: number, y: number, middle: number): string {
  const anchor = Math.abs(x - middle) < 20 ? 'middle' : x > middle ? 'start' : 'end';
  return label(x, y + 4, name, { 'font-size': 11, 'text-anchor': anchor });
}

function legend(y: number, deepest: number): string {
  const steps = Array.from({ length: deepest }, (_, i) => i + 1);
  const shown = steps.filter((depth) => deepest <= 8 || depth === deepest || depth % Math.ceil(deepest / 6) === 1);
  const entries = [
    ...shown.map((depth) => ({
      fill: colourOf(depth, deepest),
      stroke: colourOf(depth, deepest),
      text: String(depth),
    })),
    { fill: missed, stroke: missed, text: 'missed it' },
    { fill: 'white', stroke: dead, text: 'dead' },
  ];
  let x = 130;
  const marks = entries.map(({ fill, stroke, text }) => {
    const mark = circle(x, y - 4, 5, { fill, stroke }) + label(x + 10, y, text);
    x += 26 + 8 * text.length;
    return mark;
  });
  return label(24, y, 'links from root') + marks.join('');
}

function colourOf(depth: number, deepest: number): string {
  return depths[Math.round((depth / Math.max(1, deepest)) * (depths.length - 1))]!;
}
