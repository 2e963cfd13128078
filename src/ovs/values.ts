import { OvsError } from './errors.ts';

/** A value as it stands in a row (RFC 7047 section 5.1). */
export type Atom = string | number | boolean | readonly ['uuid', string] | readonly ['named-uuid', string];
export type Value = Atom | readonly ['set', readonly Atom[]] | readonly ['map', readonly (readonly [Atom, Atom])[]];
export type Row = Readonly<Record<string, Value>>;

export const uuid = (id: string): Atom => ['uuid', id];
/** Names a row that the same transaction inserts: letters, digits and underscores. */
export const newRow = (name: string): Atom => ['named-uuid', name];
export const set = (atoms: readonly Atom[]): Value => ['set', atoms];
export const map = (entries: Readonly<Record<string, string>>): Value => ['map', Object.entries(entries)];

function isAtom(value: unknown): value is Atom {
  if (Array.isArray(value)) {
    const [kind, id] = value;
    return value.length === 2 && (kind === 'uuid' || kind === 'named-uuid') && typeof id === 'string';
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function isValue(value: unknown): value is Value {
  if (isAtom(value)) return true;
  if (!Array.isArray(value) || value.length !== 2 || !Array.isArray(value[1])) return false;
  const [kind, content] = value as [unknown, unknown[]];
  if (kind === 'set') return content.every(isAtom);
  return kind === 'map' && content.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isAtom));
}

/** Whatever came from the database is a row, with values in it. */
export function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(isValue);
}

export const isMap = (value: Value | undefined): boolean => Array.isArray(value) && value[0] === 'map';

/** What a column holds, however many it is: a set of one stands as the one itself. Throws OVS_PROTOCOL. */
export function atomsOf(value: Value | undefined): readonly Atom[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return [value as Atom];
  const [kind, content] = value as readonly [string, unknown];
  if (kind === 'uuid' || kind === 'named-uuid') return [value as unknown as Atom];
  if (kind === 'set' && Array.isArray(content)) return content as Atom[];
  throw new OvsError('OVS_PROTOCOL', `a set was expected, not ${JSON.stringify(value)}`);
}

/** Ids of the rows that a column points at. */
export function uuidsOf(value: Value | undefined): string[] {
  return atomsOf(value).map((atom) => (Array.isArray(atom) ? String(atom[1]) : String(atom)));
}

/** A map of texts, as `external_ids` is. Throws OVS_PROTOCOL. */
export function textsOf(value: Value | undefined): Record<string, string> {
  if (value === undefined) return {};
  const [kind, content] = Array.isArray(value) ? (value as readonly [string, unknown]) : [];
  if (kind !== 'map' || !Array.isArray(content)) {
    throw new OvsError('OVS_PROTOCOL', `a map was expected, not ${JSON.stringify(value)}`);
  }
  return Object.fromEntries(content.map(([key, text]) => [String(key), String(text)]));
}
