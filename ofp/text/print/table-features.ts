/** Table features: each table with what differs from the one before it. */
import { TableConfig } from '../../constants/flags.ts';
import type { ReplyItem } from '../../messages.ts';
import type { OxmId, OxmName } from '../../tables/oxm-types.ts';
import type { TableFeatureProperty } from '../../tables/values.ts';
import { FIELD_INFO, MATCH_ORDER, setName } from '../fields.ts';
import { abbreviate } from './abbreviate.ts';

type Table = ReplyItem<'tableFeatures'>;
type PropertyType = TableFeatureProperty['type'];

/** What one kind of entry, ordinary or table-miss, can do. Lists are in the order of printing. */
interface Abilities {
  readonly next: readonly number[];
  readonly instructions: readonly string[];
  readonly write: { readonly actions: readonly string[]; readonly fields: readonly string[] };
  readonly apply: { readonly actions: readonly string[]; readonly fields: readonly string[] };
}

interface Features {
  readonly table: Table;
  readonly nonmiss: Abilities;
  readonly miss: Abilities;
  readonly match: readonly { readonly name: string; readonly masked: boolean; readonly wildcard: boolean }[];
}

/** Words for actions and instructions, in the order of printing. */
const ACTION_WORDS: ReadonlyMap<string, string> = new Map([
  ['output', 'output'],
  ['group', 'group'],
  ['setField', 'set_field'],
  ['popVlan', 'strip_vlan'],
  ['pushVlan', 'push_vlan'],
  ['setNwTtl', 'mod_nw_ttl'],
  ['copyField', 'move'],
  ['decNwTtl', 'dec_ttl'],
  ['setMplsTtl', 'set_mpls_ttl'],
  ['decMplsTtl', 'dec_mpls_ttl'],
  ['pushMpls', 'push_mpls'],
  ['popMpls', 'pop_mpls'],
  ['setQueue', 'set_queue'],
  ['meter', 'meter'],
  ['copyTtlOut', 'copy_ttl_out'],
  ['copyTtlIn', 'copy_ttl_in'],
  ['pushPbb', 'push_pbb'],
  ['popPbb', 'pop_pbb'],
]);
const INSTRUCTION_WORDS: ReadonlyMap<string, string> = new Map([
  ['meter', 'meter'],
  ['applyActions', 'apply_actions'],
  ['clearActions', 'clear_actions'],
  ['writeActions', 'write_actions'],
  ['writeMetadata', 'write_metadata'],
  ['gotoTable', 'goto_table'],
  ['statTrigger', 'stat_trigger'],
]);

/** Open vSwitch has its fields in an order of its own, by layer, and some under other names than in a match. */
const LAYERS: readonly OxmName[] = [
  'packet_type',
  'tunnel_id',
  'tun_ipv4_src',
  'tun_ipv4_dst',
  'tun_ipv6_src',
  'tun_ipv6_dst',
  'metadata',
  'in_port',
  'in_phy_port',
  'actset_output',
  'pkt_mark',
  ...MATCH_ORDER.filter((name) => /^reg\d+$/.test(name)),
  'eth_src',
  'eth_dst',
  'eth_type',
  'vlan_tci',
  'vlan_vid',
  'vlan_pcp',
  'mpls_label',
  'mpls_tc',
  'mpls_bos',
  'ipv4_src',
  'ipv4_dst',
  'ipv6_src',
  'ipv6_dst',
  'ipv6_flabel',
  'ip_proto',
  'ip_dscp',
  'ip_ecn',
  'ip_ttl',
  'ip_frag',
  'arp_op',
  'arp_spa',
  'arp_tpa',
  'arp_sha',
  'arp_tha',
  'tcp_src',
  'tcp_dst',
  'tcp_flags',
  'udp_src',
  'udp_dst',
  'sctp_src',
  'sctp_dst',
  'icmpv4_type',
  'icmpv4_code',
  'icmpv6_type',
  'icmpv6_code',
  'ipv6_nd_target',
  'ipv6_nd_sll',
  'ipv6_nd_tll',
];
const FIELD_ORDER: readonly OxmName[] = [
  ...LAYERS,
  ...(Object.keys(FIELD_INFO) as OxmName[]).filter((name) => !LAYERS.includes(name)),
];
const FIELD_NAMES: ReadonlyMap<OxmName, string> = new Map([
  ['eth_type', 'eth_type'],
  ['ip_frag', 'ip_frag'],
]);
const fieldName = (field: OxmName) => FIELD_NAMES.get(field) ?? setName(field);

