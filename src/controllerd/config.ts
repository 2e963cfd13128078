/** Configuration of a controller: one declaration gives type, defaults, texts and errors. */
import { z } from 'zod';
import { appNames, ControllerError } from '../controller/index.ts';
import { label, parsed } from '../lib/config.ts';
import { parseDialTarget, parseListenTarget, type TlsFiles } from '../openflow/index.ts';

const file = z.string().min(1).optional();

export const controllerConfig = z.strictObject({
  name: label.describe('what tools call it').default('controller'),
  listen: z.array(parsed(parseListenTarget)).max(16).describe('where switches may connect').default([]),
  dial: z.array(parsed(parseDialTarget)).max(4096).describe('switches that wait to be connected to').default([]),
  apps: z
    .array(z.string())
    .describe(`what it does, in the order in which frames pass: ${appNames.join(', ')}; the last one forwards`)
    .default(['learning']),
  acl: file.describe('a file of rules for the app acl'),
  role: z
    .enum(['equal', 'master', 'slave'])
    .describe('what it asks to be, where a switch has several controllers')
    .default('equal'),
  maxHosts: z
    .number()
    .int()
    .min(1)
    .max(16_384)
    .describe('hosts that are learned at one port of a switch; a port with more is banned for 10 s')
    .default(1024),
  probeSeconds: z
    .number()
    .min(0)
    .max(3600)
    .describe('silence after which a switch is asked for a sign of life; 0: never')
    .default(5),
  privateKey: file.describe('of this controller, for pssl: and ssl:'),
  certificate: file.describe('that goes with it'),
  caCert: file.describe('of the authority that signs the certificates of switches'),
});

export type ControllerConfig = z.output<typeof controllerConfig>;
export type ControllerConfigInput = z.input<typeof controllerConfig>;

/** Throws CONTROLLER_CONFIG with one line for each thing that is wrong. */
export function parseControllerConfig(input: unknown): ControllerConfig {
  const result = controllerConfig.safeParse(input);
  if (!result.success) {
    const lines = result.error.issues.map(({ path, message }) => `${String(path[0] ?? 'configuration')}: ${message}`);
    throw new ControllerError('CONTROLLER_CONFIG', lines.join('\n'));
  }
  const { listen, dial, acl, apps } = result.data;
  const wrong = (reason: string) => new ControllerError('CONTROLLER_CONFIG', reason);
  if (listen.length + dial.length === 0) throw wrong('listen, dial: no switch can get here; try --listen ptcp:6653');
  if (apps.includes('acl') !== (acl !== undefined)) throw wrong('acl: the app acl and its file go together');
  return Object.freeze(result.data);
}

export function tlsFilesOf({ privateKey, certificate, caCert }: ControllerConfig): TlsFiles | undefined {
  if (privateKey === undefined && certificate === undefined && caCert === undefined) return undefined;
  return { privateKey, certificate, caCertificate: caCert };
}
