import type { OxmName } from '../tables/oxm-types.ts';
import type { Action } from '../tables/values.ts';
import { parseIpv4, parseMac } from './addresses.ts';
import type { FieldValue } from './fields.ts';
import { CONTROLLER_PORT, isOutputPort, portNumber, type TextOptions } from './names.ts';
import type { PacketFacts } from './packet-facts.ts';
import { cut, fail, type Pair, type Piece, pairs, parseNumber, whole } from './scan.ts';
import {
  type ActionContext,
  available,
  readMove,
  readSetField,
  SET_FIELD_SINCE,
  setField,
  setTunnel,
} from './set-field.ts';

type Reader = (value: Piece, context: ActionContext, key: Piece) => Action[];

const FULL_PACKET = 0xffff;
const C_TAG = 0x8100;
const S_TAG = 0x88a8;
const VLAN_PRESENT = 0x1000;

/** An action without an argument. */
const plain =
  (action: Action, effect: (facts: PacketFacts, key: Piece) => void = () => {}): Reader =>
  (_value, context, key) => {
    if (context.facts) effect(context.facts, key);
    return [available(action, context, key)];
  };

const number =
  (
    bits: number,
    make: (value: number) => Action,
    effect: (facts: PacketFacts, key: Piece, value: number) => void = () => {},
  ): Reader =>
  (value, context, key) => {
    const read = parseNumber(value, bits);
    if (context.facts) effect(context.facts, key, read);
    return [available(make(read), context, key)];
  };

/** A word of 1.0: its own action there, and a set_field in the versions that have one. */
const legacy =
  <T>(
    read: (value: Piece) => T,
    make: (value: T) => Action,
    field: OxmName | ((facts: PacketFacts | undefined, key: Piece) => OxmName),
    fieldValue: (value: T) => FieldValue,
    needs: (facts: PacketFacts, key: Piece) => void,
  ): Reader =>
  (value, context, key) => {
    const { facts, version } = context;
    const given = read(value);
    if (facts && version > 1) needs(facts, key);
    if (version < SET_FIELD_SINCE) return [available(make(given), context, key)];
    const name = typeof field === 'function' ? field(facts, key) : field;
    return [setField(name, fieldValue(given))];
  };

const bounded = (bits: number, max: number, expected: string) => (piece: Piece) => {
  const value = parseNumber(piece, bits);
  return value <= max ? value : fail(piece, expected);
};
const mac = (piece: Piece) => parseMac(piece.text) ?? fail(piece, 'an Ethernet address');
const ipv4 = (piece: Piece) => parseIpv4(piece.text) ?? fail(piece, 'an IPv4 address');
const tos = (piece: Piece) => {
  const value = parseNumber(piece, 8);
  return (value & 3) === 0 ? value : fail(piece, 'a type of service with the last two bits zero');
};
const port16 = (piece: Piece) => parseNumber(piece, 16);
const noNeed = () => {};
const asIs = (value: number) => value;

/** VLAN id or priority; `mod_` words put a tag on a packet that has none. */
const vlanPart =
  (field: 'vlan_vid' | 'vlan_pcp', pushes: boolean): Reader =>
  (piece, context, key) => {
    const isVid = field === 'vlan_vid';
    const value = isVid
      ? bounded(16, 0xfff, 'a VLAN id of 12 bits')(piece)
      : bounded(8, 7, 'a VLAN priority of 0 to 7')(piece);
    const { version, facts } = context;
    if (version === 1) return [isVid ? { type: 'setVlanVid', vlanVid: value } : { type: 'setVlanPcp', vlanPcp: value }];
    const tagged = facts?.isTagged ?? !pushes;
    if (!tagged && !pushes) fail(key, 'a packet with a VLAN tag');
    const before: Action[] = tagged ? [] : [{ type: 'pushVlan', ethertype: C_TAG }];
    if (!tagged) facts?.pushTag(key);
    if (version < SET_FIELD_SINCE) {
      return [...before, isVid ? { type: 'setVlanVid', vlanVid: value } : { type: 'setVlanPcp', vlanPcp: value }];
    }
    return [...before, setField(field, isVid ? value | VLAN_PRESENT : value)];
  };

const transportPort = (end: 'src' | 'dst'): Reader =>
  legacy(
    port16,
    (tpPort) => (end === 'src' ? { type: 'setTpSrc', tpPort } : { type: 'setTpDst', tpPort }),
    (facts, key) => facts?.transportField(end) ?? fail(key, 'a flow of TCP, UDP or SCTP'),
    asIs,
    (facts, key) => facts.needTransport(key),
  );

