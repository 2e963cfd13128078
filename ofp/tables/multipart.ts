/**
 * Multipart messages (statistics in 1.0 to 1.2).
 *
 * ```
 *  0                   1                   2                   3
 * +---------------------------------------------------------------+
 * | header                                                        |
 * +                                                               +
 * |                                                               |
 * +-------------------------------+-------------------------------+
 * | multipart type                | flags (bit 0: more follow)    |
 * +-------------------------------+-------------------------------+
 * | padding (not in 1.0)                                          |
 * +---------------------------------------------------------------+
 * | body ...                                                      |
 * ```
 */
import { NICIRA, ONF_EXPERIMENTER, OVS } from './experimenters.ts';
import type { Struct } from './schema.ts';
import type { ValueOf } from './values.ts';

export interface MultipartFamily {
  readonly [name: string]: Struct & {
    /** Whether the body is absent, one structure, structures one after the other, or the list named by `list`. */
    readonly body: 'none' | 'one' | 'many' | 'list';
    readonly list?: keyof ValueOf;
  };
}

const ANY = 0xffffffff;

const FLOW_REQUEST_11 = {
  tableId: 'u8',
  _pad: 'pad3',
  outPort: 'port',
  outGroup: 'u32',
  _pad2: 'pad4',
  cookie: 'u64',
  cookieMask: 'u64',
  match: 'match',
} as const;
const FLOW_REQUEST_10 = { match: 'match', tableId: 'u8', _pad: 'pad1', outPort: 'port' } as const;
const FLOW_REQUEST_DEFAULTS = {
  tableId: 0xff,
  outPort: ANY,
  outGroup: ANY,
  cookie: 0n,
  cookieMask: 0n,
  match: [],
} as const;

const NX_FLOW_REQUEST = {
  outPort: 'port16',
  _matchLen: 'len16:match',
  tableId: 'u8',
  _pad: 'pad3',
  match: 'nxm',
  _align: 'align:match',
} as const;
const NX_FLOW_DEFAULTS = { outPort: ANY, tableId: 0xff, match: [] } as const;

const EXPERIMENTER = {
  spec: '1.3 7.3.5.15',
  body: 'one',
  defaults: { expType: 0 },
  layouts: [
    { versions: [1, 1], code: 0xffff, fields: { experimenter: 'u32', data: 'bytes' } },
    { versions: [2, 6], code: 0xffff, fields: { experimenter: 'u32', expType: 'u32', data: 'bytes' } },
  ],
} as const;

/** Table features have the same structure in both directions; an empty request reads, any other one configures. */
const TABLE_FEATURES = {
  spec: '1.3 7.3.5.5',
  body: 'many',
  defaults: { config: 0 },
  layouts: [
    {
      versions: [4, 4],
      code: 12,
      fields: {
        _length: 'self16',
        tableId: 'u8',
        _pad: 'pad5',
        name: 'str32',
        metadataMatch: 'u64',
        metadataWrite: 'u64',
        config: 'u32',
        maxEntries: 'u32',
        properties: 'tableFeatureProperties',
      },
    },
    {
      versions: [5, 5],
      code: 12,
      fields: {
        _length: 'self16',
        tableId: 'u8',
        _pad: 'pad5',
        name: 'str32',
        metadataMatch: 'u64',
        metadataWrite: 'u64',
        capabilities: 'u32',
        maxEntries: 'u32',
        properties: 'tableFeatureProperties',
      },
    },
    {
      versions: [6, 6],
      code: 12,
      fields: {
        _length: 'self16',
        tableId: 'u8',
        command: 'u8',
        features: 'u32',
        name: 'str32',
        metadataMatch: 'u64',
        metadataWrite: 'u64',
        capabilities: 'u32',
        maxEntries: 'u32',
        properties: 'tableFeatureProperties',
      },
    },
  ],
} as const;

