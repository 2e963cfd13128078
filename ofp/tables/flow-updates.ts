/** Updates of a flow monitor. Framed by a 16-bit length (a multiple of 8) and a 16-bit event. */
import type { Family } from './schema.ts';

const FULL = {
  tableId: 'u8',
  reason: 'u8',
  idleTimeout: 'u16',
  hardTimeout: 'u16',
  priority: 'u16',
  _zeros: 'pad4',
  cookie: 'u64',
  match: 'match',
  instructions: 'instructions',
} as const;

/** The update of the ONF extension of 1.3. */
const FULL_ONF = {
  reason: 'u16',
  priority: 'u16',
  idleTimeout: 'u16',
  hardTimeout: 'u16',
  _matchLen: 'size16:match',
  tableId: 'u8',
  _pad: 'pad1',
  cookie: 'u64',
  match: 'match',
  instructions: 'instructions',
} as const;

/** The update of the Nicira extension of 1.0 to 1.2: a Nicira match and a list of actions. */
const FULL_NX = {
  reason: 'u16',
  priority: 'u16',
  idleTimeout: 'u16',
  hardTimeout: 'u16',
  _matchLen: 'len16:match',
  tableId: 'u8',
  _pad: 'pad1',
  cookie: 'u64',
  match: 'nxm',
  _align: 'align:match',
  instructions: 'actionsAsApply',
} as const;

export const FLOW_UPDATES = {
  /** The flow was there when the monitor was set up. Sent as `added` before 1.4. */
  initial: { spec: '1.4 7.3.5.18.2', layouts: [{ versions: [5, 6], code: 0, fields: FULL }] },
  added: {
    spec: '1.4 7.3.5.18.2',
    layouts: [
      { versions: [1, 3], code: 0, fields: FULL_NX },
      { versions: [4, 4], code: 0, fields: FULL_ONF },
      { versions: [5, 6], code: 1, fields: FULL },
    ],
  },
  removed: {
    spec: '1.4 7.3.5.18.2',
    layouts: [
      { versions: [1, 3], code: 1, fields: FULL_NX },
      { versions: [4, 4], code: 1, fields: FULL_ONF },
      { versions: [5, 6], code: 2, fields: FULL },
    ],
  },
  modified: {
    spec: '1.4 7.3.5.18.2',
    layouts: [
      { versions: [1, 3], code: 2, fields: FULL_NX },
      { versions: [4, 4], code: 2, fields: FULL_ONF },
      { versions: [5, 6], code: 3, fields: FULL },
    ],
  },
  /** The change was made by the controller that is told of it: `xid` of its request. */
  abbrev: {
    spec: '1.4 7.3.5.18.2',
    layouts: [
      { versions: [1, 4], code: 3, fields: { xid: 'u32' } },
      { versions: [5, 6], code: 4, fields: { xid: 'u32' } },
    ],
  },
  paused: { spec: '1.4 7.3.5.18.2', layouts: [{ versions: [5, 6], code: 5, fields: { _zeros: 'pad4' } }] },
  resumed: { spec: '1.4 7.3.5.18.2', layouts: [{ versions: [5, 6], code: 6, fields: { _zeros: 'pad4' } }] },
} as const satisfies Family;