const COMMANDS = ['replace', 'modify', 'enable', 'disable'];
const FIRST_WITH_CAPABILITIES = 5;

/** The tables of a message, in the order that they came. */
export function formatTableFeatures(tables: readonly Table[], version: number): string {
  let text = '';
  let before: Features | undefined;
  let ditto: [first: number, last: number] | undefined;
  const flush = () => {
    if (ditto)
      text += `\n  ${ditto[0] === ditto[1] ? `table ${ditto[0]}` : `tables ${ditto[0]}...${ditto[1]}`}: ditto\n`;
    ditto = undefined;
  };
  for (const table of tables) {
    const features = readFeatures(table);
    const { tableId, name } = table;
    if (!before && table.command) text += `\n  command: ${COMMANDS[table.command] ?? table.command}`;
    const isSame = before !== undefined && sameFeatures(features, before);
    if (isSame && name === '') ditto = [ditto?.[0] ?? tableId, tableId];
    else {
      flush();
      const head = `\n  table ${tableId}${name === '' ? '' : ` ("${name}")`}:`;
      text += isSame
        ? `${head} ditto`
        : `${head}\n${describe(features, before, version)
            .map((line) => `    ${line}\n`)
            .join('')}`;
    }
    before = features;
  }
  flush();
  return text;
}

function readFeatures(table: Table): Features {
  const found = new Map<PropertyType, TableFeatureProperty>(table.properties.map((each) => [each.type, each]));
  /** A table-miss entry that says nothing of a matter is like the others. */
  const of = (type: PropertyType, miss?: PropertyType) => (miss && found.get(miss)) ?? found.get(type);
  const abilities = (isMiss: boolean): Abilities => {
    const get = (type: PropertyType) => of(type, isMiss ? (`${type}Miss` as PropertyType) : undefined);
    const next = get('nextTables');
    return {
      next: next && 'nextTableIds' in next ? [...new Set(next.nextTableIds)].sort((a, b) => a - b) : [],
      instructions: words(get('instructions'), INSTRUCTION_WORDS),
      write: { actions: words(get('writeActions'), ACTION_WORDS), fields: fieldNames(oxmIds(get('writeSetfield'))) },
      apply: { actions: words(get('applyActions'), ACTION_WORDS), fields: fieldNames(oxmIds(get('applySetfield'))) },
    };
  };
  const match = oxmIds(found.get('match'));
  const masked = new Set(match.filter(({ hasMask }) => hasMask).map(({ field }) => field));
  const wildcards = new Set(oxmIds(found.get('wildcards')).map(({ field }) => field));
  const matched = new Set(match.map(({ field }) => field));
  return {
    table,
    nonmiss: abilities(false),
    miss: abilities(true),
    match: FIELD_ORDER.filter((field) => matched.has(field)).map((field) => ({
      name: fieldName(field),
      masked: masked.has(field),
      // What can be masked can be left out.
      wildcard: masked.has(field) || wildcards.has(field),
    })),
  };
}

function words(property: TableFeatureProperty | undefined, names: ReadonlyMap<string, string>): string[] {
  const ids = !property
    ? []
    : 'actionIds' in property
      ? property.actionIds
      : 'instructionIds' in property
        ? property.instructionIds
        : [];
  const types = new Set<string>(ids.map(({ type }) => type));
  return [...names].filter(([type]) => types.has(type)).map(([, word]) => word);
}

const oxmIds = (property: TableFeatureProperty | undefined): readonly OxmId[] =>
  property && 'oxmIds' in property ? property.oxmIds : [];