export const MULTIPART_REQUESTS = {
  desc: { spec: '1.3 7.3.5.1', body: 'none', layouts: [{ versions: [1, 6], code: 0, fields: {} }] },
  flow: {
    spec: '1.3 7.3.5.2',
    body: 'one',
    defaults: FLOW_REQUEST_DEFAULTS,
    layouts: [
      { versions: [1, 1], code: 1, fields: FLOW_REQUEST_10 },
      { versions: [2, 5], code: 1, fields: FLOW_REQUEST_11 },
    ],
  },
  /** Takes the place of `flow` in 1.5. */
  flowDesc: {
    spec: '1.5 7.3.5.2',
    body: 'one',
    defaults: FLOW_REQUEST_DEFAULTS,
    layouts: [{ versions: [6, 6], code: 1, fields: FLOW_REQUEST_11 }],
  },
  aggregate: {
    spec: '1.3 7.3.5.3',
    body: 'one',
    defaults: FLOW_REQUEST_DEFAULTS,
    layouts: [
      { versions: [1, 1], code: 2, fields: FLOW_REQUEST_10 },
      { versions: [2, 6], code: 2, fields: FLOW_REQUEST_11 },
    ],
  },
  table: { spec: '1.3 7.3.5.4', body: 'none', layouts: [{ versions: [1, 6], code: 3, fields: {} }] },
  portStats: {
    spec: '1.3 7.3.5.6',
    body: 'one',
    defaults: { portNo: ANY },
    layouts: [
      { versions: [1, 1], code: 4, fields: { portNo: 'port', _pad: 'pad6' } },
      { versions: [2, 6], code: 4, fields: { portNo: 'port', _pad: 'pad4' } },
    ],
  },
  queue: {
    spec: '1.3 7.3.5.8',
    body: 'one',
    defaults: { portNo: ANY, queueId: ANY },
    layouts: [
      { versions: [1, 1], code: 5, fields: { portNo: 'port', _pad: 'pad2', queueId: 'u32' } },
      { versions: [2, 6], code: 5, fields: { portNo: 'port', queueId: 'u32' } },
    ],
  },
  group: {
    spec: '1.3 7.3.5.9',
    body: 'one',
    defaults: { groupId: 0xfffffffc },
    layouts: [
      { versions: [1, 1], exp: [NICIRA, 7], fields: { groupId: 'u32', _pad: 'pad4' } },
      { versions: [2, 6], code: 6, fields: { groupId: 'u32', _pad: 'pad4' } },
    ],
  },
  /** `groupId` is asked for in 1.5 only. */
  groupDesc: {
    spec: '1.3 7.3.5.10',
    body: 'one',
    defaults: { groupId: 0xfffffffc },
    layouts: [
      { versions: [1, 1], exp: [NICIRA, 8], fields: { groupId: 'u32', _pad: 'pad4' } },
      { versions: [2, 5], code: 7, fields: {} },
      { versions: [6, 6], code: 7, fields: { groupId: 'u32', _pad: 'pad4' } },
    ],
  },
  groupFeatures: {
    spec: '1.3 7.3.5.11',
    body: 'none',
    layouts: [
      { versions: [1, 2], exp: [NICIRA, 9], fields: {} },
      { versions: [3, 6], code: 8, fields: {} },
    ],
  },
  meter: {
    spec: '1.3 7.3.5.12',
    body: 'one',
    defaults: { meterId: ANY },
    layouts: [{ versions: [4, 6], code: 9, fields: { meterId: 'u32', _pad: 'pad4' } }],
  },
  /** Called meter description in 1.5. */
  meterConfig: {
    spec: '1.3 7.3.5.13',
    body: 'one',
    defaults: { meterId: ANY },
    layouts: [{ versions: [4, 6], code: 10, fields: { meterId: 'u32', _pad: 'pad4' } }],
  },
  meterFeatures: { spec: '1.3 7.3.5.14', body: 'none', layouts: [{ versions: [4, 6], code: 11, fields: {} }] },
  tableFeatures: TABLE_FEATURES,
  /** `portNo` is asked for in 1.5 only. Below 1.3 it is an extension of Open vSwitch. */
  portDesc: {
    spec: '1.3 7.3.5.7',
    body: 'one',
    defaults: { portNo: ANY },
    layouts: [
      { versions: [1, 5], code: 13, fields: {} },
      { versions: [6, 6], code: 13, fields: { portNo: 'port', _pad: 'pad4' } },
    ],
  },
  tableDesc: { spec: '1.4 7.3.5.17', body: 'none', layouts: [{ versions: [5, 6], code: 14, fields: {} }] },
  queueDesc: {
    spec: '1.4 7.3.5.8',
    body: 'one',
    defaults: { portNo: ANY, queueId: ANY },
    layouts: [{ versions: [5, 6], code: 15, fields: { portNo: 'port', queueId: 'u32' } }],
  },
  flowMonitor: {
    spec: '1.4 7.3.5.18',
    body: 'many',
    defaults: { outPort: ANY, outGroup: ANY, tableId: 0xff, command: 0 },
    layouts: [
      {
        versions: [1, 3],
        exp: [NICIRA, 2],
        fields: {
          monitorId: 'u32',
          flags: 'u16',
          outPort: 'port16',
          _matchLen: 'len16:match',
          tableId: 'u8',
          _zeros: 'pad5',
          match: 'nxm',
          _align: 'align:match',
        },
      },
      {
        versions: [4, 4],
        exp: [ONF_EXPERIMENTER, 1870],
        fields: {
          monitorId: 'u32',
          flags: 'u16',
          _matchLen: 'size16:match',
          outPort: 'port',
          tableId: 'u8',
          _zeros: 'pad3',
          match: 'match',
        },
      },
      {
        versions: [5, 6],
        code: 16,
        fields: {
          monitorId: 'u32',
          outPort: 'port',
          outGroup: 'u32',
          flags: 'u16',
          tableId: 'u8',
          command: 'u8',
          match: 'match',
        },
      },
    ],
  },
  flowStats: {
    spec: '1.5 7.3.5.3',
    body: 'one',
    defaults: FLOW_REQUEST_DEFAULTS,
    layouts: [{ versions: [6, 6], code: 17, fields: FLOW_REQUEST_11 }],
  },
  controllerStatus: { spec: '1.5 7.3.5.19', body: 'none', layouts: [{ versions: [6, 6], code: 18, fields: {} }] },
  bundleFeatures: {
    spec: '1.5 7.3.5.20',
    body: 'one',
    layouts: [
      {
        versions: [6, 6],
        code: 19,
        fields: { featureRequestFlags: 'u32', _pad: 'pad4', properties: 'bundleFeatureProperties' },
      },
    ],
  },
  nxFlow: {
    spec: OVS,
    body: 'one',
    defaults: NX_FLOW_DEFAULTS,
    layouts: [{ versions: [1, 1], exp: [NICIRA, 0], fields: NX_FLOW_REQUEST }],
  },
  nxAggregate: {
    spec: OVS,
    body: 'one',
    defaults: NX_FLOW_DEFAULTS,
    layouts: [{ versions: [1, 1], exp: [NICIRA, 1], fields: NX_FLOW_REQUEST }],
  },
  experimenter: EXPERIMENTER,
} as const satisfies MultipartFamily;

