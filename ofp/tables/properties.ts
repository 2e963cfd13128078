/**
 * Property lists. A property is a TLV of 16-bit type and 16-bit length; the length leaves out the padding to a multiple
 * of 8 that follows it.
 */
import type { Family } from './schema.ts';

const OVS = 'Open vSwitch nicira-ext.h';

const EXPERIMENTER = {
  spec: '1.4 7.2.1.2',
  layouts: [{ versions: [1, 6], code: 0xffff, fields: { experimenter: 'u32', expType: 'u32', data: 'bytes' } }],
} as const;

export const EXPERIMENTER_PROPERTIES = { experimenter: EXPERIMENTER } as const satisfies Family;

/** Speeds in kb/s; frequencies in MHz (or lambda), power in dBm * 10. */
export const PORT_PROPERTIES = {
  ethernet: {
    spec: '1.4 7.2.1.2',
    layouts: [
      {
        versions: [5, 6],
        code: 0,
        fields: {
          _pad: 'pad4',
          curr: 'u32',
          advertised: 'u32',
          supported: 'u32',
          peer: 'u32',
          currSpeed: 'u32',
          maxSpeed: 'u32',
        },
      },
    ],
  },
  optical: {
    spec: '1.4 7.2.1.2',
    layouts: [
      {
        versions: [5, 6],
        code: 1,
        fields: {
          _pad: 'pad4',
          supported: 'u32',
          txMinFreqLmda: 'u32',
          txMaxFreqLmda: 'u32',
          txGridFreqLmda: 'u32',
          rxMinFreqLmda: 'u32',
          rxMaxFreqLmda: 'u32',
          rxGridFreqLmda: 'u32',
          txPwrMin: 'u16',
          txPwrMax: 'u16',
        },
      },
    ],
  },
  pipelineInput: {
    spec: '1.5 7.2.1.2',
    layouts: [{ versions: [6, 6], code: 2, fields: { oxmIds: 'oxmId[]' } }],
  },
  pipelineOutput: {
    spec: '1.5 7.2.1.2',
    layouts: [{ versions: [6, 6], code: 3, fields: { oxmIds: 'oxmId[]' } }],
  },
  recirculate: { spec: '1.5 7.2.1.2', layouts: [{ versions: [6, 6], code: 4, fields: { portNos: 'u32[]' } }] },
  experimenter: EXPERIMENTER,
} as const satisfies Family;

export const PORT_MOD_PROPERTIES = {
  ethernet: { spec: '1.4 7.3.4.3', layouts: [{ versions: [5, 6], code: 0, fields: { advertise: 'u32' } }] },
  optical: {
    spec: '1.4 7.3.4.3',
    layouts: [
      {
        versions: [5, 6],
        code: 1,
        fields: { configure: 'u32', freqLmda: 'u32', flOffset: 'u32', gridSpan: 'u32', txPwr: 'u32' },
      },
    ],
  },
  experimenter: EXPERIMENTER,
} as const satisfies Family;

export const PORT_STATS_PROPERTIES = {
  ethernet: {
    spec: '1.4 7.3.5.6',
    layouts: [
      {
        versions: [5, 6],
        code: 0,
        fields: { _pad: 'pad4', rxFrameErr: 'u64', rxOverErr: 'u64', rxCrcErr: 'u64', collisions: 'u64' },
      },
    ],
  },
  optical: {
    spec: '1.4 7.3.5.6',
    layouts: [
      {
        versions: [5, 6],
        code: 1,
        fields: {
          _pad: 'pad4',
          flags: 'u32',
          txFreqLmda: 'u32',
          txOffset: 'u32',
          txGridSpan: 'u32',
          rxFreqLmda: 'u32',
          rxOffset: 'u32',
          rxGridSpan: 'u32',
          txPwr: 'u16',
          rxPwr: 'u16',
          biasCurrent: 'u16',
          temperature: 'u16',
        },
      },
    ],
  },
  experimenter: EXPERIMENTER,
} as const satisfies Family;

