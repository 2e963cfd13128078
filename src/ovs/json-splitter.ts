import { OvsError } from './errors.ts';

/** A database of a large switch comes in one message; a longer one is no answer to anything asked here. */
export const maxMessage = 16 * 1024 * 1024;
/** Objects and lists in each other: those of OVSDB are less than ten deep, and who writes deeper ones back runs out of stack. */
const maxDepth = 64;

const byte = (character: string) => character.charCodeAt(0);
const [quote, backslash] = [byte('"'), byte('\\')];
const opening = new Set(['{', '['].map(byte));
const closing = new Set(['}', ']'].map(byte));
const white = new Set([' ', '\t', '\r', '\n'].map(byte));

/**
 * Cuts a stream into JSON objects: OVSDB's messages follow each other with nothing in between (RFC 7047 section 4), so that
 * an end is known by its bracket alone.
 */
export class JsonSplitter {
  #kept: Uint8Array[] = [];
  #keptBytes = 0;
  #depth = 0;
  #isInString = false;
  #isEscaped = false;

  /** The texts that are complete. Throws OVS_PROTOCOL for anything but objects, and for one longer than 16 MiB. */
  push(bytes: Uint8Array): string[] {
    const texts: string[] = [];
    let begin = 0;
    for (let at = 0; at < bytes.length; at++) {
      const value = bytes[at]!;
      if (this.#depth === 0) {
        begin = at;
        if (white.has(value)) continue;
        if (value !== byte('{'))
          throw new OvsError('OVS_PROTOCOL', 'the database sent something that is no JSON object');
        this.#depth = 1;
      } else if (this.#isOver(value)) {
        texts.push(this.#take(bytes.subarray(begin, at + 1)));
        begin = at + 1;
      }
    }
    if (this.#depth > 0) this.#keep(bytes.slice(begin));
    return texts;
  }

  #isOver(value: number): boolean {
    if (this.#isInString) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (value === backslash) this.#isEscaped = true;
      else if (value === quote) this.#isInString = false;
    } else if (value === quote) this.#isInString = true;
    else if (opening.has(value)) this.#deeper();
    else if (closing.has(value)) this.#depth -= 1;
    return this.#depth === 0;
  }

  #deeper(): void {
    this.#depth += 1;
    if (this.#depth > maxDepth) throw new OvsError('OVS_PROTOCOL', 'the database sent a message of endless depth');
  }

  #keep(bytes: Uint8Array): void {
    this.#kept.push(bytes);
    this.#keptBytes += bytes.length;
    if (this.#keptBytes > maxMessage) throw new OvsError('OVS_PROTOCOL', 'the database sent a message without end');
  }

  #take(bytes: Uint8Array): string {
    this.#keep(bytes);
    const text = Buffer.concat(this.#kept).toString('utf8');
    this.#kept = [];
    this.#keptBytes = 0;
    return text;
  }
}
