import { OpenFlowError } from './errors.ts';

/** Where an OpenFlow connection goes to or comes from, in Open vSwitch's notation (ovs-vswitchd.conf.db(5), `target`). */
export type Target = DialTarget | ListenTarget;

export interface DialTarget extends Place {
  readonly mode: 'dial';
}

export interface ListenTarget extends Place {
  readonly mode: 'listen';
}

interface Place {
  /** As it was written, with what was left out filled in. */
  readonly text: string;
  readonly where: InternetPlace | UnixPlace;
}

export interface InternetPlace {
  readonly transport: 'tcp' | 'ssl';
  readonly host: string;
  readonly port: number;
}

export interface UnixPlace {
  readonly transport: 'unix';
  readonly path: string;
}

/** IANA's port of OpenFlow. */
const standardPort = 6653;
/** As many bytes as a Unix socket's address holds, less the one that ends it. */
const maxPath = 107;

const schemes = {
  tcp: { mode: 'dial', transport: 'tcp' },
  ssl: { mode: 'dial', transport: 'ssl' },
  unix: { mode: 'dial', transport: 'unix' },
  ptcp: { mode: 'listen', transport: 'tcp' },
  pssl: { mode: 'listen', transport: 'ssl' },
  punix: { mode: 'listen', transport: 'unix' },
} as const;

type Scheme = keyof typeof schemes;
const isScheme = (text: string): text is Scheme => Object.hasOwn(schemes, text);

const notation = 'tcp:HOST[:PORT], ssl:HOST[:PORT], unix:PATH, ptcp:[PORT][:HOST], pssl:[PORT][:HOST] or punix:PATH';

/** `HOST[:PORT]`; an IPv6 address stands in brackets. */
const dialled = /^(?:\[(?<v6>[0-9A-Fa-f:.%\w]+)\]|(?<host>[^\s:[\],]+))(?::(?<port>\d{1,5}))?$/;
/** `[PORT][:HOST]` */
const listened = /^(?<port>\d{1,5})?(?::(?:\[(?<v6>[0-9A-Fa-f:.%\w]+)\]|(?<host>[^\s:[\],]+)))?$/;

/** Throws OPENFLOW_TARGET. */
export function parseTarget(text: string): Target {
  const colon = text.indexOf(':');
  const scheme = text.slice(0, Math.max(0, colon));
  if (!isScheme(scheme)) throw wrong(text);
  const { mode, transport } = schemes[scheme];
  const rest = text.slice(colon + 1);
  if (transport === 'unix') {
    if (rest === '' || rest.includes('\0')) throw wrong(text);
    if (Buffer.byteLength(rest) > maxPath) {
      throw new OpenFlowError('OPENFLOW_TARGET', `the path of '${text}' is longer than ${maxPath} bytes`);
    }
    return { mode, text, where: { transport, path: rest } };
  }
  const parts = (mode === 'dial' ? dialled : listened).exec(rest)?.groups;
  const port = Number(parts?.port ?? standardPort);
  // A listener's port 0 takes a free one.
  if (parts === undefined || port > 0xffff || (mode === 'dial' && port === 0)) throw wrong(text);
  const host = parts.v6 ?? parts.host ?? '0.0.0.0';
  const where = { transport, host, port };
  return { mode, text: formatPlace(scheme, where), where };
}

/** Throws OPENFLOW_TARGET for what listens, too. */
export function parseDialTarget(text: string): DialTarget {
  const target = parseTarget(text);
  if (target.mode === 'dial') return target;
  throw new OpenFlowError('OPENFLOW_TARGET', `'${text}' listens: a controller is tcp:, ssl: or unix:`);
}

/** Throws OPENFLOW_TARGET for what dials, too. */
export function parseListenTarget(text: string): ListenTarget {
  const target = parseTarget(text);
  if (target.mode === 'listen') return target;
  throw new OpenFlowError('OPENFLOW_TARGET', `'${text}' does not listen: it has to be ptcp:, pssl: or punix:`);
}

/** The notation of a listener that took the port given. */
export function formatListening({ where, text }: ListenTarget, port: number): string {
  return where.transport === 'unix' ? text : formatPlace(`p${where.transport}`, { ...where, port });
}

function formatPlace(scheme: string, { host, port }: InternetPlace): string {
  const shown = host.includes(':') ? `[${host}]` : host;
  return scheme.startsWith('p') ? `${scheme}:${port}:${shown}` : `${scheme}:${shown}:${port}`;
}

function wrong(text: string): OpenFlowError {
  return new OpenFlowError('OPENFLOW_TARGET', `'${text}' is not an OpenFlow connection: ${notation}`);
}
