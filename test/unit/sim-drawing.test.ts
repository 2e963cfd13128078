import { describe, expect, it } from 'vitest';
import { axisTicks, drawChart } from '../../tools/sim/draw/chart.ts';
import { drawRings } from '../../tools/sim/draw/ring.ts';
import { curvesOf, ordinaryExperiment, type PlayedCase, playFloods, treesOf } from '../../tools/sim/index.ts';

/** The elements of an SVG text as [name, attributes], after a check that they are closed in order. */
function elements(svg: string): [name: string, attributes: Record<string, string>][] {
  const open: string[] = [];
  const found: [string, Record<string, string>][] = [];
  for (const [, end, name, attributes, single] of svg.matchAll(
    /<(\/?)(\w+)((?: [\w:-]+="[^"<>&]*(?:&#\d+;[^"<>&]*)*")*)(\/?)>/g,
  )) {
    if (end === '/') expect(open.pop()).toBe(name);
    else {
      if (single === '') open.push(name!);
      const pairs = [...attributes!.matchAll(/ ([\w:-]+)="([^"]*)"/g)].map(([, key, value]) => [key!, value!] as const);
      found.push([name!, Object.fromEntries(pairs)]);
    }
  }
  expect(open).toEqual([]);
  // Nothing but whole elements and text.
  expect(svg.replace(/<[^<>]*>/g, '')).not.toMatch(/[<>]/);
  return found;
}

const played = (experiment: Partial<PlayedCase['experiment']>): PlayedCase => {
  const whole = { ...ordinaryExperiment, nodes: 32, floods: 5, ...experiment };
  return { experiment: whole, ...playFloods(whole, () => {}) };
};

describe('a chart', () => {
  it.each([
    [1, [0, 0.5, 1]],
    [100, [0, 50, 100]],
    [380, [0, 100, 200, 300, 400]],
    [0.07, [0, 0.02, 0.04, 0.06, 0.08]],
  ])('of values up to %d has round marks', (most, ticks) => {
    expect(axisTicks(most)).toEqual(ticks);
  });

  it('has a dot for each value inside its panel, higher values higher up, and no dot where there is none', () => {
    const svg = drawChart({
      title: 'a < b & "c"',
      xLabel: 'x',
      formatX: String,
      panels: [
        {
          title: 'p',
          atLeast: 1,
          series: [
            {
              name: 'one',
              points: [
                { x: 1, y: 0 },
                { x: 2, y: 7 },
                { x: 3, y: Number.NaN },
              ],
            },
            { name: 'two', points: [{ x: 1, y: 10 }] },
          ],
        },
      ],
    });
    const all = elements(svg);
    const { width, height } = all[0]![1];
    const dots = all
      .filter(([name]) => name === 'circle')
      .map(([, { cx, cy, fill }]) => ({ cx: Number(cx), cy: Number(cy), fill }));
    expect(dots).toHaveLength(3);
    for (const { cx, cy } of dots) {
      expect(cx > 0 && cx < Number(width)).toBe(true);
      expect(cy > 0 && cy < Number(height)).toBe(true);
    }
    expect(dots[1]!.cx).toBeGreaterThan(dots[0]!.cx);
    expect(dots[1]!.cy).toBeLessThan(dots[0]!.cy);
    expect(dots[2]!.cy).toBeLessThan(dots[1]!.cy);
    expect(dots[2]!.fill).not.toBe(dots[0]!.fill);
    expect(svg).toContain('a &#60; b &#38; &#34;c&#34;');
  });

  it('of a sweep has a curve for each rule', () => {
    const cases = [0, 0.2].flatMap((loss) => (['ringlet', 'ipop'] as const).map((rule) => played({ loss, rule })));
    const axis = {
      label: 'loss',
      valueOf: ({ loss }: PlayedCase['experiment']) => loss,
      format: (v: number) => `${100 * v}%`,
    };
    const svg = curvesOf(cases, axis);
    expect(elements(svg).filter(([name]) => name === 'path').length).toBeGreaterThanOrEqual(6);
    for (const text of ['ringlet', 'ipop', '0%', '20%', '5 floods over 32 nodes']) expect(svg).toContain(`>${text}<`);
  });
});

describe('a ring', () => {
  it('shows each node on one circle, and a line to each but the root from where it got the flood', () => {
    const svg = treesOf([played({ floods: 1 })]);
    const all = elements(svg);
    expect(all.filter(([name]) => name === 'line')).toHaveLength(31);
    const [ring] = all.filter(([name, { fill }]) => name === 'circle' && fill === 'none');
    const [cx, cy, r] = ['cx', 'cy', 'r'].map((key) => Number(ring![1][key]));
    const onRing = all.filter(
      ([name, place]) =>
        name === 'circle' && Math.abs(Math.hypot(Number(place.cx) - cx!, Number(place.cy) - cy!) - r!) < 0.1,
    );
    expect(onRing).toHaveLength(32);
    expect(svg).toContain('31 of 31 nodes reached');
  });

  it('shows who was missed and who is dead', () => {
    const node = (state: Partial<Parameters<typeof drawRings>[1][number]['nodes'][number]>) => ({
      name: 'n',
      depth: undefined,
      parent: undefined,
      isDead: false,
      ...state,
    });
    const nodes = [node({ depth: 0 }), node({ depth: 1, parent: 0 }), node({}), node({ isDead: true })];
    const fills = elements(drawRings('t', [{ title: 'a', caption: 'b', nodes }])).flatMap(([name, { fill }]) =>
      name === 'circle' ? [fill] : [],
    );
    const legend = fills.slice(-2);
    for (const fill of legend) expect(fills.filter((other) => other === fill)).toHaveLength(2);
  });
});
