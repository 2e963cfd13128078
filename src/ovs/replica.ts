import { OvsError } from './errors.ts';
import type { Row } from './values.ts';

/** Tables and the columns of them that are wanted. */
export type Columns = Readonly<Record<string, readonly string[]>>;

/** Rows by id, as the database has them: what `monitor` answers and its updates change (RFC 7047 sections 4.1.5 and 4.1.6). */
export class Replica {
  readonly #tables = new Map<string, Map<string, Row>>();

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

  /** `updates`: table -> id -> { old, new }. Throws OVS_PROTOCOL. */
  apply(updates: unknown): void {
    for (const [table, rows] of entriesOf(updates)) {
      const known = this.#tables.get(table) ?? new Map<string, Row>();
      this.#tables.set(table, known);
      for (const [id, update] of entriesOf(rows)) {
        const { new: row } = update as { new?: Row };
        // An update names every column that is watched, so that the new row replaces the old one.
        if (row === undefined) known.delete(id);
        else known.set(id, row);
      }
    }
  }
}

function entriesOf(value: unknown): [string, unknown][] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.entries(value);
  throw new OvsError('OVS_PROTOCOL', 'the database sent an update that is none');
}
