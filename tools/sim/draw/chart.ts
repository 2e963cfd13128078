import { circle, element, faint, ink, label, line, palette, picture } from './svg.ts';

export interface ChartPoint {
  readonly x: number;
  /** NaN: there is no value here. */
  readonly y: number;
}

export interface Chart {
  readonly title: string;
  /** Below the lowest panel; `formatX` writes the marks of the axis. */
  readonly xLabel: string;
  readonly formatX: (x: number) => string;
  /** Above each other, with one axis from left to right. */
  readonly panels: readonly {
    readonly title: string;
    readonly series: readonly { readonly name: string; readonly points: readonly ChartPoint[] }[];
    /** The axis reaches from 0 to this at least. */
    readonly atLeast: number;
  }[];
}

const width = 720;
const left = 70;
const right = 30;
const top = 104;
const panelHeight = 170;
const panelGap = 56;
const bottom = 60;

/** Curves over one parameter, as SVG. */
export function drawChart({ title, xLabel, formatX, panels }: Chart): string {
  const xs = [...new Set(panels.flatMap(({ series }) => series.flatMap(({ points }) => points.map(({ x }) => x))))];
  const [low, high] = [Math.min(...xs), Math.max(...xs)];
  const placeX = (x: number) => left + ((x - low) / (high - low || 1)) * (width - left - right);
  const height = top + panels.length * (panelHeight + panelGap) - panelGap + bottom;
  const drawn = panels.map((panel, i) => drawPanel(panel, top + i * (panelHeight + panelGap), placeX));
  const marks = thin(xs.sort((a, b) => a - b)).map((x) =>
    label(placeX(x), height - bottom + 20, formatX(x), { 'text-anchor': 'middle' }),
  );
  const below = label((left + width - right) / 2, height - 16, xLabel, { 'text-anchor': 'middle' });
  return picture(width, height, title, [
    ...legend(panels[0]!.series.map(({ name }) => name)),
    ...drawn,
    ...marks,
    below,
  ]);
}

function legend(names: readonly string[]): string[] {
  return names.flatMap((name, i) => [
    line(24 + i * 150, 50, 48 + i * 150, 50, { stroke: colour(i), 'stroke-width': 3 }),
    label(54 + i * 150, 54, name),
  ]);
}

function drawPanel(panel: Chart['panels'][number], y: number, placeX: (x: number) => number): string {
  const values = panel.series
    .flatMap(({ points }) => points.map((point) => point.y))
    .filter((value) => !Number.isNaN(value));
  const ticks = axisTicks(Math.max(panel.atLeast, ...values));
  const placeY = (value: number) => y + panelHeight * (1 - value / ticks.at(-1)!);
  const grid = ticks.flatMap((value) => [
    line(left, placeY(value), width - right, placeY(value), { stroke: value === 0 ? ink : faint }),
    label(left - 8, placeY(value) + 4, String(value), { 'text-anchor': 'end' }),
  ]);
  const curves = panel.series.map(({ points }, i) => {
    const known = points
      .filter((point) => !Number.isNaN(point.y))
      .map((point) => [placeX(point.x), placeY(point.y)] as const);
    const path = known.map(([px, py], n) => `${n === 0 ? 'M' : 'L'}${px.toFixed(1)} ${py.toFixed(1)}`).join('');
    const dots = known.map(([px, py]) => circle(px, py, 3.5, { fill: colour(i) }));
    const curve =
      known.length > 1 ? element('path', { d: path, fill: 'none', stroke: colour(i), 'stroke-width': 2 }) : '';
    return curve + dots.join('');
  });
  return [label(left, y - 10, panel.title, { 'font-weight': 'bold' }), ...grid, ...curves].join('\n');
}

/** From 0, in steps of 1, 2 or 5 times a power of ten, to the first that is not below `most`. */
export function axisTicks(most: number): number[] {
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough)!;
  const count = Math.ceil(most / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

/** Marks of an axis that do not touch each other. */
function thin(values: readonly number[]): readonly number[] {
  const every = Math.ceil(values.length / 11);
  return values.filter((_, i) => i % every === 0);
}

function colour(i: number): string {
  return palette[i % palette.length]!;
}
