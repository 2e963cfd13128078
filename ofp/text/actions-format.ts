import type { OxmField } from '../tables/oxm-types.ts';
import type { Action, Instruction } from '../tables/values.ts';
import { formatIpv4, formatMac } from './addresses.ts';
import { formatSetValue, setName } from './fields.ts';
import { CONTROLLER_PORT, FIRST_RESERVED_PORT, formatPort, type PortNames, type TextOptions } from './names.ts';
import { formatSubfield } from './subfields.ts';

type Writers = {
  readonly [T in Action['type']]: (action: Extract<Action, { type: T }>, options: TextOptions) => string;
};

const hex4 = (value: number) => `0x${value.toString(16).padStart(4, '0')}`;
const hexBytes = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('.');

const WRITERS: Writers = {
  output: ({ port, maxLen }, { ports }) => {
    if (port === CONTROLLER_PORT) return `CONTROLLER:${maxLen}`;
    return port < FIRST_RESERVED_PORT ? `output:${formatPort(port, ports)}` : formatPort(port, ports);
  },
  setVlanVid: ({ vlanVid }, { version }) => `${version === 1 ? 'mod' : 'set'}_vlan_vid:${vlanVid}`,
  setVlanPcp: ({ vlanPcp }, { version }) => `${version === 1 ? 'mod' : 'set'}_vlan_pcp:${vlanPcp}`,
  stripVlan: () => 'strip_vlan',
  setDlSrc: ({ dlAddr }) => `mod_dl_src:${formatMac(dlAddr)}`,
  setDlDst: ({ dlAddr }) => `mod_dl_dst:${formatMac(dlAddr)}`,
  setNwSrc: ({ nwAddr }) => `mod_nw_src:${formatIpv4(nwAddr)}`,
  setNwDst: ({ nwAddr }) => `mod_nw_dst:${formatIpv4(nwAddr)}`,
  setNwTos: ({ nwTos }) => `mod_nw_tos:${nwTos}`,
  setNwEcn: ({ nwEcn }) => `mod_nw_ecn:${nwEcn}`,
  setTpSrc: ({ tpPort }) => `mod_tp_src:${tpPort}`,
  setTpDst: ({ tpPort }) => `mod_tp_dst:${tpPort}`,
  enqueue: ({ port, queueId }, { ports }) => `enqueue:${formatPort(port, ports)}:${queueId}`,
  copyTtlOut: () => 'copy_ttl_out',
  copyTtlIn: () => 'copy_ttl_in',
  setMplsLabel: ({ mplsLabel }) => `set_mpls_label(${mplsLabel})`,
  setMplsTc: ({ mplsTc }) => `set_mpls_tc(${mplsTc})`,
  setMplsTtl: ({ mplsTtl }) => `set_mpls_ttl(${mplsTtl})`,
  decMplsTtl: () => 'dec_mpls_ttl',
  pushVlan: ({ ethertype }) => `push_vlan:0x${ethertype.toString(16)}`,
  popVlan: () => 'pop_vlan',
  pushMpls: ({ ethertype }) => `push_mpls:${hex4(ethertype)}`,
  popMpls: ({ ethertype }) => `pop_mpls:${hex4(ethertype)}`,
  setQueue: ({ queueId }) => `set_queue:${queueId}`,
  group: ({ groupId }) => `group:${groupId}`,
  setNwTtl: ({ nwTtl }) => `mod_nw_ttl:${nwTtl}`,
  decNwTtl: () => 'dec_ttl',
  setField: ({ field }, { ports }) => formatSetField(field, ports),
  pushPbb: ({ ethertype }) => `push_pbb:${hex4(ethertype)}`,
  popPbb: () => 'pop_pbb',
  copyField: ({ nBits, srcOffset, dstOffset, src, dst }) =>
    `move:${formatSubfield(src, srcOffset, nBits)}->${formatSubfield(dst, dstOffset, nBits)}`,
  meter: ({ meterId }) => `meter:${meterId}`,
  experimenter: ({ experimenter, data }) => `experimenter(id=0x${experimenter.toString(16)},data=${hexBytes(data)})`,
  unknown: ({ code, data }) => `unknown(type=${code},data=${hexBytes(data)})`,
};

/** One action as ovs-ofctl prints it, e.g. `output:3`, `set_field:4098->vlan_vid`. */
export function formatAction(action: Action, options: TextOptions = {}): string {
  return (WRITERS[action.type] as (action: Action, options: TextOptions) => string)(action, options);
}

/** A list of actions as ovs-ofctl prints it, e.g. `push_vlan:0x8100,output:3`; `drop` when there are none. */
export function formatActions(actions: readonly Action[], options: TextOptions = {}): string {
  return actions.length === 0 ? 'drop' : actions.map((action) => formatAction(action, options)).join(',');
}

function formatSetField(field: OxmField, ports: PortNames | undefined): string {
  if (field.field === 'unknown') {
    return `set_field:${hexBytes(field.data)}->oxm_0x${field.oxmClass.toString(16)}_${field.oxmField}`;
  }
  return `set_field:${formatSetValue(field.field, field.value, field.mask, ports)}->${setName(field.field)}`;
}

type InstructionWriters = {
  readonly [T in Instruction['type']]: (
    instruction: Extract<Instruction, { type: T }>,
    options: TextOptions,
  ) => string[];
};

const hex64 = (value: bigint) => (value === 0n ? '0' : `0x${value.toString(16)}`);
const ALL_64 = 0xffffffffffffffffn;

/** In the order in which a switch carries them out, and in which they are printed. */
const INSTRUCTION_WRITERS: InstructionWriters = {
  meter: ({ meterId }) => [`meter:${meterId}`],
  applyActions: ({ actions }, options) => actions.map((action) => formatAction(action, options)),
  clearActions: () => ['clear_actions'],
  writeActions: ({ actions }, options) => [`write_actions(${formatActions(actions, options)})`],
  writeMetadata: ({ metadata, metadataMask }) => [
    `write_metadata:${hex64(metadata)}${metadataMask === ALL_64 ? '' : `/${hex64(metadataMask)}`}`,
  ],
  statTrigger: ({ flags }) => [`stat_trigger(flags=0x${flags.toString(16)})`],
  gotoTable: ({ tableId }) => [`goto_table:${tableId}`],
  experimenter: ({ experimenter, data }) => [
    `experimenter_instruction(id=0x${experimenter.toString(16)},data=${hexBytes(data)})`,
  ],
  unknown: ({ code, data }) => [`unknown_instruction(type=${code},data=${hexBytes(data)})`],
};
const INSTRUCTION_ORDER = Object.keys(INSTRUCTION_WRITERS);

/** Instructions as ovs-ofctl prints them: `meter:5,output:1,clear_actions,goto_table:7`; `drop` for none. */
export function formatInstructions(instructions: readonly Instruction[], options: TextOptions = {}): string {
  const rank = (instruction: Instruction) => INSTRUCTION_ORDER.indexOf(instruction.type);
  const parts = [...instructions]
    .sort((a, b) => rank(a) - rank(b))
    .flatMap((instruction) =>
      (INSTRUCTION_WRITERS[instruction.type] as (i: Instruction, o: TextOptions) => string[])(instruction, options),
    );
  return parts.length === 0 ? 'drop' : parts.join(',');
}
