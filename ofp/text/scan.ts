/** Cutting flow syntax into words: `key`, `key=value`, `key:value`, `key(value)`, separated by commas or white space. */
import { OfpTextError } from '../errors.ts';

/** A stretch of the text that is read, and where it begins. */
export interface Piece {
  readonly text: string;
  readonly at: number;
}

export interface Pair {
  readonly key: Piece;
  /** Empty when there is none. */
  readonly value: Piece;
  /** Key, value and what is between and around them. */
  readonly whole: Piece;
}

export const whole = (text: string): Piece => ({ text, at: 0 });
export const cut = ({ text, at }: Piece, from: number, to = text.length): Piece => ({
  text: text.slice(from, to),
  at: at + from,
});

export function fail(piece: Piece, expected: string): never {
  throw new OfpTextError(piece.at, expected, piece.text.length > 60 ? `${piece.text.slice(0, 57)}...` : piece.text);
}

const SEPARATOR = /[, \t\r\n]/;
const KEY_END = /[:=(, \t\r\n]/;

/** The words of `piece`, in order. A value may hold separators within parentheses, and may be `(x)->y`. */
export function* pairs(piece: Piece): Generator<Pair> {
  const { text } = piece;
  let at = 0;
  while (true) {
    while (at < text.length && SEPARATOR.test(text[at]!)) at++;
    if (at >= text.length) return;
    const keyEnd = scanTo(text, at, (char) => KEY_END.test(char));
    const key = cut(piece, at, keyEnd);
    const opener = text[keyEnd];
    at = keyEnd + 1;
    if (opener === undefined || SEPARATOR.test(opener)) {
      yield { key, value: cut(piece, keyEnd, keyEnd), whole: key };
      continue;
    }
    let end = valueEnd(text, at, opener === '(' ? (char) => char === ')' : (char) => SEPARATOR.test(char));
    if (opener === '(' && text.startsWith(')->', end)) end = valueEnd(text, end, (char) => SEPARATOR.test(char));
    const isClosed = opener === '(' && text[end] === ')';
    yield { key, value: cut(piece, at, end), whole: cut(piece, key.at - piece.at, isClosed ? end + 1 : end) };
    at = end + 1;
  }
}

function scanTo(text: string, from: number, isEnd: (char: string) => boolean): number {
  let at = from;
  while (at < text.length && !isEnd(text[at]!)) at++;
  return at;
}

function valueEnd(text: string, from: number, isEnd: (char: string) => boolean): number {
  let at = from;
  while (at < text.length && !isEnd(text[at]!)) {
    let depth = 0;
    do {
      if (text[at] === '(') depth++;
      else if (text[at] === ')') depth--;
      at++;
    } while (depth > 0 && at < text.length);
  }
  return at;
}

const INTEGER = /^([+-]?)(0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)$/i;

/** A number in decimal, `0x` hexadecimal or `0` octal; a negative one counts down from 64 ones. */
export function parseBig(piece: Piece, bits: number): bigint {
  const match = INTEGER.exec(piece.text);
  if (!match) return fail(piece, 'a number');
  const [, sign, digits] = match;
  const isOctal = /^0[0-7]+$/.test(digits!);
  const size = BigInt(isOctal ? `0o${digits}` : digits!);
  const value = sign === '-' ? BigInt.asUintN(64, -size) : size;
  if (value >> BigInt(bits) !== 0n) return fail(piece, `a number of at most ${bits} bits`);
  return value;
}

export const parseNumber = (piece: Piece, bits: number): number => Number(parseBig(piece, bits));

/** Cuts at the first `separator`; the second part is undefined if there is none. */
export function splitAt(piece: Piece, separator: string): [Piece, Piece | undefined] {
  const at = piece.text.indexOf(separator);
  return at < 0 ? [piece, undefined] : [cut(piece, 0, at), cut(piece, at + separator.length)];
}
