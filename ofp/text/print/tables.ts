import type { TableDesc, TableModProperty } from '../../tables/values.ts';
import { formatBits } from '../names.ts';
import { EVICTION_FLAGS } from './names.ts';
import { formatTableFeatures } from './table-features.ts';
import type { ReplyWriters, RequestWriters, Writers } from './writer.ts';

const ALL_TABLES = 0xff;
const EVICTION = 1 << 2;
const VACANCY = 1 << 3;
const ANY_FLAGS = 0xffffffff;
const FIRST_WITH_EVICTION = 5;
/** What a table does with a packet that matches nothing, in 1.1 and 1.2. */
const MISS_CONFIGS = ['controller', 'continue', 'drop'];
const REASONS: ReadonlyMap<number, string> = new Map([
  [3, ' reason=VACANCY_DOWN'],
  [4, ' reason=VACANCY_UP'],
]);

export const TABLE_WRITERS: Writers = {
  tableMod: ({ version, tableId, config, properties }) => {
    const table = tableId === ALL_TABLES ? ' table_id: ALL_TABLES' : ` table_id=${tableId}`;
    if (version < FIRST_WITH_EVICTION) {
      const miss = version < 4 ? MISS_CONFIGS[config & 3] : '';
      return miss ? `${table}, flow_miss_config=${miss}` : table;
    }
    const vacancy = find(properties, 'vacancy');
    const limits = (config & VACANCY) === 0 ? '' : ` vacancy:${vacancy?.vacancyDown ?? 0},${vacancy?.vacancyUp ?? 0}`;
    const flags = find(properties, 'eviction');
    const eviction = flags ? `eviction_flags=${formatBits(flags.flags, EVICTION_FLAGS, '|')}` : '';
    return `${table}, eviction=${onOff(config & EVICTION)}${eviction}, vacancy=${onOff(config & VACANCY)}${limits}`;
  },
  tableStatus: ({ reason, table }) => `${REASONS.get(reason) ?? ''}\ntable_desc:-${formatTableDesc(table)}`,
};

export const TABLE_REQUEST_WRITERS: RequestWriters = {
  tableFeatures: ({ body }, { version }) => formatTableFeatures(body, version),
};

export const TABLE_REPLY_WRITERS: ReplyWriters = {
  tableDesc: ({ body }) => body.map(formatTableDesc).join(''),
  tableFeatures: ({ body }, { version }) => formatTableFeatures(body, version),
  table: ({ body }) =>
    body
      .map(({ tableId, name, activeCount, lookupCount, matchedCount, maxEntries }) =>
        [
          `\n  table ${tableId}${name ? ` ("${name}")` : ''}:`,
          `    active=${activeCount}, lookup=${lookupCount}, matched=${matchedCount}`,
          ...(maxEntries ? [`    max_entries=${maxEntries}`] : []),
          '',
        ].join('\n'),
      )
      .join(''),
};

const onOff = (bit: number) => (bit === 0 ? 'off' : 'on');

/** The last property of a type counts. */
function find<T extends TableModProperty['type']>(
  properties: readonly TableModProperty[] | undefined,
  type: T,
): Extract<TableModProperty, { type: T }> | undefined {
  return properties?.findLast((property): property is Extract<TableModProperty, { type: T }> => property.type === type);
}

function formatTableDesc({ tableId, config, properties }: TableDesc): string {
  const flags = find(properties, 'eviction')?.flags;
  const vacancy = find(properties, 'vacancy');
  const limits =
    (config & VACANCY) === 0
      ? ''
      : ` vacancy_down=${vacancy?.vacancyDown ?? 0}% vacancy_up=${vacancy?.vacancyUp ?? 0}% vacancy=${vacancy?.vacancy ?? 0}%`;
  return [
    `\n  table ${tableId}:`,
    `   eviction=${onOff(config & EVICTION)} eviction_flags=${flags === undefined || flags === ANY_FLAGS ? '(default)' : formatBits(flags, EVICTION_FLAGS, '|')}`,
    `   vacancy=${onOff(config & VACANCY)}${limits}`,
    '',
  ].join('\n');
}
