import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { CliError, Interrupted } from '../errors.ts';
import { aborted, tellParent, untilToldToEnd } from '../lifetime.ts';
import { logLevelOption } from '../log-level.ts';
import { say } from '../output.ts';

/** As commander reads them: what was not given is not there. */
export interface UpOptions {
  readonly config?: string;
  readonly logLevel: string;
  readonly name?: string;
  readonly overlay?: string;
  readonly rendezvous?: string;
  readonly tap?: string;
  readonly address?: readonly string[];
  readonly mtu?: number;
  readonly identity?: string;
  readonly openflow?: string;
}

const examples = `
Examples:
  ringlet up --rendezvous ws://192.0.2.1:7788 --address 10.77.0.1/24 --address fd77::1/64
  ringlet up --config node.json --openflow 127.0.0.1:6653

A file of --config is JSON with the names of the flags; flags win over it:
  { "name": "attic", "rendezvous": "ws://192.0.2.1:7788", "addresses": ["10.77.0.1/24"] }`;

export function command(): Command {
  return new Command('up')
    .summary('run a node of an overlay')
    .description(
      'Runs a node: a TAP interface, a switch, and links to its neighbours. Ctrl-C leaves the overlay; twice, at once.',
    )
    .option('--config <file>', 'JSON file with the names of these flags')
    .option('--name <name>', "what people call this node (default: the machine's name)")
    .option('--overlay <name>', 'the overlay to join (default: default)')
    .option('--rendezvous <url>', 'where nodes find each other, such as ws://192.0.2.1:7788')
    .option('--tap <interface>', 'name of the TAP interface (default: ringlet0)')
    .option('--address <address/length>', 'address of the TAP; may be given more than once', collect)
    .option('--mtu <bytes>', 'MTU of the TAP (default: as large as fits one datagram of a link)', integer)
    .option('--identity <file>', "file of the node's key, made when missing (default: a key for this run)")
    .option('--openflow <host:port>', 'where OpenFlow controllers and tools may connect over TCP')
    .addOption(logLevelOption('info'))
    .addHelpText('after', examples)
    .action(up);
}

async function up(options: UpOptions): Promise<void> {
  const { ending, hurry } = untilToldToEnd();
  const input = configOf(options);
  const { makeLogger } = await import('../logger.ts');
  const { parseNodeConfig, runDirectory, startNode } = await import('../../node/index.ts');
  const config = parseNodeConfig(input);
  const directory = runDirectory(process.env);
  const node = await startNode(config, { runDirectory: directory, log: makeLogger(options.logLevel) });
  const addresses = config.addresses.length > 0 ? ` (${config.addresses.join(', ')})` : '';
  say(`ringlet: ${node.name} is up on ${config.tap}${addresses}, node ${node.nodeId.slice(0, 10)}, Ctrl-C leaves`);
  tellParent({ type: 'up', nodeId: node.nodeId });
  const reason = await Promise.race([aborted(ending), node.failed]);
  await Promise.race([node.stop(), aborted(hurry)]);
  if (!(reason instanceof Interrupted)) throw reason;
}

/** What the file says and the flags override, in the shape that `parseNodeConfig` checks. */
export function configOf({ config, logLevel: _, address, ...flags }: UpOptions): Record<string, unknown> {
  const input = {
    name: hostname(),
    ...(config === undefined ? {} : readConfigFile(config)),
    ...flags,
    ...(address === undefined ? {} : { addresses: address }),
  };
  if (!('rendezvous' in input)) {
    const wayOut = "give --rendezvous ws://HOST:7788, the address of a 'ringlet rendezvous', or set it in --config";
    throw new CliError('CLI_MISSING', `no rendezvous to find other nodes at: ${wayOut}`);
  }
  return input;
}

function readConfigFile(path: string): Record<string, unknown> {
  const value = parseFile(path);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CliError('CLI_CONFIG_FILE', `${path} holds no JSON object such as { "name": "attic" }`);
  }
  return value as Record<string, unknown>;
}

function parseFile(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new CliError('CLI_CONFIG_FILE', `cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CliError('CLI_CONFIG_FILE', `${path} is not JSON: ${(cause as Error).message}`, { cause });
  }
}

function collect(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}

function integer(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It is not a whole number.');
  return Number(text);
}
