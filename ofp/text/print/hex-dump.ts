const PER_LINE = 16;

/** Bytes as `hexdump -C` writes them, a line for each sixteen. */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += PER_LINE) lines.push(line(bytes.subarray(at, at + PER_LINE), at));
  return lines.map((text) => `${text}\n`).join('');
}

function line(bytes: Uint8Array, at: number): string {
  let hex = '';
  let text = '';
  for (let i = 0; i < PER_LINE; i++) {
    const byte = bytes[i];
    hex += byte === undefined ? '  ' : byte.toString(16).padStart(2, '0');
    hex += i === PER_LINE / 2 - 1 && byte !== undefined ? '-' : ' ';
    text += byte === undefined ? ' ' : byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
  }
  return `${at.toString(16).padStart(8, '0')}  ${hex}|${text}|`;
}
