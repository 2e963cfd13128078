/**
 * Actions. Each is a TLV of 16-bit type, 16-bit length and a body; the length is a multiple of 8 and counts everything.
 *
 * ```
 *  0                   1                   2                   3
 * +-------------------------------+-------------------------------+
 * | type                          | length                        |
 * +-------------------------------+-------------------------------+
 * | body ...                                                      |
 * ```
 */
import type { Family } from './schema.ts';

export const ACTIONS = {
  /** `maxLen` is the number of bytes for the controller port, see `ControllerMaxLen`. */
  output: {
    spec: '1.3 7.2.5.1',
    defaults: { maxLen: 0 },
    layouts: [
      { versions: [1, 1], code: 0, fields: { port: 'port', maxLen: 'u16' } },
      { versions: [2, 6], code: 0, fields: { port: 'port', maxLen: 'u16', _pad: 'pad6' } },
    ],
  },
  setVlanVid: {
    spec: '1.0 5.2.4',
    layouts: [{ versions: [1, 2], code: 1, fields: { vlanVid: 'u16', _pad: 'pad2' } }],
  },
  setVlanPcp: {
    spec: '1.0 5.2.4',
    layouts: [{ versions: [1, 2], code: 2, fields: { vlanPcp: 'u8', _pad: 'pad3' } }],
  },
  stripVlan: { spec: '1.0 5.2.4', layouts: [{ versions: [1, 1], code: 3, fields: { _pad: 'pad4' } }] },
  setDlSrc: {
    spec: '1.0 5.2.4',
    layouts: [
      { versions: [1, 1], code: 4, fields: { dlAddr: 'mac', _pad: 'pad6' } },
      { versions: [2, 2], code: 3, fields: { dlAddr: 'mac', _pad: 'pad6' } },
    ],
  },
  setDlDst: {
    spec: '1.0 5.2.4',
    layouts: [
      { versions: [1, 1], code: 5, fields: { dlAddr: 'mac', _pad: 'pad6' } },
      { versions: [2, 2], code: 4, fields: { dlAddr: 'mac', _pad: 'pad6' } },
    ],
  },
  setNwSrc: {
    spec: '1.0 5.2.4',
    layouts: [
      { versions: [1, 1], code: 6, fields: { nwAddr: 'ipv4' } },
      { versions: [2, 2], code: 5, fields: { nwAddr: 'ipv4' } },
    ],
  },
  setNwDst: {
    spec: '1.0 5.2.4',
    layouts: [
      { versions: [1, 1], code: 7, fields: { nwAddr: 'ipv4' } },
      { versions: [2, 2], code: 6, fields: { nwAddr: 'ipv4' } },
    ],
  },
  /** `nwTos` is the whole octet: the DSCP in its upper six bits. */
  setNwTos: {
    spec: '1.0 5.2.4',
    layouts: [
      { versions: [1, 1], code: 8, fields: { nwTos: 'u8', _pad: 'pad3' } },
      { versions: [2, 2], code: 7, fields: { nwTos: 'u8', _pad: 'pad3' } },
    ],
  },
  setNwEcn: { spec: '1.1 A.2.5', layouts: [{ versions: [2, 2], code: 8, fields: { nwEcn: 'u8', _pad: 'pad3' } }] },
  setTpSrc: {
    spec: '1.0 5.2.4',
    layouts: [{ versions: [1, 2], code: 9, fields: { tpPort: 'u16', _pad: 'pad2' } }],
  },
  setTpDst: {
    spec: '1.0 5.2.4',
    layouts: [{ versions: [1, 2], code: 10, fields: { tpPort: 'u16', _pad: 'pad2' } }],
  },
  enqueue: {
    spec: '1.0 5.2.4',
    layouts: [{ versions: [1, 1], code: 11, fields: { port: 'port', _pad: 'pad6', queueId: 'u32' } }],
  },
  copyTtlOut: { spec: '1.3 7.2.5.5', layouts: [{ versions: [2, 6], code: 11, fields: { _pad: 'pad4' } }] },
  copyTtlIn: { spec: '1.3 7.2.5.5', layouts: [{ versions: [2, 6], code: 12, fields: { _pad: 'pad4' } }] },
  setMplsLabel: { spec: '1.1 A.2.5', layouts: [{ versions: [2, 2], code: 13, fields: { mplsLabel: 'u32' } }] },
  setMplsTc: { spec: '1.1 A.2.5', layouts: [{ versions: [2, 2], code: 14, fields: { mplsTc: 'u8', _pad: 'pad3' } }] },
  setMplsTtl: {
    spec: '1.3 7.2.5.4',
    layouts: [{ versions: [2, 6], code: 15, fields: { mplsTtl: 'u8', _pad: 'pad3' } }],
  },
  decMplsTtl: { spec: '1.3 7.2.5.4', layouts: [{ versions: [2, 6], code: 16, fields: { _pad: 'pad4' } }] },
  pushVlan: {
    spec: '1.3 7.2.5.6',
    layouts: [{ versions: [2, 6], code: 17, fields: { ethertype: 'u16', _pad: 'pad2' } }],
  },
  popVlan: { spec: '1.3 7.2.5.6', layouts: [{ versions: [2, 6], code: 18, fields: { _pad: 'pad4' } }] },
  pushMpls: {
    spec: '1.3 7.2.5.6',
    layouts: [{ versions: [2, 6], code: 19, fields: { ethertype: 'u16', _pad: 'pad2' } }],
  },
  popMpls: {
    spec: '1.3 7.2.5.6',
    layouts: [{ versions: [2, 6], code: 20, fields: { ethertype: 'u16', _pad: 'pad2' } }],
  },
  setQueue: { spec: '1.3 7.2.5.3', layouts: [{ versions: [2, 6], code: 21, fields: { queueId: 'u32' } }] },
  group: { spec: '1.3 7.2.5.2', layouts: [{ versions: [2, 6], code: 22, fields: { groupId: 'u32' } }] },
  setNwTtl: { spec: '1.3 7.2.5.4', layouts: [{ versions: [2, 6], code: 23, fields: { nwTtl: 'u8', _pad: 'pad3' } }] },
  decNwTtl: { spec: '1.3 7.2.5.4', layouts: [{ versions: [2, 6], code: 24, fields: { _pad: 'pad4' } }] },
  /** The field has no mask before 1.5. */
  setField: { spec: '1.3 7.2.5.7', layouts: [{ versions: [3, 6], code: 25, fields: { field: 'oxm', _pad: 'tail' } }] },
  pushPbb: {
    spec: '1.3 7.2.5.6',
    layouts: [{ versions: [4, 6], code: 26, fields: { ethertype: 'u16', _pad: 'pad2' } }],
  },
  popPbb: { spec: '1.3 7.2.5.6', layouts: [{ versions: [4, 6], code: 27, fields: { _pad: 'pad4' } }] },
  /** Offsets and length in bits. */
  copyField: {
    spec: '1.5 7.2.6.8',
    layouts: [
      {
        versions: [6, 6],
        code: 28,
        fields: {
          nBits: 'u16',
          srcOffset: 'u16',
          dstOffset: 'u16',
          _pad: 'pad2',
          src: 'oxmId',
          dst: 'oxmId',
          _tail: 'tail',
        },
      },
    ],
  },
  meter: { spec: '1.5 7.2.6.9', layouts: [{ versions: [6, 6], code: 29, fields: { meterId: 'u32' } }] },
  /** `data` is the whole body after the experimenter id. */
  experimenter: {
    spec: '1.3 7.2.5.8',
    layouts: [{ versions: [1, 6], code: 0xffff, fields: { experimenter: 'u32', data: 'bytes' } }],
  },
} as const satisfies Family;