/** Queue properties of 1.0 to 1.3; their length is a multiple of 8. Rates in 1/10 of a percent. */
export const QUEUE_PROPERTIES = {
  minRate: {
    spec: '1.3 7.2.2',
    layouts: [{ versions: [1, 4], code: 1, fields: { _pad: 'pad4', rate: 'u16', _pad2: 'pad6' } }],
  },
  maxRate: {
    spec: '1.3 7.2.2',
    layouts: [{ versions: [1, 4], code: 2, fields: { _pad: 'pad4', rate: 'u16', _pad2: 'pad6' } }],
  },
  experimenter: {
    spec: '1.3 7.2.2',
    layouts: [
      {
        versions: [1, 4],
        code: 0xffff,
        fields: { _pad: 'pad4', experimenter: 'u32', _pad2: 'pad4', data: 'bytes' },
      },
    ],
  },
} as const satisfies Family;

export const QUEUE_DESC_PROPERTIES = {
  minRate: { spec: '1.4 7.3.5.8', layouts: [{ versions: [5, 6], code: 1, fields: { rate: 'u16', _pad: 'pad2' } }] },
  maxRate: { spec: '1.4 7.3.5.8', layouts: [{ versions: [5, 6], code: 2, fields: { rate: 'u16', _pad: 'pad2' } }] },
  experimenter: EXPERIMENTER,
} as const satisfies Family;

export const TABLE_MOD_PROPERTIES = {
  eviction: { spec: '1.4 7.3.4.1', layouts: [{ versions: [5, 6], code: 2, fields: { flags: 'u32' } }] },
  /** Thresholds and current use of the table, in percent. */
  vacancy: {
    spec: '1.4 7.3.4.1',
    layouts: [
      {
        versions: [5, 6],
        code: 3,
        fields: { vacancyDown: 'u8', vacancyUp: 'u8', vacancy: 'u8', _pad: 'pad1' },
      },
    ],
  },
  experimenter: EXPERIMENTER,
} as const satisfies Family;

/** The `...Miss` properties are those of the table-miss entry, where it differs from the others. */
export const TABLE_FEATURE_PROPERTIES = {
  instructions: {
    spec: '1.3 7.3.5.5.2',
    layouts: [{ versions: [4, 6], code: 0, fields: { instructionIds: 'instructionIds' } }],
  },
  instructionsMiss: {
    spec: '1.3 7.3.5.5.2',
    layouts: [{ versions: [4, 6], code: 1, fields: { instructionIds: 'instructionIds' } }],
  },
  nextTables: { spec: '1.3 7.3.5.5.2', layouts: [{ versions: [4, 6], code: 2, fields: { nextTableIds: 'u8[]' } }] },
  nextTablesMiss: {
    spec: '1.3 7.3.5.5.2',
    layouts: [{ versions: [4, 6], code: 3, fields: { nextTableIds: 'u8[]' } }],
  },
  writeActions: { spec: '1.3 7.3.5.5.2', layouts: [{ versions: [4, 6], code: 4, fields: { actionIds: 'actionIds' } }] },
  writeActionsMiss: {
    spec: '1.3 7.3.5.5.2',
    layouts: [{ versions: [4, 6], code: 5, fields: { actionIds: 'actionIds' } }],
  },
  applyActions: { spec: '1.3 7.3.5.5.2', layouts: [{ versions: [4, 6], code: 6, fields: { actionIds: 'actionIds' } }] },
  applyActionsMiss: {
    spec: '1.3 7.3.5.5.2',
    layouts: [{ versions: [4, 6], code: 7, fields: { actionIds: 'actionIds' } }],
  },
  match: { spec: '1.3 7.3.5.5.2', layouts: [{ versions: [4, 6], code: 8, fields: { oxmIds: 'oxmId[]' } }] },
  wildcards: { spec: '1.3 7.3.5.5.2', layouts: [{ versions: [4, 6], code: 10, fields: { oxmIds: 'oxmId[]' } }] },
  writeSetfield: { spec: '1.3 7.3.5.5.2', layouts: [{ versions: [4, 6], code: 12, fields: { oxmIds: 'oxmId[]' } }] },
  writeSetfieldMiss: {
    spec: '1.3 7.3.5.5.2',
    layouts: [{ versions: [4, 6], code: 13, fields: { oxmIds: 'oxmId[]' } }],
  },
  applySetfield: { spec: '1.3 7.3.5.5.2', layouts: [{ versions: [4, 6], code: 14, fields: { oxmIds: 'oxmId[]' } }] },
  applySetfieldMiss: {
    spec: '1.3 7.3.5.5.2',
    layouts: [{ versions: [4, 6], code: 15, fields: { oxmIds: 'oxmId[]' } }],
  },
  tableSyncFrom: { spec: '1.4 7.3.5.5.2', layouts: [{ versions: [5, 6], code: 16, fields: { tableIds: 'u8[]' } }] },
  writeCopyfield: { spec: '1.5 7.3.5.18.2', layouts: [{ versions: [6, 6], code: 18, fields: { oxmIds: 'oxmId[]' } }] },
  writeCopyfieldMiss: {
    spec: '1.5 7.3.5.18.2',
    layouts: [{ versions: [6, 6], code: 19, fields: { oxmIds: 'oxmId[]' } }],
  },
  applyCopyfield: { spec: '1.5 7.3.5.18.2', layouts: [{ versions: [6, 6], code: 20, fields: { oxmIds: 'oxmId[]' } }] },
  applyCopyfieldMiss: {
    spec: '1.5 7.3.5.18.2',
    layouts: [{ versions: [6, 6], code: 21, fields: { oxmIds: 'oxmId[]' } }],
  },
  /** Packet types as `packet_type` fields with their values. */
  packetTypes: { spec: '1.5 7.3.5.18.2', layouts: [{ versions: [6, 6], code: 22, fields: { oxmValues: 'oxm[]' } }] },
  experimenter: {
    spec: '1.3 7.3.5.5.2',
    layouts: [{ versions: [4, 6], code: 0xfffe, fields: { experimenter: 'u32', expType: 'u32', data: 'bytes' } }],
  },
  experimenterMiss: {
    spec: '1.3 7.3.5.5.2',
    layouts: [{ versions: [4, 6], code: 0xffff, fields: { experimenter: 'u32', expType: 'u32', data: 'bytes' } }],
  },
} as const satisfies Family;