/** `drop` stands alone; whoever reads a list sees to that. */
const WORDS: ReadonlyMap<string, Reader> = new Map<string, Reader>(
  Object.entries({
    output: (value, context) => [output(value, context)],
    controller: (value) => [{ type: 'output', port: CONTROLLER_PORT, maxLen: controllerLength(value) }],
    enqueue: (value, context, key) => [available(enqueue(value, context), context, key)],
    group: number(32, (groupId) => ({ type: 'group', groupId })),
    set_queue: number(32, (queueId) => ({ type: 'setQueue', queueId })),
    set_vlan_vid: vlanPart('vlan_vid', false),
    mod_vlan_vid: vlanPart('vlan_vid', true),
    set_vlan_pcp: vlanPart('vlan_pcp', false),
    mod_vlan_pcp: vlanPart('vlan_pcp', true),
    strip_vlan: popVlan,
    pop_vlan: popVlan,
    push_vlan: (value, context, key) => {
      const ethertype = parseNumber(value, 16);
      if (ethertype !== C_TAG && ethertype !== S_TAG) return fail(value, '0x8100 or 0x88a8');
      context.facts?.pushTag(key);
      return [available({ type: 'pushVlan', ethertype }, context, key)];
    },
    mod_dl_src: legacy(
      mac,
      (dlAddr) => ({ type: 'setDlSrc', dlAddr }),
      'eth_src',
      (value) => value,
      noNeed,
    ),
    mod_dl_dst: legacy(
      mac,
      (dlAddr) => ({ type: 'setDlDst', dlAddr }),
      'eth_dst',
      (value) => value,
      noNeed,
    ),
    mod_nw_src: legacy(
      ipv4,
      (nwAddr) => ({ type: 'setNwSrc', nwAddr }),
      'ipv4_src',
      asIs,
      (f, key) => f.needIpv4(key),
    ),
    mod_nw_dst: legacy(
      ipv4,
      (nwAddr) => ({ type: 'setNwDst', nwAddr }),
      'ipv4_dst',
      asIs,
      (f, key) => f.needIpv4(key),
    ),
    mod_nw_tos: legacy(
      tos,
      (nwTos) => ({ type: 'setNwTos', nwTos }),
      'ip_dscp',
      (value) => value >> 2,
      (f, key) => f.needIp(key),
    ),
    mod_nw_ecn: legacy(
      bounded(8, 3, 'an ECN of 0 to 3'),
      (nwEcn) => ({ type: 'setNwEcn', nwEcn }),
      'ip_ecn',
      asIs,
      (f, key) => f.needIp(key),
    ),
    mod_nw_ttl: number(
      8,
      (nwTtl) => ({ type: 'setNwTtl', nwTtl }),
      (f, key) => f.needIp(key),
    ),
    set_nw_ttl: number(
      8,
      (nwTtl) => ({ type: 'setNwTtl', nwTtl }),
      (f, key) => f.needIp(key),
    ),
    mod_tp_src: transportPort('src'),
    mod_tp_dst: transportPort('dst'),
    dec_ttl: (value, context, key) => {
      if (value.text !== '') return fail(value, 'no argument: controller ids are an extension of Open vSwitch');
      context.facts?.needIp(key);
      return [available({ type: 'decNwTtl' }, context, key)];
    },
    set_mpls_label: legacy(
      bounded(32, 0xfffff, 'an MPLS label of 20 bits'),
      (mplsLabel) => ({ type: 'setMplsLabel', mplsLabel }),
      'mpls_label',
      asIs,
      (f, key) => f.needMpls(key),
    ),
    set_mpls_tc: legacy(
      bounded(8, 7, 'an MPLS traffic class of 0 to 7'),
      (mplsTc) => ({ type: 'setMplsTc', mplsTc }),
      'mpls_tc',
      asIs,
      (f, key) => f.needMpls(key),
    ),
    set_mpls_ttl: number(
      8,
      (mplsTtl) => ({ type: 'setMplsTtl', mplsTtl }),
      (f, key) => f.needMpls(key),
    ),
    dec_mpls_ttl: plain({ type: 'decMplsTtl' }, (facts, key) => facts.needMpls(key)),
    push_mpls: number(
      16,
      (ethertype) => ({ type: 'pushMpls', ethertype }),
      (facts, _key, type) => facts.pushMpls(type),
    ),
    pop_mpls: number(
      16,
      (ethertype) => ({ type: 'popMpls', ethertype }),
      (facts, key, type) => facts.popMpls(key, type),
    ),
    push_pbb: number(16, (ethertype) => ({ type: 'pushPbb', ethertype })),
    pop_pbb: plain({ type: 'popPbb' }),
    copy_ttl_out: plain({ type: 'copyTtlOut' }),
    copy_ttl_in: plain({ type: 'copyTtlIn' }),
    set_tunnel: (value, context, key) => setTunnel(value, 32, context, key),
    set_tunnel64: (value, context, key) => setTunnel(value, 64, context, key),
    set_field: readSetField,
    move: readMove,
    experimenter: (value) => [readExperimenter(value)],
  } satisfies { [word: string]: Reader }),
);

