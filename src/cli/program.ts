import { Command, CommanderError } from 'commander';
import { version } from '../node/client.ts';
import { describeFault, ExitCode, usageLine } from './errors.ts';
import { isDebug } from './log-level.ts';
import { quietOnClosedPipe, sayError } from './output.ts';

/** One module for each command, loaded when it is named: a question to a live node must not wait for a node's libraries. */
const commands = {
  up: () => import('./commands/up.ts'),
  rendezvous: () => import('./commands/rendezvous.ts'),
  bridge: () => import('./commands/bridge.ts'),
  controller: () => import('./commands/controller.ts'),
  'add-port': () => import('./commands/add-port.ts'),
  'del-port': () => import('./commands/del-port.ts'),
  capture: () => import('./commands/capture.ts'),
  trace: () => import('./commands/trace.ts'),
  replay: () => import('./commands/replay.ts'),
  status: () => import('./commands/status.ts'),
  peers: () => import('./commands/peers.ts'),
  ports: () => import('./commands/ports.ts'),
  flows: () => import('./commands/flows.ts'),
  macs: () => import('./commands/macs.ts'),
  floods: () => import('./commands/floods.ts'),
  lab: () => import('./commands/lab.ts'),
  sim: () => import('./commands/sim.ts'),
} satisfies Record<string, () => Promise<{ readonly command: () => Command }>>;

/** Every command, loaded: for the reference. */
export function allCommands(): Promise<Command[]> {
  return Promise.all(Object.values(commands).map(async (load) => (await load()).command()));
}

type CommandName = keyof typeof commands;
const isCommandName = (name: string | undefined): name is CommandName =>
  name !== undefined && Object.hasOwn(commands, name);

const examples = `
Examples:
  ringlet lab                                          a network of five nodes on this machine
  ringlet rendezvous                                   where nodes find each other
  ringlet up --rendezvous ws://192.0.2.1:7788 --address 10.77.0.1/24
  ringlet bridge --port tap:lan0 --port eth:eth1       a switch on its own
  ringlet controller --listen ptcp:6653                an OpenFlow controller for any switches
  ringlet peers                                        the links of the node that runs here`;

/** Runs one command line to its end. Resolves to the exit code; what went wrong was said on standard error. */
export async function runCli(args: readonly string[]): Promise<number> {
  quietOnClosedPipe();
  let debug = false;
  let refusing: Command | undefined;
  try {
    const program = await buildProgram(args, (command) => {
      refusing = command;
    });
    program.hook('preAction', (_, action) => {
      debug = isDebug(action.opts());
    });
    await program.parseAsync([...args], { from: 'user' });
    return Number(process.exitCode ?? ExitCode.ok);
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version are answers, which commander reports as errors with exit code 0.
      if (error.exitCode === 0) return ExitCode.ok;
      // No command at all: the help has been shown.
      if (error.code === 'commander.help') return ExitCode.usage;
      sayError(usageLine(error.message, namesOf(refusing)));
      return ExitCode.usage;
    }
    const fault = describeFault(error, debug);
    for (const line of fault.lines) sayError(line);
    return fault.exitCode;
  }
}

/** `onRefusal` hears which command refuses the command line, or answers it by its help. */
async function buildProgram(args: readonly string[], onRefusal: (command: Command) => void): Promise<Command> {
  const program = new Command('ringlet')
    .description('Joins machines anywhere into one Ethernet, with an OpenFlow switch in every node.')
    .version(version, '-V, --version')
    .helpCommand('help [COMMAND]', 'help for a command')
    .addHelpText('after', examples);
  const wanted = args[0];
  const names = isCommandName(wanted) ? [wanted] : (Object.keys(commands) as CommandName[]);
  const loaded = await Promise.all(names.map((name) => commands[name]()));
  for (const module of loaded) program.addCommand(module.command());
  for (const each of withSubcommands(program)) {
    // Commander's own report is left out: `runCli` says the same in one line.
    each.configureOutput({ outputError: () => {} }).exitOverride((error) => {
      onRefusal(each);
      throw error;
    });
  }
  return program;
}

/** Without the program's own. */
function namesOf(command: Command | undefined | null): string[] {
  return command?.parent ? [...namesOf(command.parent), command.name()] : [];
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}
