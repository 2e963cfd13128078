/** Instructions (1.1 and later): TLVs framed like actions. */
import type { Family } from './schema.ts';

export const INSTRUCTIONS = {
  gotoTable: { spec: '1.3 7.2.4', layouts: [{ versions: [2, 6], code: 1, fields: { tableId: 'u8', _pad: 'pad3' } }] },
  writeMetadata: {
    spec: '1.3 7.2.4',
    layouts: [{ versions: [2, 6], code: 2, fields: { _pad: 'pad4', metadata: 'u64', metadataMask: 'u64' } }],
  },
  writeActions: {
    spec: '1.3 7.2.4',
    layouts: [{ versions: [2, 6], code: 3, fields: { _pad: 'pad4', actions: 'actions' } }],
  },
  applyActions: {
    spec: '1.3 7.2.4',
    layouts: [{ versions: [2, 6], code: 4, fields: { _pad: 'pad4', actions: 'actions' } }],
  },
  clearActions: { spec: '1.3 7.2.4', layouts: [{ versions: [2, 6], code: 5, fields: { _pad: 'pad4' } }] },
  /** Deprecated in 1.5, where metering is an action. */
  meter: { spec: '1.3 7.2.4', layouts: [{ versions: [4, 6], code: 6, fields: { meterId: 'u32' } }] },
  statTrigger: {
    spec: '1.5 7.2.5',
    layouts: [{ versions: [6, 6], code: 7, fields: { flags: 'u32', thresholds: 'stats' } }],
  },
  experimenter: {
    spec: '1.3 7.2.4',
    layouts: [{ versions: [2, 6], code: 0xffff, fields: { experimenter: 'u32', data: 'bytes' } }],
  },
} as const satisfies Family;
