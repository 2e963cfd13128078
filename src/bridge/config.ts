/** Configuration of a bridge: one declaration gives type, defaults, texts and errors. */
import { z } from 'zod';
import { label, parsed } from '../lib/config.ts';
import { failModes, parseDialTarget, parseListenTarget, type TlsFiles } from '../openflow/index.ts';
import { parseDatapathId } from './datapath-id.ts';
import { BridgeError } from './errors.ts';
import { parsePortSpec } from './port-spec.ts';

const file = z.string().min(1).optional();

export const bridgeConfig = z.strictObject({
  name: label.describe('what tools call it').default('br0'),
  ports: z.array(parsed(parsePortSpec)).describe('ports to begin with').default([]),
  controllers: z.array(parsed(parseDialTarget)).max(16).describe('controllers to connect to').default([]),
  listen: z.array(parsed(parseListenTarget)).max(16).describe('where controllers and tools may connect').default([]),
  failMode: z.enum(failModes).describe('what it does without a controller').default('standalone'),
  datapathId: parsed((text) => {
    const id = parseDatapathId(text);
    if (id === undefined) throw new BridgeError('BRIDGE_CONFIG', 'up to 16 hex digits, not all zero');
    return id;
  })
    .describe('what controllers know it by; without it, one that is the same in every run')
    .optional(),
  auxiliaries: z
    .number()
    .int()
    .min(0)
    .max(16)
    .describe('connections to each controller beside the main one; packets go to the controller by them')
    .default(0),
  probeSeconds: z
    .number()
    .min(0)
    .max(3600)
    .describe('silence after which a controller is asked for a sign of life; 0: never')
    .default(5),
  privateKey: file,
  certificate: file,
  caCert: file,
});

export type BridgeConfig = z.output<typeof bridgeConfig>;
export type BridgeConfigInput = z.input<typeof bridgeConfig>;

/** Throws BRIDGE_CONFIG with one line for each thing that is wrong. */
export function parseBridgeConfig(input: BridgeConfigInput): BridgeConfig {
  const result = bridgeConfig.safeParse(input);
  if (!result.success) {
    const lines = result.error.issues.map(({ path, message }) => `${String(path[0] ?? 'configuration')}: ${message}`);
    throw new BridgeError('BRIDGE_CONFIG', lines.join('\n'));
  }
  const { ports } = result.data;
  for (const [i, { name }] of ports.entries()) {
    if (ports.findIndex((port) => port.name === name) < i) {
      throw new BridgeError('BRIDGE_CONFIG', `ports: two are called ${name}; put another name in front, NAME=...`);
    }
  }
  return Object.freeze(result.data);
}

export function tlsFilesOf({ privateKey, certificate, caCert }: BridgeConfig): TlsFiles | undefined {
  if (privateKey === undefined && certificate === undefined && caCert === undefined) return undefined;
  return { privateKey, certificate, caCertificate: caCert };
}
