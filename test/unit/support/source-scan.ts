/** What a TypeScript source refers to, read without a compiler. */
export interface SourceFacts {
  /** Specifiers of static and dynamic imports, re-exports, import types and require calls. */
  imports: string[];
  /** Lines (from 1) of an import() or require() whose specifier is not a plain string. */
  unreadableImports: number[];
  /** Names that are not properties (`a` of `a.b`), and dotted pairs of them (`a.b`). */
  names: Set<string>;
  /** String literals, without those in templates. */
  strings: string[];
}

interface Token {
  kind: 'name' | 'string' | 'template' | 'other';
  text: string;
  /** Offset in the source. */
  at: number;
}

export function scanSource(source: string): SourceFacts {
  const tokens = tokenize(source);
  const facts: SourceFacts = { imports: [], unreadableImports: [], names: new Set(), strings: [] };
  tokens.forEach((token, at) => {
    const [previous, next, second, third] = [tokens[at - 1], tokens[at + 1], tokens[at + 2], tokens[at + 3]];
    if (token.kind === 'string') facts.strings.push(token.text);
    if (token.kind !== 'name' || previous?.text === '.' || previous?.text === '?.') return;
    facts.names.add(token.text);
    if (next?.text === '.' && second?.kind === 'name') facts.names.add(`${token.text}.${second.text}`);
    const isCall = next?.text === '(' && (token.text === 'import' || token.text === 'require');
    if (isCall) {
      const isPlain = second?.kind === 'string' && (third?.text === ')' || third?.text === ',');
      if (isPlain) facts.imports.push(second.text);
      else facts.unreadableImports.push(source.slice(0, token.at).split('\n').length);
    } else if ((token.text === 'import' || token.text === 'from') && next?.kind === 'string') {
      facts.imports.push(next.text);
    }
  });
  return facts;
}

/** In the order in which they are tried; the first four bear nothing that refers to anything. */
const LEXEMES: readonly { pattern: RegExp; kind: Token['kind'] | 'skip' | 'regex' | 'open template' }[] = [
  { pattern: /\s+/y, kind: 'skip' },
  { pattern: /\/\/[^\n]*/y, kind: 'skip' },
  { pattern: /\/\*[\s\S]*?\*\//y, kind: 'skip' },
  { pattern: /\/(?![*/])(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/y, kind: 'regex' },
  { pattern: /'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*"/y, kind: 'string' },
  { pattern: /`/y, kind: 'open template' },
  { pattern: /[\p{ID_Start}$_#@][\p{ID_Continue}$]*/uy, kind: 'name' },
  { pattern: /[\d.]*\d[\w.]*/y, kind: 'other' },
  { pattern: /\?\.(?!\d)|[\s\S]/y, kind: 'other' },
];

/** After these words a slash begins a regular expression; after other names it divides. */
const BEFORE_REGEX = new Set([
  'return',
  'case',
  'typeof',
  'in',
  'of',
  'delete',
  'void',
  'throw',
  'new',
  'else',
  'do',
  'await',
]);

function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  /** For each template that is open: how deep in braces its ${ is. */
  const templates: number[] = [];
  let depth = 0;
  let at = 0;

  const push = (kind: Token['kind'], text: string) => tokens.push({ kind, text, at });
  const mayBeRegex = () => {
    const last = tokens.at(-1);
    if (last === undefined) return true;
    if (last.kind === 'name') return BEFORE_REGEX.has(last.text);
    return last.kind === 'other' && !/^(?:[)\]}]|[\d.]*\d[\w.]*)$/.test(last.text);
  };
  /** Goes on with the text of a template, up to its end or its next ${. */
  const readTemplate = () => {
    const text = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*/y;
    text.lastIndex = at;
    at += text.exec(source)?.[0].length ?? 0;
    if (source.startsWith('${', at)) {
      templates.push(depth);
      depth += 1;
      at += 2;
    } else {
      push('template', '');
      at += 1;
    }
  };

  while (at < source.length) {
    for (const { pattern, kind } of LEXEMES) {
      if (kind === 'regex' && !mayBeRegex()) continue;
      pattern.lastIndex = at;
      const text = pattern.exec(source)?.[0];
      if (text === undefined) continue;
      if (kind === 'string') push('string', text.slice(1, -1));
      else if (kind === 'regex') push('template', '');
      else if (kind === 'name' || kind === 'other') push(kind, text);
      at += text.length;
      if (text === '{') depth += 1;
      if (text === '}') {
        depth -= 1;
        if (templates.at(-1) === depth) {
          templates.pop();
          tokens.pop();
          readTemplate();
        }
      }
      if (kind === 'open template') readTemplate();
      break;
    }
  }
  return tokens;
}
