import { Command } from 'commander';
import { CliError, Interrupted } from '../errors.ts';
import { aborted, tellParent, untilToldToEnd } from '../lifetime.ts';
import { logLevelOption } from '../log-level.ts';
import { say } from '../output.ts';

/** All addresses, since nodes come from elsewhere; the server is a courier that need not be trusted. */
const standardListen = '0.0.0.0:7788';

export function command(): Command {
  return new Command('rendezvous')
    .summary('the server where nodes find each other')
    .description(
      'Runs a rendezvous server: nodes of an overlay find each other here and exchange signed offers. ' +
        'It carries no frames and need not be trusted. Ctrl-C ends it; links that are up stay up.',
    )
    .option('--listen <host:port>', 'where to listen; port 0 takes a free one', standardListen)
    .addOption(logLevelOption('info'))
    .addHelpText('after', '\nExample:\n  ringlet rendezvous --listen 127.0.0.1:7788')
    .action(async (options: { readonly listen: string; readonly logLevel: string }) => {
      const { ending } = untilToldToEnd();
      const { makeLogger } = await import('../logger.ts');
      const { listenAddress, startRendezvous } = await import('../../node/index.ts');
      const listen = listenAddress.safeParse(options.listen);
      if (!listen.success)
        throw new CliError('CLI_LISTEN', `--listen is not an address: ${listen.error.issues[0]?.message}`);
      const server = await startRendezvous(listen.data, makeLogger(options.logLevel));
      say(`ringlet: rendezvous at ${server.url}, Ctrl-C ends it`);
      tellParent({ type: 'rendezvous', url: server.url });
      const reason = await aborted(ending);
      await server.close();
      if (!(reason instanceof Interrupted)) throw reason;
    });
}
