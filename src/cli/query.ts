import { Command } from 'commander';
import { askNode, type Question, type Reports, runDirectory, runningNodes } from '../node/client.ts';
import { CliError } from './errors.ts';
import { say } from './output.ts';

export interface Query<Q extends Question> {
  readonly question: Q;
  readonly summary: string;
  readonly example: string;
  readonly show: (report: Reports[Q]) => readonly string[];
}

/** A command that asks a live node over its control socket and shows the answer. */
export function queryCommand<Q extends Question>({ question, summary, example, show }: Query<Q>): Command {
  return new Command(question)
    .summary(summary)
    .description(`Shows ${summary}. It is read from a live node; nothing is sent over the network.`)
    .argument('[NODE]', 'name of a node that runs on this machine; may be left out when just one does')
    .option('--json', 'for programs')
    .addHelpText('after', `\nExample:\n  ${example}`)
    .action(async (name: string | undefined, options: { readonly json?: true }) => {
      const directory = runDirectory(process.env);
      const node = name ?? onlyNode(await runningNodes(directory), question, directory);
      const report = await askNode(directory, node, question);
      if (options.json) say(JSON.stringify(report, null, 2));
      else for (const line of show(report)) say(line);
    });
}

function onlyNode(names: readonly string[], question: Question, directory: string): string {
  const [first] = names;
  if (first === undefined) {
    const places = `(looked in ${directory}; RINGLET_RUNDIR names another place)`;
    throw new CliError('CLI_WHICH_NODE', `no node runs here ${places}: start one with 'ringlet up' or 'ringlet lab'`);
  }
  if (names.length === 1) return first;
  const list = names.join(', ');
  throw new CliError(
    'CLI_WHICH_NODE',
    `${names.length} nodes run here (${list}), name one: ringlet ${question} ${first}`,
  );
}
