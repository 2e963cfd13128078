/** Hello elements: TLVs whose length leaves out the padding to a multiple of 8. */
import type { Family } from './schema.ts';

export const HELLO_ELEMENTS = {
  /** Bit `n` of word `n >> 5` says that wire version `n` is spoken. */
  versionBitmap: { spec: '1.3 7.5.1', layouts: [{ versions: [1, 6], code: 1, fields: { bitmaps: 'u32[]' } }] },
} as const satisfies Family;
