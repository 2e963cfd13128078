/** The reference of commands and configuration, made from the code: prints docs/reference.md. */
import type { Command } from 'commander';
import { z } from 'zod';
import { allCommands } from '../../src/cli/program.ts';
import { controllerConfig } from '../../src/controllerd/index.ts';
import { nodeConfig, questions } from '../../src/node/index.ts';

const helpWidth = 110;

export async function referenceText(): Promise<string> {
  const commands = await allCommands();
  return [
    '# Reference',
    '',
    'Made from the code by `npm run docs`.',
    '',
    '## Commands',
    '',
    '`npm start` runs `ringlet lab`; after `npm run build`, `npx ringlet COMMAND` runs any of these.',
    '',
    ...commands.flatMap((command) => section(command, 'ringlet')),
    '## Configuration of a node',
    '',
    'Keys of the JSON file of `ringlet up --config FILE`; flags win over it. Unknown keys are refused.',
    '',
    '| key | default | what it is |',
    '|---|---|---|',
    ...configRows(nodeConfig),
    '',
    '## Configuration of a controller',
    '',
    'Keys of the JSON file of `ringlet controller --config FILE`; flags win over it. Unknown keys are refused.',
    '',
    '| key | default | what it is |',
    '|---|---|---|',
    ...configRows(controllerConfig),
    '',
    '## Control socket',
    '',
    'A node answers at `RUNDIR/NAME.ctl`, a Unix stream socket: one line of JSON, `{"ask":"QUESTION"}`, gets one line of JSON,',
    '`{"ok":true,"of":"node","data":...}` or `{"ok":false,"message":"..."}`, and the end. `RUNDIR` is `$RINGLET_RUNDIR`, or `/run/ringlet` for root,',
    'or `$XDG_RUNTIME_DIR/ringlet`, or `/tmp/ringlet-UID`. `RUNDIR/NAME.mgmt` speaks OpenFlow.',
    '',
    `Questions: ${questions.map((question) => `\`${question}\``).join(', ')}. Their answers are the types of \`src/node/report.ts\`, and what`,
    '`ringlet QUESTION --json` prints.',
    '',
  ].join('\n');
}

function section(command: Command, parent: string): string[] {
  const name = `${parent} ${command.name()}`;
  const children = command.commands.filter((child) => child.name() !== 'help');
  return [
    `### ${name}`,
    '',
    '```',
    helpOf(command, parent),
    '```',
    '',
    ...children.flatMap((child) => section(child, name)),
  ];
}

/** As `--help` prints it, with what follows the options. */
function helpOf(command: Command, parent: string): string {
  let text = '';
  command.configureHelp({ helpWidth, commandUsage: (it) => `${parent} ${it.name()} ${it.usage()}` });
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  return text.trimEnd();
}

function configRows(config: z.ZodType): string[] {
  const { properties = {}, required = [] } = z.toJSONSchema(config, { io: 'input', unrepresentable: 'any' });
  return Object.entries(properties).map(([key, schema]) => {
    const { description = '', default: standard } = schema as { description?: string; default?: unknown };
    const value =
      standard === undefined ? (required.includes(key) ? 'must be given' : 'none') : `\`${JSON.stringify(standard)}\``;
    return `| \`${key}\` | ${value} | ${description} |`;
  });
}
