import { isIP } from 'node:net';
import { TunnelError } from './errors.ts';

/**
 * An ICE candidate (RFC 8839 section 5.1), only as much of it as a tunnel needs. It travels as
 *
 *     candidate:FOUNDATION COMPONENT TRANSPORT PRIORITY ADDRESS PORT typ TYPE [raddr ADDRESS rport PORT] [NAME VALUE]...
 */
export interface Candidate {
  readonly foundation: string;
  readonly transport: 'udp' | 'tcp';
  readonly priority: number;
  readonly address: string;
  readonly port: number;
  readonly type: string;
  /** The local address behind `address`; for people who debug, ICE does not use it. */
  readonly related: { readonly address: string; readonly port: number } | undefined;
}

const maxCandidateLength = 512;
const addressPattern = '[0-9A-Fa-f.:]{2,45}';
const candidatePattern = new RegExp(
  '^(?:a=)?candidate:([A-Za-z0-9+/]{1,32}) 1 (UDP|TCP) ([0-9]{1,10}) ' +
    `(${addressPattern}) ([0-9]{1,5}) typ (host|srflx|prflx|relay)` +
    `(?: raddr (${addressPattern}) rport ([0-9]{1,5}))?(?: [!-~]{1,64} [!-~]{1,256})*$`,
  'i',
);

/** Host names are refused: an address that a stranger sends must never start a name look-up. */
export function parseCandidate(text: string): Candidate {
  const match = text.length <= maxCandidateLength ? candidatePattern.exec(text) : null;
  if (match === null) throw malformed('not a candidate with an IP address');
  const [, foundation = '', transport = '', priority, address = '', port, type = '', relatedAddress, relatedPort] =
    match;
  return {
    foundation,
    transport: transport.toLowerCase() === 'udp' ? 'udp' : 'tcp',
    priority: bounded(priority, 0, 0xffff_ffff),
    address: ipAddress(address),
    // A TCP candidate of an active end has port 9 or 0 (RFC 6544 section 4.5).
    port: bounded(port, transport.toLowerCase() === 'udp' ? 1 : 0, 65_535),
    type: type.toLowerCase(),
    related:
      relatedAddress === undefined
        ? undefined
        : { address: ipAddress(relatedAddress), port: bounded(relatedPort, 0, 65_535) },
  };
}

export function formatCandidate(candidate: Candidate): string {
  const { foundation, transport, priority, address, port, type, related } = candidate;
  const behind = related === undefined ? '' : ` raddr ${related.address} rport ${related.port}`;
  return `candidate:${foundation} 1 ${transport.toUpperCase()} ${priority} ${address} ${port} typ ${type}${behind}`;
}

function ipAddress(text: string): string {
  if (isIP(text) === 0) throw malformed('not an IP address');
  return text;
}

function bounded(digits: string | undefined, low: number, high: number): number {
  const value = Number(digits);
  if (!(value >= low && value <= high)) throw malformed('a number of the candidate is out of range');
  return value;
}

function malformed(what: string): TunnelError {
  return new TunnelError('TUNNEL_MALFORMED_SIGNAL', `malformed candidate: ${what}`);
}
