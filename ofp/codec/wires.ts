/** Wire types of fixed size: how generated code reads and writes them. `v` holds the value to write. */
import type { OfpVersion } from '../errors.ts';

export interface FixedWire {
  /** In bytes. */
  readonly size: number;
  /** An expression that reads from `b` at the offset given. */
  readonly read: (at: string) => string;
  /** Statements that write `v` to `out` at the offset given, or call `bad` with the label. */
  readonly write: (at: string, label: string) => string;
}

const words = (n: number): FixedWire => ({
  size: 4 * n,
  read: (at) => `[${Array.from({ length: n }, (_, i) => `u32(b,${at}+${4 * i})`).join(',')}]`,
  write: (at, label) =>
    `if(!Array.isArray(v)||v.length!==${n})bad(${label},v);for(let i=0;i<${n};i++){if(v[i]>>>0!==v[i])bad(${label},v);put32(${at}+4*i,v[i]);}`,
});

const fixedText = (n: number): FixedWire => ({
  size: n,
  read: (at) => `text(b,${at},${n})`,
  write: (at, label) => `putText(${at},v,${n},${label});`,
});

const word: FixedWire = {
  size: 4,
  read: (at) => `((b[${at}]<<24|b[${at}+1]<<16|b[${at}+2]<<8|b[${at}+3])>>>0)`,
  write: (at, label) =>
    `if(v>>>0!==v)bad(${label},v);out[${at}]=v>>>24;out[${at}+1]=v>>>16;out[${at}+2]=v>>>8;out[${at}+3]=v;`,
};

const PORT_10: FixedWire = {
  size: 2,
  read: (at) => `port16(b,${at})`,
  write: (at, label) => `putPort16(${at},v,${label});`,
};

const FIXED: { readonly [wire: string]: FixedWire } = {
  u8: {
    size: 1,
    read: (at) => `b[${at}]`,
    write: (at, label) => `if((v&255)!==v)bad(${label},v);out[${at}]=v;`,
  },
  u16: {
    size: 2,
    read: (at) => `(b[${at}]<<8|b[${at}+1])`,
    write: (at, label) => `if((v&65535)!==v)bad(${label},v);out[${at}]=v>>>8;out[${at}+1]=v;`,
  },
  u32: word,
  port: word,
  ipv4: word,
  port16: PORT_10,
  u64: { size: 8, read: (at) => `u64(b,${at})`, write: (at, label) => `put64(${at},v,${label});` },
  mac: { size: 6, read: (at) => `copyOf(b,${at},6)`, write: (at, label) => `putFixed(${at},v,6,${label});` },
  str16: fixedText(16),
  str32: fixedText(32),
  str256: fixedText(256),
  'u32[2]': words(2),
  'u32[4]': words(4),
};

/** The wire type of that name in that version, or undefined if its size varies. */
export function fixedWire(wire: string, version: OfpVersion): FixedWire | undefined {
  return wire === 'port' && version === 1 ? PORT_10 : FIXED[wire];
}