/** Reads one action; undefined if its word is not an action's. @throws {OfpTextError} */
export function readAction({ key, value }: Pair, context: ActionContext): Action[] | undefined {
  const reader = WORDS.get(key.text.toLowerCase());
  if (reader) return reader(value, context, key);
  const port = portNumber(key.text, context.ports);
  return port === undefined ? undefined : [toPort(port, key, 0)];
}

/**
 * Reads a list of actions such as `push_vlan:0x8100,set_field:4098->vlan_vid,output:3`; `drop` is the empty list.
 *
 * @throws {OfpTextError} for what is not an action, or not one of the version.
 */
export function parseActions(text: string, options: TextOptions = {}): Action[] {
  return readActions(whole(text), { version: options.version ?? 4, ports: options.ports, facts: undefined });
}

/** As `parseActions`, within a longer text. */
export function readActions(piece: Piece, context: ActionContext): Action[] {
  const actions: Action[] = [];
  let drop: Piece | undefined;
  for (const pair of pairs(piece)) {
    if (pair.key.text.toLowerCase() === 'drop') drop = pair.key;
    else if (context.version === 6 && pair.key.text === 'meter')
      actions.push({ type: 'meter', meterId: parseNumber(pair.value, 32) });
    else actions.push(...(readAction(pair, context) ?? fail(pair.key, 'an action')));
  }
  if (drop && actions.length > 0) fail(drop, 'no drop beside other actions');
  return actions;
}

function toPort(port: number, piece: Piece, maxLen: number): Action {
  return isOutputPort(port) ? { type: 'output', port, maxLen } : fail(piece, 'a port to send to');
}

function output(value: Piece, { ports }: ActionContext): Action {
  const port = portNumber(value.text, ports) ?? fail(value, 'a port number or name');
  return toPort(port, value, port === CONTROLLER_PORT ? FULL_PACKET : 0);
}

/** `controller:N` or `controller(max_len=N)`; the other arguments are extensions of Open vSwitch. */
function controllerLength(value: Piece): number {
  if (value.text === '') return FULL_PACKET;
  if (/^\d+$/.test(value.text)) return parseNumber(value, 16);
  let length = FULL_PACKET;
  for (const pair of pairs(value)) {
    if (pair.key.text !== 'max_len') fail(pair.key, 'max_len');
    length = parseNumber(pair.value, 16);
  }
  return length;
}

function enqueue(value: Piece, { ports }: ActionContext): Action {
  const at = value.text.search(/[:q,]/);
  if (at < 0) return fail(value, 'port:queue');
  const port = portNumber(value.text.slice(0, at), ports) ?? fail(value, 'a port number or name');
  return { type: 'enqueue', port, queueId: parseNumber(cut(value, at + 1), 32) };
}

function popVlan(_value: Piece, context: ActionContext, key: Piece): Action[] {
  if (context.version > 1) context.facts?.popTag(key);
  return [context.version === 1 ? { type: 'stripVlan' } : { type: 'popVlan' }];
}

/** `experimenter(id=0x2320,data=00.01...)`, as an action that has no text of its own is printed. */
function readExperimenter(piece: Piece): Action {
  let experimenter: number | undefined;
  let data = new Uint8Array(0);
  for (const { key, value } of pairs(piece)) {
    if (key.text === 'id') experimenter = parseNumber(value, 32);
    else if (key.text === 'data' && /^([0-9a-f]{2}(\.[0-9a-f]{2})*)?$/i.test(value.text)) {
      data = Uint8Array.from(value.text === '' ? [] : value.text.split('.'), (byte) => Number.parseInt(byte, 16));
    } else fail(key, 'id= and data=');
  }
  if (experimenter === undefined) return fail(piece, 'id=');
  return { type: 'experimenter', experimenter, data };
}
