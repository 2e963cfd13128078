/** How much two names have in common at their beginning, up to and with an underscore. */
function commonPrefix(a: string, b: string): number {
  let length = 0;
  for (let i = 0; i < a.length && a[i] === b[i]; i++) if (a[i] === '_') length = i + 1;
  return length;
}

function isNext(a: string, b: string): boolean {
  const [, aName, aNumber] = /^(.*?)(\d+)$/.exec(a) ?? [];
  const [, bName, bNumber] = /^(.*?)(\d+)$/.exec(b) ?? [];
  return aName !== undefined && aName === bName && Number(bNumber) === Number(aNumber) + 1;
}

/** Names one after the other, those that begin alike drawn together: `reg0...reg7 eth_{src,dst} metadata`. */
export function abbreviate(names: readonly string[], prefixLength = 0): string {
  const parts: string[] = [];
  for (let at = 0; at < names.length; ) {
    const rest = names.slice(at);
    const numbered = numberedRun(rest);
    const { run: alike, length } = prefixRun(rest, prefixLength);
    const first = rest[0]!.slice(prefixLength);
    if (numbered >= alike) {
      parts.push(numbered > 1 ? `${first}...${rest[numbered - 1]}` : first);
      at += numbered;
    } else {
      parts.push(`${first.slice(0, length)}{${abbreviate(rest.slice(0, alike), prefixLength + length)}}`);
      at += alike;
    }
  }
  return parts.join(prefixLength === 0 ? ' ' : ',');
}

/** How many names count up from the first; two are written out. */
function numberedRun(names: readonly string[]): number {
  let run = 1;
  while (run < names.length && isNext(names[run - 1]!, names[run]!)) run++;
  return run === 2 ? 1 : run;
}

function prefixRun(names: readonly string[], prefixLength: number): { run: number; length: number } {
  const first = names[0]!.slice(prefixLength);
  const length = names.length < 2 ? 0 : commonPrefix(first, names[1]!.slice(prefixLength));
  if (length === 0) return { run: 1, length };
  let run = 2;
  while (run < names.length && commonPrefix(first, names[run]!.slice(prefixLength)) > 0) run++;
  return { run, length };
}