const GROUP_STATS_13 = {
  _length: 'self16',
  _pad: 'pad2',
  groupId: 'u32',
  refCount: 'u32',
  _pad2: 'pad4',
  packetCount: 'u64',
  byteCount: 'u64',
  durationSec: 'u32',
  durationNsec: 'u32',
  bucketStats: 'bucketCounters[]',
} as const;
const GROUP_DESC_15 = {
  _length: 'self16',
  groupType: 'u8',
  _pad: 'pad1',
  groupId: 'u32',
  _bucketArrayLen: 'len16:buckets',
  _pad2: 'pad6',
  buckets: 'buckets[]',
  properties: 'experimenterProperties',
} as const;
const GROUP_FEATURES = { types: 'u32', capabilities: 'u32', maxGroups: 'u32[4]', actions: 'u32[4]' } as const;

export const MULTIPART_REPLIES = {
  desc: {
    spec: '1.3 7.3.5.1',
    body: 'one',
    layouts: [
      {
        versions: [1, 6],
        code: 0,
        fields: { mfrDesc: 'str256', hwDesc: 'str256', swDesc: 'str256', serialNum: 'str32', dpDesc: 'str256' },
      },
    ],
  },
  /** Durations in seconds and nanoseconds, timeouts in seconds. */
  flow: {
    spec: '1.3 7.3.5.2',
    body: 'many',
    defaults: { flags: 0, importance: 0 },
    layouts: [
      {
        versions: [1, 1],
        code: 1,
        fields: {
          _length: 'self16',
          tableId: 'u8',
          _pad: 'pad1',
          match: 'match',
          durationSec: 'u32',
          durationNsec: 'u32',
          priority: 'u16',
          idleTimeout: 'u16',
          hardTimeout: 'u16',
          _pad2: 'pad6',
          cookie: 'u64',
          packetCount: 'u64',
          byteCount: 'u64',
          instructions: 'actionsAsApply',
        },
      },
      {
        versions: [2, 3],
        code: 1,
        fields: {
          _length: 'self16',
          tableId: 'u8',
          _pad: 'pad1',
          durationSec: 'u32',
          durationNsec: 'u32',
          priority: 'u16',
          idleTimeout: 'u16',
          hardTimeout: 'u16',
          _pad2: 'pad6',
          cookie: 'u64',
          packetCount: 'u64',
          byteCount: 'u64',
          match: 'match',
          instructions: 'instructions',
        },
      },
      {
        versions: [4, 4],
        code: 1,
        fields: {
          _length: 'self16',
          tableId: 'u8',
          _pad: 'pad1',
          durationSec: 'u32',
          durationNsec: 'u32',
          priority: 'u16',
          idleTimeout: 'u16',
          hardTimeout: 'u16',
          flags: 'u16',
          _pad2: 'pad4',
          cookie: 'u64',
          packetCount: 'u64',
          byteCount: 'u64',
          match: 'match',
          instructions: 'instructions',
        },
      },
      {
        versions: [5, 5],
        code: 1,
        fields: {
          _length: 'self16',
          tableId: 'u8',
          _pad: 'pad1',
          durationSec: 'u32',
          durationNsec: 'u32',
          priority: 'u16',
          idleTimeout: 'u16',
          hardTimeout: 'u16',
          flags: 'u16',
          importance: 'u16',
          _pad2: 'pad2',
          cookie: 'u64',
          packetCount: 'u64',
          byteCount: 'u64',
          match: 'match',
          instructions: 'instructions',
        },
      },
    ],
  },
  flowDesc: {
    spec: '1.5 7.3.5.2',
    body: 'many',
    layouts: [
      {
        versions: [6, 6],
        code: 1,
        fields: {
          _length: 'self16',
          _pad: 'pad2',
          tableId: 'u8',
          _pad2: 'pad1',
          priority: 'u16',
          idleTimeout: 'u16',
          hardTimeout: 'u16',
          flags: 'u16',
          importance: 'u16',
          cookie: 'u64',
          match: 'match',
          stats: 'stats',
          instructions: 'instructions',
        },
      },
    ],
  },
  /** In 1.5 the counts are in `stats`. */
  aggregate: {
    spec: '1.3 7.3.5.3',
    body: 'one',
    defaults: { packetCount: 0n, byteCount: 0n, flowCount: 0 },
    layouts: [
      { versions: [1, 5], code: 2, fields: { packetCount: 'u64', byteCount: 'u64', flowCount: 'u32', _pad: 'pad4' } },
      { versions: [6, 6], code: 2, fields: { stats: 'stats' } },
    ],
  },
  table: {
    spec: '1.3 7.3.5.4',
    body: 'many',
    layouts: [
      {
        versions: [1, 1],
        code: 3,
        fields: {
          tableId: 'u8',
          _pad: 'pad3',
          name: 'str32',
          wildcards: 'u32',
          maxEntries: 'u32',
          activeCount: 'u32',
          lookupCount: 'u64',
          matchedCount: 'u64',
        },
      },
      {
        versions: [2, 2],
        code: 3,
        fields: {
          tableId: 'u8',
          _pad: 'pad7',
          name: 'str32',
          wildcards: 'u32',
          match: 'u32',
          instructions: 'u32',
          writeActions: 'u32',
          applyActions: 'u32',
          config: 'u32',
          maxEntries: 'u32',
          activeCount: 'u32',
          lookupCount: 'u64',
          matchedCount: 'u64',
        },
      },
      {
        versions: [3, 3],
        code: 3,
        fields: {
          tableId: 'u8',
          _pad: 'pad7',
          name: 'str32',
          oxmMatch: 'u64',
          oxmWildcards: 'u64',
          writeActions: 'u32',
          applyActions: 'u32',
          writeSetfields: 'u64',
          applySetfields: 'u64',
          metadataMatch: 'u64',
          metadataWrite: 'u64',
          instructions: 'u32',
          config: 'u32',
          maxEntries: 'u32',
          activeCount: 'u32',
          lookupCount: 'u64',
          matchedCount: 'u64',
        },
      },
      {
        versions: [4, 6],
        code: 3,
        fields: { tableId: 'u8', _pad: 'pad3', activeCount: 'u32', lookupCount: 'u64', matchedCount: 'u64' },
      },
    ],
  },
  /** In 1.4 and later the four Ethernet counters are in the `ethernet` property. */
  portStats: {
    spec: '1.3 7.3.5.6',
    body: 'many',
    defaults: {
      durationSec: 0,
      durationNsec: 0,
      rxFrameErr: 0n,
      rxOverErr: 0n,
      rxCrcErr: 0n,
      collisions: 0n,
      properties: [],
    },
    layouts: [
      {
        versions: [1, 1],
        code: 4,
        fields: {
          portNo: 'port',
          _pad: 'pad6',
          rxPackets: 'u64',
          txPackets: 'u64',
          rxBytes: 'u64',
          txBytes: 'u64',
          rxDropped: 'u64',
          txDropped: 'u64',
          rxErrors: 'u64',
          txErrors: 'u64',
          rxFrameErr: 'u64',
          rxOverErr: 'u64',
          rxCrcErr: 'u64',
          collisions: 'u64',
        },
      },
      {
        versions: [2, 3],
        code: 4,
        fields: {
          portNo: 'port',
          _pad: 'pad4',
          rxPackets: 'u64',
          txPackets: 'u64',
          rxBytes: 'u64',
          txBytes: 'u64',
          rxDropped: 'u64',
          txDropped: 'u64',
          rxErrors: 'u64',
          txErrors: 'u64',
          rxFrameErr: 'u64',
          rxOverErr: 'u64',
          rxCrcErr: 'u64',
          collisions: 'u64',
        },
      },
      {
        versions: [4, 4],
        code: 4,
        fields: {
          portNo: 'port',
          _pad: 'pad4',
          rxPackets: 'u64',
          txPackets: 'u64',
          rxBytes: 'u64',
          txBytes: 'u64',
          rxDropped: 'u64',
          txDropped: 'u64',
          rxErrors: 'u64',
          txErrors: 'u64',
          rxFrameErr: 'u64',
          rxOverErr: 'u64',
          rxCrcErr: 'u64',
          collisions: 'u64',
          durationSec: 'u32',
          durationNsec: 'u32',
        },
      },
      {
        versions: [5, 6],
        code: 4,
        fields: {
          _length: 'self16',
          _pad: 'pad2',
          portNo: 'port',
          durationSec: 'u32',
          durationNsec: 'u32',
          rxPackets: 'u64',
          txPackets: 'u64',
          rxBytes: 'u64',
          txBytes: 'u64',
          rxDropped: 'u64',
          txDropped: 'u64',
          rxErrors: 'u64',
          txErrors: 'u64',
          properties: 'portStatsProperties',
        },
      },
    ],
  },
  queue: {
    spec: '1.3 7.3.5.8',
    body: 'many',
    defaults: { durationSec: 0, durationNsec: 0, properties: [] },
    layouts: [
      {
        versions: [1, 1],
        code: 5,
        fields: { portNo: 'port', _pad: 'pad2', queueId: 'u32', txBytes: 'u64', txPackets: 'u64', txErrors: 'u64' },
      },
      {
        versions: [2, 3],
        code: 5,
        fields: { portNo: 'port', queueId: 'u32', txBytes: 'u64', txPackets: 'u64', txErrors: 'u64' },
      },
      {
        versions: [4, 4],
        code: 5,
        fields: {
          portNo: 'port',
          queueId: 'u32',
          txBytes: 'u64',
          txPackets: 'u64',
          txErrors: 'u64',
          durationSec: 'u32',
          durationNsec: 'u32',
        },
      },
      {
        versions: [5, 6],
        code: 5,
        fields: {
          _length: 'self16',
          _pad: 'pad6',
          portNo: 'port',
          queueId: 'u32',
          txBytes: 'u64',
          txPackets: 'u64',
          txErrors: 'u64',
          durationSec: 'u32',
          durationNsec: 'u32',
          properties: 'experimenterProperties',
        },
      },
    ],
  },
  group: {
    spec: '1.3 7.3.5.9',
    body: 'many',
    defaults: { durationSec: 0, durationNsec: 0 },
    layouts: [
      {
        versions: [1, 1],
        exp: [NICIRA, 7],
        fields: GROUP_STATS_13,
      },
      {
        versions: [2, 3],
        code: 6,
        fields: {
          _length: 'self16',
          _pad: 'pad2',
          groupId: 'u32',
          refCount: 'u32',
          _pad2: 'pad4',
          packetCount: 'u64',
          byteCount: 'u64',
          bucketStats: 'bucketCounters[]',
        },
      },
      {
        versions: [4, 6],
        code: 6,
        fields: GROUP_STATS_13,
      },
    ],
  },
  groupDesc: {
    spec: '1.3 7.3.5.10',
    body: 'many',
    defaults: { properties: [] },
    layouts: [
      { versions: [1, 1], exp: [NICIRA, 8], fields: GROUP_DESC_15 },
      {
        versions: [2, 5],
        code: 7,
        fields: { _length: 'self16', groupType: 'u8', _pad: 'pad1', groupId: 'u32', buckets: 'buckets[]' },
      },
      {
        versions: [6, 6],
        code: 7,
        fields: GROUP_DESC_15,
      },
    ],
  },
  /** `maxGroups` and `actions` are indexed by group type. */
  groupFeatures: {
    spec: '1.3 7.3.5.11',
    body: 'one',
    layouts: [
      { versions: [1, 2], exp: [NICIRA, 9], fields: GROUP_FEATURES },
      { versions: [3, 6], code: 8, fields: GROUP_FEATURES },
    ],
  },
  /** `flowCount` counts references of any kind in 1.5. */
  meter: {
    spec: '1.3 7.3.5.12',
    body: 'many',
    layouts: [
      {
        versions: [4, 6],
        code: 9,
        fields: {
          meterId: 'u32',
          _len: 'self16',
          _pad: 'pad6',
          flowCount: 'u32',
          packetInCount: 'u64',
          byteInCount: 'u64',
          durationSec: 'u32',
          durationNsec: 'u32',
          bandStats: 'meterBandStats[]',
        },
      },
    ],
  },
  meterConfig: {
    spec: '1.3 7.3.5.13',
    body: 'many',
    layouts: [
      { versions: [4, 6], code: 10, fields: { _length: 'self16', flags: 'u16', meterId: 'u32', bands: 'bands' } },
    ],
  },
  /** `features` are of 1.5; Open vSwitch has the structure of 1.3 there, which ends before: null. */
  meterFeatures: {
    spec: '1.3 7.3.5.14',
    body: 'one',
    defaults: { features: 0 },
    layouts: [
      {
        versions: [4, 5],
        code: 11,
        fields: {
          maxMeter: 'u32',
          bandTypes: 'u32',
          capabilities: 'u32',
          maxBands: 'u8',
          maxColor: 'u8',
          _pad: 'pad2',
        },
      },
      {
        versions: [6, 6],
        code: 11,
        fields: {
          maxMeter: 'u32',
          bandTypes: 'u32',
          capabilities: 'u32',
          maxBands: 'u8',
          maxColor: 'u8',
          _pad: 'pad2',
          features: 'u32?',
        },
      },
    ],
  },
  tableFeatures: TABLE_FEATURES,
  portDesc: {
    spec: '1.3 7.3.5.7',
    body: 'list',
    list: 'ports[]',
    layouts: [{ versions: [1, 6], code: 13, fields: {} }],
  },
  tableDesc: {
    spec: '1.4 7.3.5.17',
    body: 'list',
    list: 'tableDescs[]',
    layouts: [{ versions: [5, 6], code: 14, fields: {} }],
  },
  queueDesc: {
    spec: '1.4 7.3.5.8',
    body: 'many',
    layouts: [
      {
        versions: [5, 6],
        code: 15,
        fields: {
          portNo: 'port',
          queueId: 'u32',
          _len: 'self16',
          _pad: 'pad6',
          properties: 'queueDescProperties',
        },
      },
    ],
  },
  flowStats: {
    spec: '1.5 7.3.5.3',
    body: 'many',
    layouts: [
      {
        versions: [6, 6],
        code: 17,
        fields: {
          _length: 'self16',
          _pad: 'pad2',
          tableId: 'u8',
          reason: 'u8',
          priority: 'u16',
          match: 'match',
          stats: 'stats',
        },
      },
    ],
  },
  flowMonitor: {
    spec: '1.4 7.3.5.18',
    body: 'list',
    list: 'flowUpdates',
    layouts: [
      { versions: [1, 3], exp: [NICIRA, 2], fields: {} },
      { versions: [4, 4], exp: [ONF_EXPERIMENTER, 1870], fields: {} },
      { versions: [5, 6], code: 16, fields: {} },
    ],
  },
  controllerStatus: {
    spec: '1.5 7.3.5.19',
    body: 'list',
    list: 'controllerStatuses[]',
    layouts: [{ versions: [6, 6], code: 18, fields: {} }],
  },
  bundleFeatures: {
    spec: '1.5 7.3.5.20',
    body: 'one',
    layouts: [
      {
        versions: [6, 6],
        code: 19,
        fields: { capabilities: 'u16', _pad: 'pad6', properties: 'bundleFeatureProperties' },
      },
    ],
  },
  /** `idleAge` and `hardAge`: seconds since the last packet and change, plus one; 0 if unknown. */
  nxFlow: {
    spec: OVS,
    body: 'many',
    layouts: [
      {
        versions: [1, 1],
        exp: [NICIRA, 0],
        fields: {
          _length: 'self16',
          tableId: 'u8',
          _pad: 'pad1',
          durationSec: 'u32',
          durationNsec: 'u32',
          priority: 'u16',
          idleTimeout: 'u16',
          hardTimeout: 'u16',
          _matchLen: 'len16:match',
          idleAge: 'u16',
          hardAge: 'u16',
          cookie: 'u64',
          packetCount: 'u64',
          byteCount: 'u64',
          match: 'nxm',
          _align: 'align:match',
          instructions: 'actionsAsApply',
        },
      },
    ],
  },
  nxAggregate: {
    spec: OVS,
    body: 'one',
    layouts: [
      {
        versions: [1, 1],
        exp: [NICIRA, 1],
        fields: { packetCount: 'u64', byteCount: 'u64', flowCount: 'u32', _pad: 'pad4' },
      },
    ],
  },
  experimenter: EXPERIMENTER,
} as const satisfies MultipartFamily;
