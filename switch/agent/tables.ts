import {
  ErrorType,
  EvictionFlags,
  type Message,
  type ReplyItem,
  TableConfig,
  TableModFailedCode,
  type TableModProperty,
  TableNo,
  TableReason,
} from '../../ofp/index.ts';
import type { Bridge } from '../bridge.ts';
import { OpenFlowRefusal } from '../errors.ts';
import { maxFlows } from '../flow/flow-tables.ts';
import { tableCount } from '../pipeline/program.ts';

export interface TableEvent {
  /** `TableReason`. */
  readonly reason: number;
  readonly table: ReplyItem<'tableDesc'>;
}

interface Settings {
  /** `TableConfig` bits. */
  config: number;
  /** Percent of the table that is free: below `down` an event is due, and above `up` the next. */
  vacancyDown: number;
  vacancyUp: number;
  /** Whether the last event said that little is free. */
  isLow: boolean;
}

const allEviction = EvictionFlags.OTHER | EvictionFlags.IMPORTANCE | EvictionFlags.LIFETIME;
const settable = TableConfig.EVICTION | TableConfig.VACANCY_EVENTS | TableConfig.DEPRECATED_MASK;

/** What table-mods of 1.4 set: eviction and vacancy events (1.4 section 7.3.4.1). */
export class Tables {
  readonly #bridge: Bridge;
  readonly #settings = new Map<number, Settings>();

  constructor(bridge: Bridge) {
    this.#bridge = bridge;
  }

  /** Throws `OpenFlowRefusal`. The configuration bits of 1.1 to 1.3 are deprecated and change nothing. */
  change({ tableId, config, properties = [] }: Message<'tableMod'>): void {
    if (tableId >= tableCount && tableId !== TableNo.ALL)
      throw refusal(TableModFailedCode.BAD_TABLE, `table ${tableId}`);
    if ((config & ~settable) !== 0) throw refusal(TableModFailedCode.BAD_CONFIG, `configuration ${config}`);
    const vacancy = properties.find((property) => property.type === 'vacancy');
    const down = vacancy?.type === 'vacancy' ? vacancy.vacancyDown : 0;
    const up = vacancy?.type === 'vacancy' ? vacancy.vacancyUp : 0;
    if (down > up || up > 100) throw refusal(TableModFailedCode.BAD_CONFIG, `vacancy ${down} to ${up}`);
    const changed = tableId === TableNo.ALL ? Array.from({ length: tableCount }, (_, id) => id) : [tableId];
    for (const id of changed) {
      this.#settings.set(id, { config, vacancyDown: down, vacancyUp: up, isLow: false });
      this.#bridge.configureTable(id, { evicts: (config & TableConfig.EVICTION) !== 0 });
    }
  }

  /** Events that are due for what has changed in the tables since the last call (1.4 section 7.4.5). */
  events(): TableEvent[] {
    const due: TableEvent[] = [];
    for (const [tableId, settings] of this.#settings) {
      if ((settings.config & TableConfig.VACANCY_EVENTS) === 0) continue;
      const vacancy = this.#vacancy(tableId);
      if (settings.isLow ? vacancy <= settings.vacancyUp : vacancy >= settings.vacancyDown) continue;
      settings.isLow = !settings.isLow;
      const reason = settings.isLow ? TableReason.VACANCY_DOWN : TableReason.VACANCY_UP;
      due.push({ reason, table: this.#describe(tableId) });
    }
    return due;
  }

  /** How all tables are set. */
  describe(): ReplyItem<'tableDesc'>[] {
    return Array.from({ length: tableCount }, (_, id) => this.#describe(id));
  }

  #describe(tableId: number): ReplyItem<'tableDesc'> {
    const { config = 0, vacancyDown = 0, vacancyUp = 0 } = this.#settings.get(tableId) ?? {};
    const properties: TableModProperty[] = [{ type: 'eviction', flags: allEviction }];
    if ((config & TableConfig.VACANCY_EVENTS) !== 0) {
      properties.push({ type: 'vacancy', vacancyDown, vacancyUp, vacancy: this.#vacancy(tableId) });
    }
    return { tableId, config, properties };
  }

  /** Percent that is free. */
  #vacancy(tableId: number): number {
    const table = this.#bridge.flows.table(tableId);
    const room = Math.min(table?.maxEntries ?? maxFlows, maxFlows);
    return Math.floor((Math.max(0, room - (table?.entries.size ?? 0)) * 100) / Math.max(1, room));
  }
}

function refusal(code: number, reason: string): OpenFlowRefusal {
  return new OpenFlowRefusal(ErrorType.TABLE_MOD_FAILED, code, reason);
}