/** Bitmaps of the reasons that a controller in the named role is told of. */
export const ASYNC_PROPERTIES = {
  packetInSlave: { spec: '1.4 7.3.10', layouts: [{ versions: [5, 6], code: 0, fields: { mask: 'u32' } }] },
  packetInMaster: { spec: '1.4 7.3.10', layouts: [{ versions: [5, 6], code: 1, fields: { mask: 'u32' } }] },
  portStatusSlave: { spec: '1.4 7.3.10', layouts: [{ versions: [5, 6], code: 2, fields: { mask: 'u32' } }] },
  portStatusMaster: { spec: '1.4 7.3.10', layouts: [{ versions: [5, 6], code: 3, fields: { mask: 'u32' } }] },
  flowRemovedSlave: { spec: '1.4 7.3.10', layouts: [{ versions: [5, 6], code: 4, fields: { mask: 'u32' } }] },
  flowRemovedMaster: { spec: '1.4 7.3.10', layouts: [{ versions: [5, 6], code: 5, fields: { mask: 'u32' } }] },
  roleStatusSlave: { spec: '1.4 7.3.10', layouts: [{ versions: [5, 6], code: 6, fields: { mask: 'u32' } }] },
  roleStatusMaster: { spec: '1.4 7.3.10', layouts: [{ versions: [5, 6], code: 7, fields: { mask: 'u32' } }] },
  tableStatusSlave: { spec: '1.4 7.3.10', layouts: [{ versions: [5, 6], code: 8, fields: { mask: 'u32' } }] },
  tableStatusMaster: { spec: '1.4 7.3.10', layouts: [{ versions: [5, 6], code: 9, fields: { mask: 'u32' } }] },
  requestForwardSlave: { spec: '1.4 7.3.10', layouts: [{ versions: [5, 6], code: 10, fields: { mask: 'u32' } }] },
  requestForwardMaster: { spec: '1.4 7.3.10', layouts: [{ versions: [5, 6], code: 11, fields: { mask: 'u32' } }] },
  flowStatsSlave: { spec: '1.5 7.3.10', layouts: [{ versions: [6, 6], code: 12, fields: { mask: 'u32' } }] },
  flowStatsMaster: { spec: '1.5 7.3.10', layouts: [{ versions: [6, 6], code: 13, fields: { mask: 'u32' } }] },
  controllerStatusSlave: { spec: '1.5 7.3.10', layouts: [{ versions: [6, 6], code: 14, fields: { mask: 'u32' } }] },
  controllerStatusMaster: { spec: '1.5 7.3.10', layouts: [{ versions: [6, 6], code: 15, fields: { mask: 'u32' } }] },
  experimenterSlave: {
    spec: '1.4 7.3.10',
    layouts: [{ versions: [5, 6], code: 0xfffe, fields: { experimenter: 'u32', expType: 'u32', data: 'bytes' } }],
  },
  experimenterMaster: {
    spec: '1.4 7.3.10',
    layouts: [{ versions: [5, 6], code: 0xffff, fields: { experimenter: 'u32', expType: 'u32', data: 'bytes' } }],
  },
} as const satisfies Family;

