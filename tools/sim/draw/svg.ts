/** Pieces of SVG as text. Numbers are pixels. */

type Attributes = Readonly<Record<string, string | number>>;

/** Tells people with any colour vision apart (Okabe and Ito). */
export const palette = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'] as const;
export const ink = '#222222';
export const faint = '#d8d8d8';

/** `content`: SVG already. */
export function element(name: string, attributes: Attributes, content = ''): string {
  const list = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeText(String(number(value)))}"`);
  return content === '' ? `<${name}${list.join('')}/>` : `<${name}${list.join('')}>${content}</${name}>`;
}

export function label(x: number, y: number, text: string, attributes: Attributes = {}): string {
  return element('text', { x, y, fill: ink, ...attributes }, escapeText(text));
}

export function line(x1: number, y1: number, x2: number, y2: number, attributes: Attributes): string {
  return element('line', { x1, y1, x2, y2, ...attributes });
}

export function circle(cx: number, cy: number, r: number, attributes: Attributes): string {
  return element('circle', { cx, cy, r, ...attributes });
}

/** A whole picture on white. */
export function picture(width: number, height: number, title: string, content: readonly string[]): string {
  const root = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    'font-family': 'DejaVu Sans, Helvetica, Arial, sans-serif',
    'font-size': 13,
  };
  const body = [
    element('title', {}, escapeText(title)),
    element('rect', { width, height, fill: 'white' }),
    label(24, 30, title, { 'font-size': 17, 'font-weight': 'bold' }),
    ...content,
  ];
  return `${element('svg', root, `\n${body.join('\n')}\n`)}\n`;
}

function number(value: string | number): string | number {
  return typeof value === 'number' ? Math.round(value * 100) / 100 : value;
}

function escapeText(text: string): string {
  return text.replace(/[&<>"]/g, (mark) => `&#${mark.charCodeAt(0)};`);
}
