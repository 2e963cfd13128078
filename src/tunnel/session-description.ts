import { type Candidate, formatCandidate, parseCandidate } from './candidate.ts';
import { TunnelError } from './errors.ts';

/**
 * What two ends must tell each other to set up ICE, DTLS and SCTP. A description from outside is read into this and
 * written anew, so the native parser sees our own text only, whatever a stranger sent.
 */
export interface SessionDescription {
  readonly iceUfrag: string;
  readonly icePwd: string;
  /** SHA-256 of the DTLS certificate: 32 upper-case hex pairs with colons between them (RFC 8122 section 5). */
  readonly fingerprint: string;
  /** Who starts the DTLS handshake (RFC 8842 section 5.2). */
  readonly setup: Setup;
  readonly mid: string;
  readonly sctpPort: number;
  readonly maxMessageSize: number;
  readonly candidates: readonly Candidate[];
}

export type Setup = 'actpass' | 'active' | 'passive';

const maxDescriptionLength = 16_384;
const maxCandidates = 32;
const defaultSctpPort = '5000';
const defaultMaxMessageSize = '65536';

/** Lines that must or may occur, each at most once, with what they may hold. Other lines are passed over (RFC 8866 section 5). */
const fields = {
  media: /^m=application [0-9]{1,5} UDP\/DTLS\/SCTP webrtc-datachannel$/,
  iceUfrag: /^a=ice-ufrag:([A-Za-z0-9+/]{4,256})$/,
  icePwd: /^a=ice-pwd:([A-Za-z0-9+/]{22,256})$/,
  fingerprint: /^a=fingerprint:sha-256 ([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){31})$/i,
  setup: /^a=setup:(actpass|active|passive)$/,
  mid: /^a=mid:([A-Za-z0-9]{1,16})$/,
  sctpPort: /^a=sctp-port:([0-9]{1,5})$/,
  maxMessageSize: /^a=max-message-size:([0-9]{1,10})$/,
} as const;

type Field = keyof typeof fields;

/** What a line starts with that must then match its pattern: a broken line is refused, not passed over. */
const prefixes: readonly (readonly [string, Field])[] = [
  ['m=', 'media'],
  ['a=ice-ufrag:', 'iceUfrag'],
  ['a=ice-pwd:', 'icePwd'],
  ['a=fingerprint:', 'fingerprint'],
  ['a=setup:', 'setup'],
  ['a=mid:', 'mid'],
  ['a=sctp-port:', 'sctpPort'],
  ['a=max-message-size:', 'maxMessageSize'],
];

export function parseSessionDescription(sdp: string): SessionDescription {
  if (sdp.length > maxDescriptionLength) throw malformed(`longer than ${maxDescriptionLength} characters`);
  const found = new Map<Field, string>();
  const candidates: Candidate[] = [];
  for (const line of sdp.split(/\r?\n/)) {
    if (line.startsWith('a=candidate:')) {
      if (candidates.length === maxCandidates) throw malformed(`more than ${maxCandidates} candidates`);
      candidates.push(parseCandidate(line));
      continue;
    }
    const field = prefixes.find(([prefix]) => line.startsWith(prefix))?.[1];
    if (field === undefined) continue;
    const match = fields[field].exec(line);
    if (match === null) throw malformed(`a ${field} line that cannot be read`);
    if (found.has(field)) throw malformed(`a second ${field} line`);
    found.set(field, match[1] ?? '');
  }
  const required = (field: Field): string => {
    const value = found.get(field);
    if (value === undefined) throw malformed(`no ${field} line`);
    return value;
  };
  required('media');
  return {
    iceUfrag: required('iceUfrag'),
    icePwd: required('icePwd'),
    fingerprint: required('fingerprint').toUpperCase(),
    setup: setupOf(required('setup')),
    mid: required('mid'),
    sctpPort: portOf(found.get('sctpPort') ?? defaultSctpPort),
    maxMessageSize: Number(found.get('maxMessageSize') ?? defaultMaxMessageSize),
    candidates,
  };
}

export function formatSessionDescription(description: SessionDescription): string {
  const lines = [
    'v=0',
    'o=- 1 0 IN IP4 0.0.0.0',
    's=-',
    't=0 0',
    `a=group:BUNDLE ${description.mid}`,
    'a=ice-options:ice2,trickle',
    `a=fingerprint:sha-256 ${description.fingerprint}`,
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'c=IN IP4 0.0.0.0',
    `a=mid:${description.mid}`,
    'a=sendrecv',
    `a=sctp-port:${description.sctpPort}`,
    `a=max-message-size:${description.maxMessageSize}`,
    `a=setup:${description.setup}`,
    `a=ice-ufrag:${description.iceUfrag}`,
    `a=ice-pwd:${description.icePwd}`,
    ...description.candidates.map((candidate) => `a=${formatCandidate(candidate)}`),
  ];
  return `${lines.join('\r\n')}\r\n`;
}

function setupOf(text: string): Setup {
  return text === 'active' || text === 'passive' ? text : 'actpass';
}

function portOf(digits: string): number {
  const port = Number(digits);
  if (port < 1 || port > 65_535) throw malformed('an SCTP port out of range');
  return port;
}

function malformed(what: string): TunnelError {
  return new TunnelError('TUNNEL_MALFORMED_SIGNAL', `malformed session description: ${what}`);
}
