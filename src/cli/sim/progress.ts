const width = 40;

/** Shows the share done, 0 to 1, on standard error. On a terminal only: a run of thousands of nodes takes minutes. */
export function progressBar(total: number, unit: string): (done: number) => void {
  const { stderr } = process;
  if (!stderr.isTTY) return () => {};
  let shown = '';
  return (done) => {
    const bar = '#'.repeat(Math.round(done * width)).padEnd(width, '.');
    const line =
      done < 1 ? `\r[${bar}] ${Math.round(done * total)} of ${total} ${unit}` : `\r${' '.repeat(shown.length)}\r`;
    if (line === shown) return;
    stderr.write(line);
    shown = line;
  };
}
