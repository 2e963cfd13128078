/** Structures that are parts of several messages. */
import type { Struct } from './schema.ts';

/** Speeds in kb/s. In 1.4 and later the features and speeds are in the `ethernet` property instead. */
export const PORT = {
  spec: '1.3 7.2.1',
  defaults: { curr: 0, advertised: 0, supported: 0, peer: 0, currSpeed: 0, maxSpeed: 0 },
  layouts: [
    {
      versions: [1, 1],
      fields: {
        portNo: 'port',
        hwAddr: 'mac',
        name: 'str16',
        config: 'u32',
        state: 'u32',
        curr: 'u32',
        advertised: 'u32',
        supported: 'u32',
        peer: 'u32',
      },
    },
    {
      versions: [2, 4],
      fields: {
        portNo: 'port',
        _pad: 'pad4',
        hwAddr: 'mac',
        _pad2: 'pad2',
        name: 'str16',
        config: 'u32',
        state: 'u32',
        curr: 'u32',
        advertised: 'u32',
        supported: 'u32',
        peer: 'u32',
        currSpeed: 'u32',
        maxSpeed: 'u32',
      },
    },
    {
      versions: [5, 6],
      fields: {
        portNo: 'port',
        _length: 'self16',
        _pad: 'pad2',
        hwAddr: 'mac',
        _pad2: 'pad2',
        name: 'str16',
        config: 'u32',
        state: 'u32',
        properties: 'portProperties',
      },
    },
  ],
} as const satisfies Struct;

/** In 1.5, and in the Nicira group extension of 1.0, weight and watches are properties. */
export const BUCKET = {
  spec: '1.3 7.3.4.2',
  defaults: { weight: 0, watchPort: 0xffffffff, watchGroup: 0xffffffff },
  layouts: [
    {
      versions: [1, 1],
      fields: {
        _len: 'self16',
        _actionArrayLen: 'len16:actions',
        bucketId: 'u32',
        actions: 'actions',
        properties: 'bucketProperties',
      },
    },
    {
      versions: [2, 5],
      fields: {
        _len: 'self16',
        weight: 'u16',
        watchPort: 'u32',
        watchGroup: 'u32',
        _pad: 'pad4',
        actions: 'actions',
      },
    },
    {
      versions: [6, 6],
      fields: {
        _len: 'self16',
        _actionArrayLen: 'len16:actions',
        bucketId: 'u32',
        actions: 'actions',
        properties: 'bucketProperties',
      },
    },
  ],
} as const satisfies Struct;

export const PACKET_QUEUE = {
  spec: '1.3 7.2.2',
  defaults: { port: 0xffffffff },
  layouts: [
    {
      versions: [1, 2],
      fields: { queueId: 'u32', _len: 'self16', _pad: 'pad2', properties: 'queueProperties' },
    },
    {
      versions: [3, 4],
      fields: { queueId: 'u32', port: 'u32', _len: 'self16', _pad: 'pad6', properties: 'queueProperties' },
    },
  ],
} as const satisfies Struct;

export const BUCKET_COUNTER = {
  spec: '1.3 7.3.5.9',
  layouts: [{ versions: [1, 6], fields: { packetCount: 'u64', byteCount: 'u64' } }],
} as const satisfies Struct;

export const METER_BAND_STATS = {
  spec: '1.3 7.3.5.12',
  layouts: [{ versions: [4, 6], fields: { packetBandCount: 'u64', byteBandCount: 'u64' } }],
} as const satisfies Struct;

export const TABLE_DESC = {
  spec: '1.4 7.3.5.17',
  layouts: [
    {
      versions: [5, 6],
      fields: {
        _length: 'self16',
        tableId: 'u8',
        _pad: 'pad1',
        config: 'u32',
        properties: 'tableModProperties',
      },
    },
  ],
} as const satisfies Struct;

export const CONTROLLER_STATUS = {
  spec: '1.5 7.3.5.19',
  layouts: [
    {
      versions: [6, 6],
      fields: {
        _length: 'self16',
        shortId: 'u16',
        role: 'u32',
        reason: 'u8',
        channelStatus: 'u8',
        _pad: 'pad6',
        properties: 'controllerStatusProperties',
      },
    },
  ],
} as const satisfies Struct;

/** Seconds and nanoseconds since the epoch of TAI. */
export const TIME = {
  spec: '1.5 7.2.2.2',
  layouts: [{ versions: [6, 6], fields: { seconds: 'u64', nanoseconds: 'u32', _pad: 'pad4' } }],
} as const satisfies Struct;

export const TLV_MAP = {
  spec: 'Open vSwitch nicira-ext.h',
  layouts: [
    {
      versions: [1, 6],
      fields: { optionClass: 'u16', optionType: 'u8', optionLen: 'u8', index: 'u16', _pad: 'pad2' },
    },
  ],
} as const satisfies Struct;
