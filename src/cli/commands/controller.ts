import { Command, InvalidArgumentError, Option } from 'commander';
import { ask, whoRuns } from '../../control/client.ts';
import type { ControllerStatus } from '../../controllerd/client.ts';
import { runDirectory } from '../../node/client.ts';
import { readConfigFile } from '../config-file.ts';
import { controllerLines } from '../controller-text.ts';
import { CliError, Interrupted } from '../errors.ts';
import { aborted, tellParent, untilToldToEnd } from '../lifetime.ts';
import { logLevelOption } from '../log-level.ts';
import { say } from '../output.ts';

/** As commander reads them: what was not given is not there. */
interface Options {
  readonly config?: string;
  readonly name?: string;
  readonly listen?: string[];
  readonly dial?: string[];
  readonly app?: string[];
  readonly acl?: string;
  readonly role?: string;
  readonly maxHosts?: number;
  readonly probe?: number;
  readonly privateKey?: string;
  readonly certificate?: string;
  readonly caCert?: string;
  readonly logLevel: string;
}

const help = `
Apps, in the order in which frames pass them:
  acl         rules of a file: allow, drop, mirror, meter
  learning    frames go where their destination was seen last; loops between switches are found and broken

Examples:
  ringlet controller --listen ptcp:6653
  ovs-vsctl set-controller br0 tcp:127.0.0.1:6653
  ringlet controller --listen ptcp:6653 --app acl,learning --acl rules.acl
  ringlet controller status`;

export function command(): Command {
  return new Command('controller')
    .summary('an OpenFlow controller for any switches')
    .description(
      'Runs an OpenFlow controller (1.0, 1.3, 1.4, 1.5): any switch may connect. Switches keep their rules when it ends; ' +
        'Ctrl-C ends it.',
    )
    .option('--config <file>', 'JSON with the keys of the reference; flags win over it')
    .option('--name <name>', 'what tools call it (default: controller)')
    .option(
      '--listen <target>',
      'ptcp:[PORT][:HOST], pssl:[PORT][:HOST] or punix:PATH; may be given more than once',
      collect,
    )
    .option('--dial <target>', 'tcp:HOST[:PORT], ssl:HOST[:PORT] or unix:PATH of a switch that waits', collect)
    .option('--app <names>', 'what it does (default: learning)', (value: string) => value.split(','))
    .option('--acl <file>', 'rules of the app acl')
    .addOption(
      new Option('--role <role>', 'among several controllers (default: equal)').choices(['equal', 'master', 'slave']),
    )
    .option('--max-hosts <number>', 'that are learned at one port (default: 1024)', number)
    .option('--probe <seconds>', 'silence until a switch is probed; 0: never (default: 5)', number)
    .option('--private-key <file>', 'of this controller, for pssl: and ssl:')
    .option('--certificate <file>', 'that goes with it')
    .option('--ca-cert <file>', 'of the authority that signs the certificates of switches')
    .addOption(logLevelOption('info'))
    .addHelpText('after', help)
    .addCommand(statusCommand())
    .action(controller);
}

async function controller({ logLevel, config: file, app, probe, ...flags }: Options): Promise<void> {
  const { ending, hurry } = untilToldToEnd();
  const { makeLogger } = await import('../logger.ts');
  const { parseControllerConfig, startController } = await import('../../controllerd/index.ts');
  const config = parseControllerConfig({
    ...(file !== undefined && readConfigFile(file)),
    ...flags,
    ...(app && { apps: app }),
    ...(probe !== undefined && { probeSeconds: probe }),
  });
  const running = await startController(config, { runDirectory: runDirectory(process.env), log: makeLogger(logLevel) });
  const places = running.listening.length > 0 ? `, listens on ${running.listening.join(', ')}` : '';
  say(`ringlet: controller ${running.name} is up${places}, Ctrl-C ends it`);
  tellParent({ type: 'controller', listening: running.listening });
  const reason = await aborted(ending);
  await Promise.race([running.stop(), aborted(hurry)]);
  if (!(reason instanceof Interrupted)) throw reason;
}

function statusCommand(): Command {
  return new Command('status')
    .summary('switches, links, hosts and counters of a controller that runs here')
    .description('Shows what a controller that runs on this machine knows and did. Nothing is sent to switches.')
    .argument('[NAME]', 'of the controller', 'controller')
    .option('--json', 'for programs')
    .addHelpText('after', '\nExample:\n  ringlet controller status')
    .action(async (name: string, options: { readonly json?: true }) => {
      const directory = runDirectory(process.env);
      const { of, data } = await ask(directory, name, { ask: 'status' });
      if (of !== 'controller') {
        const others = (await whoRuns(directory)).join(', ');
        throw new CliError('CLI_WHICH_NODE', `${name} is a ${of}, not a controller; running here: ${others}`);
      }
      if (options.json) say(JSON.stringify(data, null, 2));
      else for (const line of controllerLines(data as ControllerStatus)) say(line);
    });
}

function number(text: string): number {
  if (!/^\d{1,5}(\.\d{1,3})?$/.test(text)) throw new InvalidArgumentError('It is not a number.');
  return Number(text);
}

function collect(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}
