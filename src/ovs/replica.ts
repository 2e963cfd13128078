import { OvsError } from './errors.ts';
import { isMap, isRow, type Row } from './values.ts';

/** Tables, the columns of them that are wanted, and what they hold: a map, or a set, which one value is as well. */
export type Columns = Readonly<Record<string, Readonly<Record<string, 'set' | 'map'>>>>;

/** More than any Open vSwitch has: OpenFlow numbers no more than 65,280 ports. */
const maxRows = 100_000;

/** Rows by id, as the database has them: what `monitor` answers and its updates change (RFC 7047 sections 4.1.5 and 4.1.6). */
export class Replica {
  readonly #columns: Columns;
  readonly #tables = new Map<string, Map<string, Row>>();

  constructor(columns: Columns) {
    this.#columns = columns;
  }

  rows(table: string): ReadonlyMap<string, Row> {
    return this.#tables.get(table) ?? new Map();
  }

  /** The first row that fits, with its id. */
  find(table: string, fits: (row: Row) => boolean): { readonly id: string; readonly row: Row } | undefined {
    for (const [id, row] of this.rows(table)) if (fits(row)) return { id, row };
    return undefined;
  }

  clear(): void {
    this.#tables.clear();
  }

  /** `updates`: table -> id -> { old, new }. Throws OVS_PROTOCOL; what rows hold then is what their columns are to hold all the same. */
  apply(updates: unknown): void {
    for (const [table, rows] of entriesOf(updates)) {
      const kinds = this.#columns[table];
      if (kinds === undefined) throw none();
      const known = this.#tables.get(table) ?? new Map<string, Row>();
      this.#tables.set(table, known);
      for (const [id, update] of entriesOf(rows)) {
        const { new: row } = Object.fromEntries(entriesOf(update));
        // An update names every column that is watched, so that the new row replaces the old one.
        if (row === undefined) known.delete(id);
        else if (!isRow(row) || known.size >= maxRows) throw none();
        else if (Object.entries(kinds).some(([name, kind]) => isMap(row[name]) !== (kind === 'map'))) throw none();
        else known.set(id, row);
      }
    }
  }
}

function entriesOf(value: unknown): [string, unknown][] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.entries(value);
  throw none();
}

function none(): OvsError {
  return new OvsError('OVS_PROTOCOL', 'the database sent an update that is none');
}
