import { Acl } from './acl/acl.ts';
import type { AclRules } from './acl/parse.ts';
import { ControllerError } from './errors.ts';
import { BoundedFlood } from './flooding/bounded-flood.ts';
import { Links } from './links/links.ts';
import type { App } from './runtime/app.ts';
import { Controller, type ControllerOptions } from './runtime/controller.ts';
import { Learning, type LearningOptions } from './switching/learning.ts';

export interface ComposeOptions extends Omit<ControllerOptions, 'apps'> {
  /** Names, in the order in which frames pass them; the last one forwards. */
  readonly apps: readonly string[];
  readonly acl?: AclRules;
  readonly learning?: LearningOptions;
  /** Of this run. */
  readonly secret: Uint8Array;
}

export interface Composition {
  readonly controller: Controller;
  readonly links: Links;
  /** The app that forwards: it knows where hosts are. */
  readonly forwarder: Learning | BoundedFlood;
  readonly acl: Acl | undefined;
}

const forwarders = ['learning', 'bounded-flood'] as const;
export const appNames = ['acl', ...forwarders] as const;
type ForwarderName = (typeof forwarders)[number];

/** Throws CONTROLLER_APP. */
export function composeController({
  apps,
  acl: rules,
  learning: options,
  secret,
  ...rest
}: ComposeOptions): Composition {
  checkApps(apps);
  const make: Readonly<Record<ForwarderName, () => Learning | BoundedFlood>> = {
    learning: () => new Learning({ ...options, links: () => links }),
    'bounded-flood': () => new BoundedFlood({ ...options, links: () => links }),
  };
  const forwarder = make[apps.at(-1) as ForwarderName]();
  const acl = apps.includes('acl') ? new Acl(rules ?? { rules: [], meters: [] }) : undefined;
  const chosen: App[] = apps.map((name) => (name === 'acl' ? acl! : forwarder));
  const links = new Links({ secret, apps: chosen });
  return { controller: new Controller({ ...rest, apps: [links, ...chosen] }), links, forwarder, acl };
}

function checkApps(apps: readonly string[]): void {
  const known: readonly string[] = appNames;
  for (const [i, name] of apps.entries()) {
    if (!known.includes(name)) throw wrong(`there is no app '${name}'; there are: ${appNames.join(', ')}`);
    if (apps.indexOf(name) < i) throw wrong(`'${name}' is there twice`);
  }
  const isForwarder = (name: string | undefined) => forwarders.some((forwarder) => forwarder === name);
  if (!isForwarder(apps.at(-1)) || apps.filter(isForwarder).length > 1) {
    throw wrong(`one app forwards, and it comes last: ${forwarders.join(' or ')}`);
  }
}

function wrong(reason: string): ControllerError {
  return new ControllerError('CONTROLLER_APP', `apps: ${reason}`);
}
