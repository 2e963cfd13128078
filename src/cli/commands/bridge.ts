import { Command, InvalidArgumentError, Option } from 'commander';
import { Interrupted } from '../errors.ts';
import { aborted, tellParent, untilToldToEnd } from '../lifetime.ts';
import { logLevelOption } from '../log-level.ts';
import { say } from '../output.ts';

/** As commander reads them: what was not given is not there. */
interface Options {
  readonly name?: string;
  readonly port?: string[];
  readonly controller?: string[];
  readonly listen?: string[];
  readonly failMode?: 'standalone' | 'secure';
  readonly datapathId?: string;
  readonly probe?: number;
  readonly auxiliaries?: number;
  readonly privateKey?: string;
  readonly certificate?: string;
  readonly caCert?: string;
  readonly logLevel: string;
}

const help = `
Ports, each [NUMBER@][NAME=]KIND:WHERE:
  tap:NAME[,mtu=N][,address=A/LEN]   a new interface of this machine
  eth:NAME                           an interface that is there already
  unix:PATH, punix:PATH              frames over a Unix socket, dialled or awaited
each with [,tag=N] for an access port of a VLAN and [,trunks=N+N-N] for a trunk.

Examples:
  ringlet bridge --port tap:lan0,address=10.0.0.1/24 --port eth:eth1
  ringlet bridge --name sw1 --port 1@eth:eth1 --port 2@eth:eth2 --controller tcp:192.0.2.1:6653 --fail-mode secure
  OVS_RUNDIR=/run/ringlet ovs-ofctl dump-flows br0`;

export function command(): Command {
  return new Command('bridge')
    .summary('run a switch on its own')
    .description(
      'Runs a switch: it learns where hosts are, or forwards as OpenFlow controllers say. ' +
        "Without controllers it is configured by ovs-ofctl, through NAME.mgmt in Ringlet's run directory. Ctrl-C ends it.",
    )
    .option('--name <name>', 'what tools call it (default: br0)')
    .option('--port <port>', 'a port; may be given more than once', collect)
    .option(
      '--controller <target>',
      'tcp:HOST[:PORT], ssl:HOST[:PORT] or unix:PATH; may be given more than once',
      collect,
    )
    .option(
      '--listen <target>',
      'ptcp:[PORT][:HOST], pssl:[PORT][:HOST] or punix:PATH for controllers and tools',
      collect,
    )
    .addOption(
      new Option('--fail-mode <mode>', 'what it does when no controller can be reached (default: standalone)').choices([
        'standalone',
        'secure',
      ]),
    )
    .option('--datapath-id <id>', '16 hex digits (default: the same in every run)')
    .addOption(
      new Option('--probe <seconds>', 'silence until a controller is probed; 0: never (default: 5)').argParser(seconds),
    )
    .option('--auxiliaries <n>', 'connections to each controller beside the main one, for packets (default: 0)', count)
    .option('--private-key <file>', 'of this switch, for ssl: and pssl:')
    .option('--certificate <file>', 'that goes with it')
    .option('--ca-cert <file>', 'of the authority that signs the certificates of the other side')
    .addOption(logLevelOption('info'))
    .addHelpText('after', help)
    .action(bridge);
}

async function bridge({ logLevel, port, controller, probe, ...flags }: Options): Promise<void> {
  const { ending, hurry } = untilToldToEnd();
  const { makeLogger } = await import('../logger.ts');
  const { parseBridgeConfig, startBridge } = await import('../../bridge/index.ts');
  const { runDirectory } = await import('../../node/client.ts');
  const config = parseBridgeConfig({
    ...flags,
    ...(port && { ports: port }),
    ...(controller && { controllers: controller }),
    ...(probe !== undefined && { probeSeconds: probe }),
  });
  const running = await startBridge(config, { runDirectory: runDirectory(process.env), log: makeLogger(logLevel) });
  const listening = running.openflow.slice(1).map((place) => `, listens on ${place}`);
  say(`ringlet: bridge ${running.name} is up, datapath ${running.datapathId}${listening.join('')}, Ctrl-C ends it`);
  tellParent({ type: 'bridge', datapathId: running.datapathId, openflow: running.openflow });
  const reason = await aborted(ending);
  await Promise.race([running.stop(), aborted(hurry)]);
  if (!(reason instanceof Interrupted)) throw reason;
}

function count(text: string): number {
  if (!/^\d{1,3}$/.test(text)) throw new InvalidArgumentError('It is not a whole number.');
  return Number(text);
}

function seconds(text: string): number {
  if (!/^\d{1,4}(\.\d{1,3})?$/.test(text)) throw new InvalidArgumentError('It is not a number of seconds.');
  return Number(text);
}

function collect(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}