export const BUCKET_PROPERTIES = {
  weight: {
    spec: '1.5 7.3.4.2',
    layouts: [
      { versions: [1, 1], code: 0, fields: { weight: 'u16', _pad: 'pad2' } },
      { versions: [6, 6], code: 0, fields: { weight: 'u16', _pad: 'pad2' } },
    ],
  },
  watchPort: {
    spec: '1.5 7.3.4.2',
    layouts: [
      { versions: [1, 1], code: 1, fields: { watch: 'u32' } },
      { versions: [6, 6], code: 1, fields: { watch: 'u32' } },
    ],
  },
  watchGroup: {
    spec: '1.5 7.3.4.2',
    layouts: [
      { versions: [1, 1], code: 2, fields: { watch: 'u32' } },
      { versions: [6, 6], code: 2, fields: { watch: 'u32' } },
    ],
  },
  experimenter: EXPERIMENTER,
} as const satisfies Family;

export const BUNDLE_PROPERTIES = {
  time: {
    spec: '1.5 7.3.9.7',
    layouts: [{ versions: [6, 6], code: 1, fields: { _pad: 'pad4', scheduledTime: 'time' } }],
  },
  experimenter: EXPERIMENTER,
} as const satisfies Family;

export const BUNDLE_FEATURE_PROPERTIES = {
  time: {
    spec: '1.5 7.3.5.20',
    layouts: [
      {
        versions: [6, 6],
        code: 1,
        fields: {
          _pad: 'pad4',
          schedAccuracy: 'time',
          schedMaxFuture: 'time',
          schedMaxPast: 'time',
          timestamp: 'time',
        },
      },
    ],
  },
  experimenter: EXPERIMENTER,
} as const satisfies Family;

export const CONTROLLER_STATUS_PROPERTIES = {
  uri: { spec: '1.5 7.3.5.19', layouts: [{ versions: [6, 6], code: 0, fields: { uri: 'text' } }] },
  experimenter: EXPERIMENTER,
} as const satisfies Family;

/** Parts of the second Nicira packet-in; each is there only if it has something to say. */
export const PACKET_IN2_PROPERTIES = {
  packet: { spec: OVS, layouts: [{ versions: [1, 6], code: 0, fields: { data: 'bytes' } }] },
  /** Length of the whole packet, if `packet` is cut short. */
  fullLen: { spec: OVS, layouts: [{ versions: [1, 6], code: 1, fields: { fullLen: 'u32' } }] },
  bufferId: { spec: OVS, layouts: [{ versions: [1, 6], code: 2, fields: { bufferId: 'u32' } }] },
  tableId: { spec: OVS, layouts: [{ versions: [1, 6], code: 3, fields: { tableId: 'u8' } }] },
  cookie: { spec: OVS, layouts: [{ versions: [1, 6], code: 4, fields: { _pad: 'pad4', cookie: 'u64' } }] },
  reason: { spec: OVS, layouts: [{ versions: [1, 6], code: 5, fields: { reason: 'u8' } }] },
  metadata: { spec: OVS, layouts: [{ versions: [1, 6], code: 6, fields: { fields: 'oxm[]' } }] },
  userdata: { spec: OVS, layouts: [{ versions: [1, 6], code: 7, fields: { data: 'bytes' } }] },
  continuation: { spec: OVS, layouts: [{ versions: [1, 6], code: 8, fields: { data: 'bytes' } }] },
} as const satisfies Family;
