/**
 * Every message but the multipart ones, which have tables of their own.
 *
 * ```
 *  0                   1                   2                   3
 * +---------------+---------------+-------------------------------+
 * | version       | type          | length, header included       |
 * +---------------+---------------+-------------------------------+
 * | transaction id                                                |
 * +---------------------------------------------------------------+
 * | body ...                                                      |
 * ```
 */
import { NICIRA, ONF_EXPERIMENTER, OVS } from './experimenters.ts';
import type { Family } from './schema.ts';

const NO_BUFFER = 0xffffffff;
const ANY = 0xffffffff;

export const MESSAGES = {
  hello: {
    spec: '1.3 7.5.1',
    defaults: { elements: [] },
    layouts: [{ versions: [1, 6], code: 0, fields: { elements: 'helloElements' } }],
  },
  /** `errorType` and `code`: `ErrorType` and its code tables. `data`: at least 64 bytes of the failed request. */
  error: {
    spec: '1.3 7.4.4',
    layouts: [{ versions: [1, 6], code: 1, fields: { errorType: 'u16', code: 'u16', data: 'bytes' } }],
  },
  echoRequest: {
    spec: '1.3 7.5.2',
    defaults: { data: new Uint8Array(0) },
    layouts: [{ versions: [1, 6], code: 2, fields: { data: 'bytes' } }],
  },
  echoReply: {
    spec: '1.3 7.5.3',
    defaults: { data: new Uint8Array(0) },
    layouts: [{ versions: [1, 6], code: 3, fields: { data: 'bytes' } }],
  },
  /** In 1.0 (where it is called vendor) there is no `expType` on the wire; it is the start of `data`, if anything. */
  experimenter: {
    spec: '1.3 7.5.4',
    defaults: { expType: 0 },
    layouts: [
      { versions: [1, 1], code: 4, fields: { experimenter: 'u32', data: 'bytes' } },
      { versions: [2, 6], code: 4, fields: { experimenter: 'u32', expType: 'u32', data: 'bytes' } },
    ],
  },
  featuresRequest: { spec: '1.3 7.3.1', layouts: [{ versions: [1, 6], code: 5, fields: {} }] },
  /** `actions` is the bitmap of 1.0; `ports` are in 1.0 to 1.2. */
  featuresReply: {
    spec: '1.3 7.3.1',
    defaults: { auxiliaryId: 0 },
    layouts: [
      {
        versions: [1, 1],
        code: 6,
        fields: {
          datapathId: 'u64',
          nBuffers: 'u32',
          nTables: 'u8',
          _pad: 'pad3',
          capabilities: 'u32',
          actions: 'u32',
          ports: 'ports[]',
        },
      },
      {
        versions: [2, 3],
        code: 6,
        fields: {
          datapathId: 'u64',
          nBuffers: 'u32',
          nTables: 'u8',
          _pad: 'pad3',
          capabilities: 'u32',
          _reserved: 'pad4',
          ports: 'ports[]',
        },
      },
      {
        versions: [4, 6],
        code: 6,
        fields: {
          datapathId: 'u64',
          nBuffers: 'u32',
          nTables: 'u8',
          auxiliaryId: 'u8',
          _pad: 'pad2',
          capabilities: 'u32',
          _reserved: 'pad4',
        },
      },
    ],
  },
  getConfigRequest: { spec: '1.3 7.3.2', layouts: [{ versions: [1, 6], code: 7, fields: {} }] },
  /** `missSendLen` in bytes. */
  getConfigReply: {
    spec: '1.3 7.3.2',
    layouts: [{ versions: [1, 6], code: 8, fields: { flags: 'u16', missSendLen: 'u16' } }],
  },
  setConfig: {
    spec: '1.3 7.3.2',
    layouts: [{ versions: [1, 6], code: 9, fields: { flags: 'u16', missSendLen: 'u16' } }],
  },
  /** `totalLen` is the length of the whole packet, `data` what was sent of it. `cookie` is all ones when unknown. */
  packetIn: {
    spec: '1.3 7.4.1',
    defaults: { tableId: 0, cookie: 0xffffffffffffffffn },
    layouts: [
      {
        versions: [1, 1],
        code: 10,
        fields: {
          bufferId: 'u32',
          totalLen: 'u16',
          match: 'inPortMatch',
          reason: 'u8',
          _pad: 'pad1',
          data: 'bytes',
        },
      },
      {
        versions: [2, 2],
        code: 10,
        fields: {
          bufferId: 'u32',
          match: 'inPortMatch',
          totalLen: 'u16',
          reason: 'u8',
          tableId: 'u8',
          data: 'bytes',
        },
      },
      {
        versions: [3, 3],
        code: 10,
        fields: {
          bufferId: 'u32',
          totalLen: 'u16',
          reason: 'u8',
          tableId: 'u8',
          match: 'match',
          _pad: 'pad2',
          data: 'bytes',
        },
      },
      {
        versions: [4, 6],
        code: 10,
        fields: {
          bufferId: 'u32',
          totalLen: 'u16',
          reason: 'u8',
          tableId: 'u8',
          cookie: 'u64',
          match: 'match',
          _pad: 'pad2',
          data: 'bytes',
        },
      },
    ],
  },
  /** Timeouts in seconds. In 1.5 duration and counts are in `stats`. */
  flowRemoved: {
    spec: '1.3 7.4.2',
    defaults: { tableId: 0, durationSec: 0, durationNsec: 0, hardTimeout: 0, packetCount: 0n, byteCount: 0n },
    layouts: [
      {
        versions: [1, 1],
        code: 11,
        fields: {
          match: 'match',
          cookie: 'u64',
          priority: 'u16',
          reason: 'u8',
          _pad: 'pad1',
          durationSec: 'u32',
          durationNsec: 'u32',
          idleTimeout: 'u16',
          _pad2: 'pad2',
          packetCount: 'u64',
          byteCount: 'u64',
        },
      },
      {
        versions: [2, 2],
        code: 11,
        fields: {
          cookie: 'u64',
          priority: 'u16',
          reason: 'u8',
          tableId: 'u8',
          durationSec: 'u32',
          durationNsec: 'u32',
          idleTimeout: 'u16',
          _pad: 'pad2',
          packetCount: 'u64',
          byteCount: 'u64',
          match: 'match',
        },
      },
      {
        versions: [3, 5],
        code: 11,
        fields: {
          cookie: 'u64',
          priority: 'u16',
          reason: 'u8',
          tableId: 'u8',
          durationSec: 'u32',
          durationNsec: 'u32',
          idleTimeout: 'u16',
          hardTimeout: 'u16',
          packetCount: 'u64',
          byteCount: 'u64',
          match: 'match',
        },
      },
      {
        versions: [6, 6],
        code: 11,
        fields: {
          tableId: 'u8',
          reason: 'u8',
          priority: 'u16',
          idleTimeout: 'u16',
          hardTimeout: 'u16',
          cookie: 'u64',
          match: 'match',
          stats: 'stats',
        },
      },
    ],
  },
  portStatus: {
    spec: '1.3 7.4.3',
    layouts: [{ versions: [1, 6], code: 12, fields: { reason: 'u8', _pad: 'pad7', desc: 'portDesc' } }],
  },
  /** In 1.5 the ingress port is in `match`. */
  packetOut: {
    spec: '1.3 7.3.7',
    defaults: { bufferId: NO_BUFFER, inPort: ANY, match: [] },
    layouts: [
      {
        versions: [1, 1],
        code: 13,
        fields: {
          bufferId: 'u32',
          inPort: 'port',
          _actionsLen: 'len16:actions',
          actions: 'actions',
          data: 'bytes',
        },
      },
      {
        versions: [2, 5],
        code: 13,
        fields: {
          bufferId: 'u32',
          inPort: 'port',
          _actionsLen: 'len16:actions',
          _pad: 'pad6',
          actions: 'actions',
          data: 'bytes',
        },
      },
      {
        versions: [6, 6],
        code: 13,
        fields: {
          bufferId: 'u32',
          _actionsLen: 'len16:actions',
          _pad: 'pad2',
          match: 'match',
          actions: 'actions',
          data: 'bytes',
        },
      },
    ],
  },
  /** Timeouts in seconds. The action list of 1.0 reads as one apply-actions instruction. */
  flowMod: {
    spec: '1.3 7.3.4.1',
    defaults: {
      cookie: 0n,
      cookieMask: 0n,
      tableId: 0,
      idleTimeout: 0,
      hardTimeout: 0,
      bufferId: NO_BUFFER,
      outPort: ANY,
      outGroup: ANY,
      flags: 0,
      importance: 0,
      instructions: [],
    },
    layouts: [
      {
        versions: [1, 1],
        code: 14,
        fields: {
          match: 'match',
          cookie: 'u64',
          command: 'u16',
          idleTimeout: 'u16',
          hardTimeout: 'u16',
          priority: 'u16',
          bufferId: 'u32',
          outPort: 'port',
          flags: 'u16',
          instructions: 'actionsAsApply',
        },
      },
      {
        versions: [2, 4],
        code: 14,
        fields: {
          cookie: 'u64',
          cookieMask: 'u64',
          tableId: 'u8',
          command: 'u8',
          idleTimeout: 'u16',
          hardTimeout: 'u16',
          priority: 'u16',
          bufferId: 'u32',
          outPort: 'port',
          outGroup: 'u32',
          flags: 'u16',
          _pad: 'pad2',
          match: 'match',
          instructions: 'instructions',
        },
      },
      {
        versions: [5, 6],
        code: 14,
        fields: {
          cookie: 'u64',
          cookieMask: 'u64',
          tableId: 'u8',
          command: 'u8',
          idleTimeout: 'u16',
          hardTimeout: 'u16',
          priority: 'u16',
          bufferId: 'u32',
          outPort: 'port',
          outGroup: 'u32',
          flags: 'u16',
          importance: 'u16',
          match: 'match',
          instructions: 'instructions',
        },
      },
    ],
  },
  /** `commandBucketId` and `properties` are of 1.5. */
  groupMod: {
    spec: '1.3 7.3.4.2',
    defaults: { buckets: [], commandBucketId: 0xffffffff, properties: [] },
    layouts: [
      {
        versions: [1, 1],
        exp: [NICIRA, 31],
        fields: {
          command: 'u16',
          groupType: 'u8',
          _pad: 'pad1',
          groupId: 'u32',
          _bucketArrayLen: 'len16:buckets',
          _pad2: 'pad2',
          commandBucketId: 'u32',
          buckets: 'buckets[]',
          properties: 'experimenterProperties',
        },
      },
      {
        versions: [2, 5],
        code: 15,
        fields: { command: 'u16', groupType: 'u8', _pad: 'pad1', groupId: 'u32', buckets: 'buckets[]' },
      },
      {
        versions: [6, 6],
        code: 15,
        fields: {
          command: 'u16',
          groupType: 'u8',
          _pad: 'pad1',
          groupId: 'u32',
          _bucketArrayLen: 'len16:buckets',
          _pad2: 'pad2',
          commandBucketId: 'u32',
          buckets: 'buckets[]',
          properties: 'experimenterProperties',
        },
      },
    ],
  },
  /** `advertise` is in the `ethernet` property from 1.4 on. */
  portMod: {
    spec: '1.3 7.3.4.3',
    defaults: { advertise: 0, properties: [] },
    layouts: [
      {
        versions: [1, 1],
        code: 15,
        fields: { portNo: 'port', hwAddr: 'mac', config: 'u32', mask: 'u32', advertise: 'u32', _pad: 'pad4' },
      },
      {
        versions: [2, 4],
        code: 16,
        fields: {
          portNo: 'port',
          _pad: 'pad4',
          hwAddr: 'mac',
          _pad2: 'pad2',
          config: 'u32',
          mask: 'u32',
          advertise: 'u32',
          _pad3: 'pad4',
        },
      },
      {
        versions: [5, 6],
        code: 16,
        fields: {
          portNo: 'port',
          _pad: 'pad4',
          hwAddr: 'mac',
          _pad2: 'pad2',
          config: 'u32',
          mask: 'u32',
          properties: 'portModProperties',
        },
      },
    ],
  },
  tableMod: {
    spec: '1.3 7.3.3',
    defaults: { properties: [] },
    layouts: [
      { versions: [2, 4], code: 17, fields: { tableId: 'u8', _pad: 'pad3', config: 'u32' } },
      {
        versions: [5, 6],
        code: 17,
        fields: { tableId: 'u8', _pad: 'pad3', config: 'u32', properties: 'tableModProperties' },
      },
    ],
  },
  barrierRequest: {
    spec: '1.3 7.3.8',
    layouts: [
      { versions: [1, 1], code: 18, fields: {} },
      { versions: [2, 6], code: 20, fields: {} },
    ],
  },
  barrierReply: {
    spec: '1.3 7.3.8',
    layouts: [
      { versions: [1, 1], code: 19, fields: {} },
      { versions: [2, 6], code: 21, fields: {} },
    ],
  },
  /** Replaced by the multipart `queueDesc` in 1.4. */
  queueGetConfigRequest: {
    spec: '1.3 7.3.6',
    layouts: [
      { versions: [1, 1], code: 20, fields: { port: 'port', _pad: 'pad2' } },
      { versions: [2, 4], code: 22, fields: { port: 'port', _pad: 'pad4' } },
    ],
  },
  queueGetConfigReply: {
    spec: '1.3 7.3.6',
    layouts: [
      { versions: [1, 1], code: 21, fields: { port: 'port', _pad: 'pad6', queues: 'queues[]' } },
      { versions: [2, 4], code: 23, fields: { port: 'port', _pad: 'pad4', queues: 'queues[]' } },
    ],
  },
  roleRequest: {
    spec: '1.3 7.3.9',
    defaults: { shortId: 0xffff },
    layouts: [
      { versions: [3, 5], code: 24, fields: { role: 'u32', _pad: 'pad4', generationId: 'u64' } },
      { versions: [6, 6], code: 24, fields: { role: 'u32', shortId: 'u16', _pad: 'pad2', generationId: 'u64' } },
    ],
  },
  roleReply: {
    spec: '1.3 7.3.9',
    defaults: { shortId: 0xffff },
    layouts: [
      { versions: [3, 5], code: 25, fields: { role: 'u32', _pad: 'pad4', generationId: 'u64' } },
      { versions: [6, 6], code: 25, fields: { role: 'u32', shortId: 'u16', _pad: 'pad2', generationId: 'u64' } },
    ],
  },
  getAsyncRequest: { spec: '1.3 7.3.10', layouts: [{ versions: [4, 6], code: 26, fields: {} }] },
  /** Masks: first for the master and equal roles, second for slaves. Properties from 1.4 on. */
  getAsyncReply: {
    spec: '1.3 7.3.10',
    defaults: { packetInMask: [0, 0], portStatusMask: [0, 0], flowRemovedMask: [0, 0], properties: [] },
    layouts: [
      {
        versions: [4, 4],
        code: 27,
        fields: { packetInMask: 'u32[2]', portStatusMask: 'u32[2]', flowRemovedMask: 'u32[2]' },
      },
      { versions: [5, 6], code: 27, fields: { properties: 'asyncProperties' } },
    ],
  },
  setAsync: {
    spec: '1.3 7.3.10',
    defaults: { packetInMask: [0, 0], portStatusMask: [0, 0], flowRemovedMask: [0, 0], properties: [] },
    layouts: [
      {
        versions: [4, 4],
        code: 28,
        fields: { packetInMask: 'u32[2]', portStatusMask: 'u32[2]', flowRemovedMask: 'u32[2]' },
      },
      { versions: [5, 6], code: 28, fields: { properties: 'asyncProperties' } },
    ],
  },
  meterMod: {
    spec: '1.3 7.3.4.4',
    layouts: [{ versions: [4, 6], code: 29, fields: { command: 'u16', flags: 'u16', meterId: 'u32', bands: 'bands' } }],
  },
  roleStatus: {
    spec: '1.4 7.4.4',
    defaults: { properties: [] },
    layouts: [
      {
        versions: [4, 4],
        exp: [ONF_EXPERIMENTER, 1911],
        fields: {
          role: 'u32',
          reason: 'u8',
          _pad: 'pad3',
          generationId: 'u64',
          properties: 'experimenterProperties',
        },
      },
      {
        versions: [5, 6],
        code: 30,
        fields: {
          role: 'u32',
          reason: 'u8',
          _pad: 'pad3',
          generationId: 'u64',
          properties: 'experimenterProperties',
        },
      },
    ],
  },
  tableStatus: {
    spec: '1.4 7.4.5',
    layouts: [{ versions: [5, 6], code: 31, fields: { reason: 'u8', _pad: 'pad7', table: 'tableDesc' } }],
  },
  /** A group-mod or meter-mod of another controller. */
  requestForward: {
    spec: '1.4 7.4.6',
    layouts: [
      { versions: [1, 3], exp: [NICIRA, 132], fields: { request: 'message' } },
      { versions: [4, 4], exp: [ONF_EXPERIMENTER, 2350], fields: { request: 'message' } },
      { versions: [5, 6], code: 32, fields: { request: 'message' } },
    ],
  },
  /** In 1.3 it travels as ONF extension 230. */
  bundleControl: {
    spec: '1.4 7.3.9.2',
    defaults: { flags: 0, properties: [] },
    layouts: [
      {
        versions: [4, 4],
        exp: [ONF_EXPERIMENTER, 2300],
        fields: { bundleId: 'u32', ctrlType: 'u16', flags: 'u16', properties: 'bundleProperties' },
      },
      {
        versions: [5, 6],
        code: 33,
        fields: { bundleId: 'u32', ctrlType: 'u16', flags: 'u16', properties: 'bundleProperties' },
      },
    ],
  },
  bundleAddMessage: {
    spec: '1.4 7.3.9.6',
    defaults: { flags: 0, properties: [] },
    layouts: [
      {
        versions: [4, 4],
        exp: [ONF_EXPERIMENTER, 2301],
        fields: {
          bundleId: 'u32',
          _pad: 'pad2',
          flags: 'u16',
          message: 'message',
          properties: 'bundledProperties',
        },
      },
      {
        versions: [5, 6],
        code: 34,
        fields: {
          bundleId: 'u32',
          _pad: 'pad2',
          flags: 'u16',
          message: 'message',
          properties: 'bundledProperties',
        },
      },
    ],
  },
  controllerStatus: {
    spec: '1.5 7.4.8',
    layouts: [{ versions: [6, 6], code: 35, fields: { status: 'controllerStatus' } }],
  },

  // Extensions of Open vSwitch (Nicira) and ONF.

  /** `format`: 0 = OpenFlow 1.0, 2 = NXM. */
  nxSetFlowFormat: { spec: OVS, layouts: [{ versions: [1, 1], exp: [NICIRA, 12], fields: { format: 'u32' } }] },
  /** `format`: 0 = standard, 1 = `nxPacketIn`, 2 = `nxPacketIn2`. */
  nxSetPacketInFormat: { spec: OVS, layouts: [{ versions: [1, 6], exp: [NICIRA, 16], fields: { format: 'u32' } }] },
  /** `set`: whether the upper byte of a flow-mod's `command` is a table. */
  nxFlowModTableId: {
    spec: OVS,
    layouts: [{ versions: [1, 6], exp: [NICIRA, 15], fields: { set: 'u8', _pad: 'pad7' } }],
  },
  nxFlowAge: { spec: OVS, layouts: [{ versions: [1, 6], exp: [NICIRA, 18], fields: {} }] },
  nxSetControllerId: {
    spec: OVS,
    layouts: [{ versions: [1, 6], exp: [NICIRA, 20], fields: { _zero: 'pad6', controllerId: 'u16' } }],
  },
  /** `role`: 0 = other, 1 = master, 2 = slave. */
  nxRoleRequest: { spec: OVS, layouts: [{ versions: [1, 6], exp: [NICIRA, 10], fields: { role: 'u32' } }] },
  nxRoleReply: { spec: OVS, layouts: [{ versions: [1, 6], exp: [NICIRA, 11], fields: { role: 'u32' } }] },
  nxSetAsyncConfig: {
    spec: OVS,
    layouts: [
      {
        versions: [1, 6],
        exp: [NICIRA, 19],
        fields: { packetInMask: 'u32[2]', portStatusMask: 'u32[2]', flowRemovedMask: 'u32[2]' },
      },
    ],
  },
  /** The upper byte of `command` is the table, if `nxFlowModTableId` has said so. */
  nxFlowMod: {
    spec: OVS,
    defaults: {
      cookie: 0n,
      idleTimeout: 0,
      hardTimeout: 0,
      bufferId: NO_BUFFER,
      outPort: ANY,
      flags: 0,
      instructions: [],
    },
    layouts: [
      {
        versions: [1, 1],
        exp: [NICIRA, 13],
        fields: {
          cookie: 'u64',
          command: 'u16',
          idleTimeout: 'u16',
          hardTimeout: 'u16',
          priority: 'u16',
          bufferId: 'u32',
          outPort: 'port16',
          flags: 'u16',
          _matchLen: 'len16:match',
          _pad: 'pad6',
          match: 'nxm',
          _align: 'align:match',
          instructions: 'actionsAsApply',
        },
      },
      {
        versions: [2, 6],
        exp: [NICIRA, 13],
        fields: {
          cookie: 'u64',
          command: 'u16',
          idleTimeout: 'u16',
          hardTimeout: 'u16',
          priority: 'u16',
          bufferId: 'u32',
          outPort: 'port16',
          flags: 'u16',
          _matchLen: 'len16:match',
          _pad: 'pad6',
          match: 'nxm',
          _align: 'align:match',
          instructions: 'instructions',
        },
      },
    ],
  },
  /** `tableId` is the number of the table plus one; 0 if unknown. */
  nxFlowRemoved: {
    spec: OVS,
    layouts: [
      {
        versions: [1, 6],
        exp: [NICIRA, 14],
        fields: {
          cookie: 'u64',
          priority: 'u16',
          reason: 'u8',
          tableId: 'u8',
          durationSec: 'u32',
          durationNsec: 'u32',
          idleTimeout: 'u16',
          _matchLen: 'len16:match',
          packetCount: 'u64',
          byteCount: 'u64',
          match: 'nxm',
          _align: 'align:match',
        },
      },
    ],
  },
  nxPacketIn: {
    spec: OVS,
    layouts: [
      {
        versions: [1, 6],
        exp: [NICIRA, 17],
        fields: {
          bufferId: 'u32',
          totalLen: 'u16',
          reason: 'u8',
          tableId: 'u8',
          cookie: 'u64',
          _matchLen: 'len16:match',
          _pad: 'pad6',
          match: 'nxm',
          _align: 'align:match',
          _pad2: 'pad2',
          data: 'bytes',
        },
      },
    ],
  },
  nxPacketIn2: {
    spec: OVS,
    layouts: [{ versions: [1, 6], exp: [NICIRA, 30], fields: { properties: 'packetIn2Properties' } }],
  },
  /** Continues a packet that a paused `nxPacketIn2` handed over. */
  nxResume: {
    spec: OVS,
    layouts: [{ versions: [1, 6], exp: [NICIRA, 28], fields: { properties: 'packetIn2Properties' } }],
  },
  flowMonitorCancel: {
    spec: OVS,
    layouts: [
      { versions: [1, 3], exp: [NICIRA, 21], fields: { monitorId: 'u32' } },
      { versions: [4, 4], exp: [ONF_EXPERIMENTER, 1870], fields: { monitorId: 'u32' } },
    ],
  },
  flowMonitorPaused: {
    spec: OVS,
    layouts: [
      { versions: [1, 3], exp: [NICIRA, 22], fields: {} },
      { versions: [4, 4], exp: [ONF_EXPERIMENTER, 1871], fields: {} },
    ],
  },
  flowMonitorResumed: {
    spec: OVS,
    layouts: [
      { versions: [1, 3], exp: [NICIRA, 23], fields: {} },
      { versions: [4, 4], exp: [ONF_EXPERIMENTER, 1872], fields: {} },
    ],
  },
  /** `command`: 0 = add, 1 = delete, 2 = clear. */
  nxTlvTableMod: {
    spec: OVS,
    layouts: [{ versions: [1, 6], exp: [NICIRA, 24], fields: { command: 'u16', _pad: 'pad6', mappings: 'tlvMaps[]' } }],
  },
  nxTlvTableRequest: { spec: OVS, layouts: [{ versions: [1, 6], exp: [NICIRA, 25], fields: {} }] },
  nxTlvTableReply: {
    spec: OVS,
    layouts: [
      {
        versions: [1, 6],
        exp: [NICIRA, 26],
        fields: { maxOptionSpace: 'u32', maxFields: 'u16', _reserved: 'pad10', mappings: 'tlvMaps[]' },
      },
    ],
  },
  nxCtFlushZone: {
    spec: OVS,
    layouts: [{ versions: [1, 6], exp: [NICIRA, 29], fields: { _zero: 'pad6', zoneId: 'u16' } }],
  },
} as const satisfies Family;
