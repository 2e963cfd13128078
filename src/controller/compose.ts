import { Acl } from './acl/acl.ts';
import type { AclRules } from './acl/parse.ts';
import { ControllerError } from './errors.ts';
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
  readonly learning: Learning;
  readonly acl: Acl | undefined;
}

export const appNames = ['acl', 'learning'] as const;
const forwarder = 'learning';

/** Throws CONTROLLER_APP. */
export function composeController({
  apps,
  acl: rules,
  learning: options,
  secret,
  ...rest
}: ComposeOptions): Composition {
  checkApps(apps);
  const learning = new Learning(options);
  const acl = apps.includes('acl') ? new Acl(rules ?? { rules: [], meters: [] }) : undefined;
  const chosen: App[] = apps.map((name) => (name === forwarder ? learning : acl!));
  const links = new Links({ secret, apps: chosen });
  return { controller: new Controller({ ...rest, apps: [links, ...chosen] }), links, learning, acl };
}

function checkApps(apps: readonly string[]): void {
  const known: readonly string[] = appNames;
  for (const [i, name] of apps.entries()) {
    if (!known.includes(name)) throw wrong(`there is no app '${name}'; there are: ${appNames.join(', ')}`);
    if (apps.indexOf(name) < i) throw wrong(`'${name}' is there twice`);
  }
  if (apps.at(-1) !== forwarder) throw wrong(`the last app has to forward: ${forwarder}`);
}

function wrong(reason: string): ControllerError {
  return new ControllerError('CONTROLLER_APP', `apps: ${reason}`);
}
