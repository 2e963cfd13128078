import {
  ErrorType,
  EvictionFlags,
  type Message,
  type ReplyItem,
  TableConfig,
  TableModFailedCode,
  type TableModProperty,
  TableNo,
} from '../../ofp/index.ts';
import type { Bridge } from '../bridge.ts';
import { OpenFlowRefusal } from '../errors.ts';
import { maxFlows } from '../flow/flow-tables.ts';
import { tableCount } from '../pipeline/program.ts';

interface Settings {
  /** `TableConfig` bits. */
  config: number;
  /** Percent of the table that is free: below `down` an event is due, and above `up` the next. */
  vacancyDown: number;
  vacancyUp: number;
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
      this.#settings.set(id, { config, vacancyDown: down, vacancyUp: up });
      this.#bridge.configureTable(id, { evicts: (config & TableConfig.EVICTION) !== 0 });
    }
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
    const used = this.#bridge.flows.table(tableId)?.entries.size ?? 0;
    return Math.floor(((maxFlows - used) * 100) / maxFlows);
  }
}

function refusal(code: number, reason: string): OpenFlowRefusal {
  return new OpenFlowRefusal(ErrorType.TABLE_MOD_FAILED, code, reason);
}
