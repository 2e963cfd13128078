export type LogLevel = 'info' | 'warn';
export type LogFields = Readonly<Record<string, string | number | undefined>>;
export type LogSink = (level: LogLevel, message: string, fields: LogFields) => void;

/** How many lines of a kind about one subject are written in how many ms. */
const limits = { info: { lines: 6, ms: 60_000 }, warn: { lines: 1, ms: 600_000 } } as const;
const maxKinds = 4096;

interface Kind {
  since: number;
  lines: number;
  kept: number;
}

/** Says everything once, and how often it happened when it is said again: no switch can fill the log. */
export class Journal {
  readonly #sink: LogSink;
  readonly #kinds = new Map<string, Kind>();

  constructor(sink: LogSink) {
    this.#sink = sink;
  }

  /** `subject`: whom it is about; it is among the fields. */
  say(level: LogLevel, subject: string, message: string, fields: LogFields, now: number): void {
    const limit = limits[level];
    const kind = this.#kindOf(`${subject} ${message}`, now);
    if (now - kind.since >= limit.ms) Object.assign(kind, { since: now, lines: 0 });
    if (kind.lines >= limit.lines) {
      kind.kept += 1;
      return;
    }
    kind.lines += 1;
    this.#sink(level, message, { switch: subject, ...fields, ...(kind.kept > 0 && { repeated: kind.kept }) });
    kind.kept = 0;
  }

  #kindOf(key: string, now: number): Kind {
    const known = this.#kinds.get(key);
    if (known !== undefined) return known;
    if (this.#kinds.size >= maxKinds) this.#kinds.delete(this.#kinds.keys().next().value!);
    const kind = { since: now, lines: 0, kept: 0 };
    this.#kinds.set(key, kind);
    return kind;
  }
}
