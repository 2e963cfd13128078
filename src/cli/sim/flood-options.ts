import { type Command, Option } from 'commander';
import { type FloodExperiment, ordinaryExperiment } from '../../../tools/sim/flood/experiment.ts';
import { CliError } from '../errors.ts';
import { Sweep, valueOrSweep } from './sweep.ts';
import { share, whole } from './values.ts';

type Parameter = { [K in keyof FloodExperiment]: FloodExperiment[K] extends number ? K : never }[keyof FloodExperiment];

interface Row {
  readonly key: Parameter;
  /** Of the command line; its value is of `kind`. */
  readonly name: string;
  readonly kind: Kind;
  readonly what: string;
}

interface Kind {
  readonly placeholder: string;
  readonly parse: (text: string) => number;
  /** As it is given on the command line. */
  readonly format: (value: number) => string;
}

const number = (least: number, most: number, placeholder = 'number'): Kind => ({
  placeholder,
  parse: whole(least, most),
  format: String,
});
const percent = (value: number) => `${Number((100 * value).toPrecision(12))}%`;
const part: Kind = { placeholder: 'share', parse: share, format: percent };
const rate: Kind = { placeholder: 'share/min', parse: share, format: (value) => `${percent(value)}/min` };
const ms = number(0, 10_000, 'ms');

const rows: readonly Row[] = [
  { key: 'nodes', name: 'nodes', kind: number(2, 10_000), what: 'how many, 2 to 10000' },
  { key: 'floods', name: 'floods', kind: number(1, 100_000), what: 'how many, from random nodes, 40 ms apart' },
  { key: 'atOnce', name: 'at-once', kind: number(1, 1000), what: 'how many of them start at one instant' },
  { key: 'seed', name: 'seed', kind: number(0, 2 ** 32 - 1), what: 'of all chance in the run' },
  { key: 'loss', name: 'loss', kind: part, what: 'frames lost on each link, such as 5%' },
  { key: 'duplicate', name: 'duplicate', kind: part, what: 'frames that arrive twice' },
  { key: 'reorder', name: 'reorder', kind: part, what: 'frames that come up to 200 ms late, behind others' },
  { key: 'dead', name: 'dead', kind: part, what: 'nodes that are dead and not known to be' },
  { key: 'missing', name: 'missing', kind: part, what: 'links that are missing' },
  { key: 'churn', name: 'churn', kind: rate, what: 'nodes that die, and as many that join, a minute' },
  { key: 'kill', name: 'kill', kind: rate, what: 'nodes that die; it is noticed after 1.2 s' },
  { key: 'pause', name: 'pause', kind: rate, what: 'nodes that stand still for 2 s' },
  { key: 'restart', name: 'restart', kind: rate, what: 'nodes that start anew with the same id' },
  {
    key: 'clockJumpMs',
    name: 'clock-jump',
    kind: number(0, 86_400_000, 'ms'),
    what: 'how far their wall clock jumps then, either way, at most',
  },
  {
    key: 'partitionMs',
    name: 'partition',
    kind: number(0, 600_000, 'ms'),
    what: 'how long half of the nodes are cut off, from the middle of the floods on',
  },
  { key: 'latencyMs', name: 'latency', kind: ms, what: 'of a link, one way' },
  { key: 'jitterMs', name: 'jitter', kind: ms, what: 'added to it at random' },
];

/** What commander makes of the options, by the camel-cased name. */
type Given = Readonly<Record<string, number | Sweep>>;

export type RuleChoice = FloodExperiment['rule'] | 'both';

/** One parameter that takes several values, and how they are written. */
export interface Swept {
  readonly key: Parameter;
  readonly name: string;
  readonly format: (value: number) => string;
}

export interface Plan {
  readonly swept: Swept | undefined;
  /** Each value of the swept parameter in turn, under each rule. */
  readonly experiments: readonly FloodExperiment[];
}

export function addFloodOptions(command: Command): Command {
  for (const { key, name, kind, what } of rows) {
    const option = new Option(`--${name} <${kind.placeholder}>`, what).argParser(valueOrSweep(kind.parse));
    command.addOption(option.default(ordinaryExperiment[key], kind.format(ordinaryExperiment[key])));
  }
  const rule = new Option('--rule <rule>', 'who floods: ours, or the published rule').choices([
    'ringlet',
    'ipop',
    'both',
  ]);
  return command.addOption(rule.default('ringlet'));
}

/** Throws CLI_SWEEP when more than one option is a range. */
export function planOf(given: Given, choice: RuleChoice): Plan {
  const fixed: Partial<Record<Parameter, number>> = {};
  const sweeps: { row: Row; values: readonly number[] }[] = [];
  for (const row of rows) {
    const value = given[camelCase(row.name)]!;
    if (value instanceof Sweep) sweeps.push({ row, values: value.values });
    else fixed[row.key] = value;
  }
  const [sweep, another] = sweeps;
  if (another !== undefined) {
    throw new CliError(
      'CLI_SWEEP',
      `--${sweep!.row.name} and --${another.row.name} are both ranges: one at most is varied`,
    );
  }
  const rules = choice === 'both' ? (['ringlet', 'ipop'] as const) : [choice];
  const variants = sweep === undefined ? [{}] : sweep.values.map((value) => ({ [sweep.row.key]: value }));
  return {
    swept: sweep && { key: sweep.row.key, name: sweep.row.name, format: sweep.row.kind.format },
    experiments: variants.flatMap((variant) =>
      rules.map((rule) => ({ ...ordinaryExperiment, ...fixed, ...variant, rule })),
    ),
  };
}

/** The command that runs this experiment again. */
export function commandOf(experiment: FloodExperiment): string {
  const changed = rows.filter(
    ({ key }) => key === 'nodes' || key === 'seed' || experiment[key] !== ordinaryExperiment[key],
  );
  const flags = changed.map(({ key, name, kind }) => `--${name} ${kind.format(experiment[key])}`);
  return ['ringlet sim flood', ...flags, ...(experiment.rule === 'ringlet' ? [] : ['--rule ipop'])].join(' ');
}

function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
