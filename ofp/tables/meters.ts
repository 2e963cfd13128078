/** Meter bands (1.3 and later). Rates in kb/s, or packets/s with `MeterFlags.PKTPS`; bursts in kb or packets. */
import type { Family } from './schema.ts';

export const METER_BANDS = {
  drop: {
    spec: '1.3 7.3.4.4',
    layouts: [{ versions: [4, 6], code: 1, fields: { rate: 'u32', burstSize: 'u32', _pad: 'pad4' } }],
  },
  dscpRemark: {
    spec: '1.3 7.3.4.4',
    layouts: [{ versions: [4, 6], code: 2, fields: { rate: 'u32', burstSize: 'u32', precLevel: 'u8', _pad: 'pad3' } }],
  },
  experimenter: {
    spec: '1.3 7.3.4.4',
    layouts: [
      {
        versions: [4, 6],
        code: 0xffff,
        fields: { rate: 'u32', burstSize: 'u32', experimenter: 'u32', data: 'bytes' },
      },
    ],
  },
} as const satisfies Family;