function fieldNames(ids: readonly OxmId[]): string[] {
  const fields = new Set(ids.map(({ field }) => field));
  return FIELD_ORDER.filter((field) => fields.has(field)).map(fieldName);
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** A table that the next one in line cannot go to itself counts as the same as the one before it. */
function sameNext(a: readonly number[], aTable: number, b: readonly number[], bTable: number): boolean {
  if (aTable === bTable + 1) return sameNext(b, bTable, a, aTable);
  const isStep = bTable === aTable + 1 && a.includes(bTable) && !b.includes(bTable);
  return same(isStep ? a.filter((table) => table !== bTable) : a, b);
}

function sameAbilities(a: Abilities, aTable: number, b: Abilities, bTable: number): boolean {
  return (
    sameNext(a.next, aTable, b.next, bTable) &&
    same([a.instructions, a.write, a.apply], [b.instructions, b.write, b.apply])
  );
}

const sameInstructions = (a: Features, b: Features) =>
  sameAbilities(a.nonmiss, a.table.tableId, b.nonmiss, b.table.tableId) &&
  sameAbilities(a.miss, a.table.tableId, b.miss, b.table.tableId);

const matchedNames = ({ match }: Features) => match.map(({ name }) => name);

function sameFeatures(a: Features, b: Features): boolean {
  const plain = ({ table: t }: Features) =>
    [t.metadataMatch, t.metadataWrite, t.maxEntries, t.capabilities ?? 0].join();
  return plain(a) === plain(b) && sameInstructions(a, b) && same(matchedNames(a), matchedNames(b));
}

const hex64 = (value: bigint) => (value === 0n ? '0' : `0x${value.toString(16)}`);
const isEmpty = ({ next, instructions, write, apply }: Abilities) =>
  [next, instructions, write.actions, write.fields, apply.actions, apply.fields].every((list) => list.length === 0);

function describe(features: Features, before: Features | undefined, version: number): string[] {
  const { metadataMatch, metadataWrite, maxEntries, capabilities = 0 } = features.table;
  const lines: string[] = [];
  if (metadataMatch !== 0n || metadataWrite !== 0n) {
    lines.push(`metadata: match=${hex64(metadataMatch)} write=${hex64(metadataWrite)}`);
  }
  if (version >= FIRST_WITH_CAPABILITIES) {
    const supported = (bit: number) => ((capabilities & bit) === 0 ? 'not supported' : 'supported');
    lines.push(
      `eviction: ${supported(TableConfig.EVICTION)}`,
      `vacancy events: ${supported(TableConfig.VACANCY_EVENTS)}`,
    );
  }
  if (maxEntries !== 0) lines.push(`max_entries=${maxEntries}`);
  return [...lines, ...describeInstructions(features, before), ...describeMatch(features, before)];
}

function describeInstructions(features: Features, before: Features | undefined): string[] {
  const { nonmiss, miss, table } = features;
  if (before && sameInstructions(features, before)) return isEmpty(nonmiss) ? [] : ['(same instructions)'];
  const block = (title: string, abilities: Abilities, last: Abilities | undefined) => [
    `instructions (${title}):`,
    ...describeAbilities(abilities, last).map((line) => `  ${line}`),
  ];
  if (!sameAbilities(nonmiss, table.tableId, miss, table.tableId)) {
    return [...block('other than table miss', nonmiss, before?.nonmiss), ...block('table miss', miss, before?.miss)];
  }
  return isEmpty(nonmiss) ? [] : block('table miss and others', nonmiss, before?.nonmiss);
}

function describeAbilities({ next, instructions, write, apply }: Abilities, before: Abilities | undefined): string[] {
  const lines: string[] = [];
  if (next.length > 0) lines.push(`next tables: ${ranges(next)}`);
  if (instructions.length > 0) {
    const isSame = before && same(instructions, before.instructions);
    lines.push(isSame ? '(same instructions)' : `instructions: ${instructions.join(' ')}`);
  }
  const block = (title: string, { actions, fields }: Abilities['write']) => [
    `${title} features:`,
    ...(actions.length > 0 ? [`  actions: ${actions.join(' ')}`] : []),
    ...(fields.length > 0 ? [`  supported on Set-Field: ${abbreviate(fields)}`] : []),
  ];
  if (before && same([write, apply], [before.write, before.apply]) && write.fields.length > 0)
    lines.push('(same actions)');
  else if (!same(write, apply)) lines.push(...block('Write-Actions', write), ...block('Apply-Actions', apply));
  else if (write.actions.length > 0 || write.fields.length > 0) {
    lines.push(...block('Write-Actions and Apply-Actions', write));
  }
  return lines;
}

/** `1-3,7` */
function ranges(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last && number === last[1] + 1) last[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

function describeMatch(features: Features, before: Features | undefined): string[] {
  const { match } = features;
  if (match.length === 0) return [];
  if (before && same(matchedNames(features), matchedNames(before))) return ['(same matching)'];
  const kinds = [
    ['arbitrary mask', match.filter(({ masked, wildcard }) => masked && wildcard)],
    ['exact match or wildcard', match.filter(({ masked, wildcard }) => !masked && wildcard)],
    ['must exact match', match.filter(({ masked, wildcard }) => !masked && !wildcard)],
  ] as const;
  return [
    'matching:',
    ...kinds.flatMap(([title, fields]) =>
      fields.length === 0 ? [] : [`  ${title}: ${abbreviate(fields.map(({ name }) => name))}`],
    ),
  ];
}
