import { Command } from 'commander';
import type { BridgeReports } from '../bridge/client.ts';
import { ask, type Kind, whoRuns } from '../control/client.ts';
import type { ControllerReports } from '../controllerd/client.ts';
import { type Question, type Reports, runDirectory } from '../node/client.ts';
import { CliError } from './errors.ts';
import { say } from './output.ts';

export interface Query<Q extends Question> {
  readonly question: Q;
  readonly summary: string;
  readonly example: string;
  /** Whoever has an answer: nodes always, bridges and controllers where they are asked the same. */
  readonly show: {
    readonly node: (report: Reports[Q]) => readonly string[];
    readonly bridge?: Q extends keyof BridgeReports ? (report: BridgeReports[Q]) => readonly string[] : never;
    readonly controller?: Q extends keyof ControllerReports
      ? (report: ControllerReports[Q]) => readonly string[]
      : never;
  };
}

/** A command that asks a live node or bridge over its control socket and shows the answer. */
export function queryCommand<Q extends Question>({ question, summary, example, show }: Query<Q>): Command {
  return new Command(question)
    .summary(summary)
    .description(`Shows ${summary}. It is read from whatever runs here; nothing is sent over the network.`)
    .argument('[NAME]', 'of a node or bridge that runs on this machine; may be left out when just one does')
    .option('--json', 'for programs')
    .addHelpText('after', `\nExample:\n  ${example}`)
    .action(async (name: string | undefined, options: { readonly json?: true }) => {
      const directory = runDirectory(process.env);
      const who = name ?? onlyOne(await whoRuns(directory), question, directory);
      const { of, data } = await ask(directory, who, { ask: question });
      if (options.json) say(JSON.stringify(data, null, 2));
      else for (const line of lines(show, of, data)) say(line);
    });
}

function lines<Q extends Question>(show: Query<Q>['show'], of: Kind, data: unknown): readonly string[] {
  const shower = show[of] as ((report: unknown) => readonly string[]) | undefined;
  // Whoever answers has a way to be shown, but for one of another version.
  return shower?.(data) ?? [JSON.stringify(data)];
}

function onlyOne(names: readonly string[], question: string, directory: string): string {
  const [first] = names;
  if (first === undefined) {
    const places = `(looked in ${directory}; RINGLET_RUNDIR names another place)`;
    throw new CliError(
      'CLI_WHICH_NODE',
      `nothing runs here ${places}: start a node with 'ringlet up' or 'ringlet lab', or a bridge with 'ringlet bridge'`,
    );
  }
  if (names.length === 1) return first;
  const list = names.join(', ');
  throw new CliError('CLI_WHICH_NODE', `${names.length} run here (${list}), name one: ringlet ${question} ${first}`);
}
