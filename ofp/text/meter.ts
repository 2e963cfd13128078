import { MeterModCommand } from '../constants/choices.ts';
import { MeterFlags } from '../constants/flags.ts';
import { MeterNo } from '../constants/limits.ts';
import type { OfpVersion } from '../errors.ts';
import type { Message, ReplyItem } from '../messages.ts';
import type { MeterBand } from '../tables/values.ts';
import { cut, fail, type Piece, parseNumber, whole } from './scan.ts';

export type MeterMod = Message<'meterMod'>;

export interface MeterReadOptions {
  /** What is done with the meter. Default add. */
  readonly command?: 'add' | 'modify' | 'delete';
  /** The version to read for, 1.3 or later. Default 1.3. */
  readonly version?: OfpVersion;
}

const COMMANDS = { add: MeterModCommand.ADD, modify: MeterModCommand.MODIFY, delete: MeterModCommand.DELETE } as const;
const METER_NAMES: ReadonlyMap<number, string> = new Map([
  [MeterNo.SLOWPATH, 'slowpath'],
  [MeterNo.CONTROLLER, 'controller'],
  [MeterNo.ALL, 'all'],
]);
const METERS: ReadonlyMap<string, number> = new Map([...METER_NAMES].map(([number, name]) => [name, number]));
export const METER_FLAGS = [
  [MeterFlags.KBPS, 'kbps'],
  [MeterFlags.PKTPS, 'pktps'],
  [MeterFlags.BURST, 'burst'],
  [MeterFlags.STATS, 'stats'],
] as const;

/** `1`, or `slowpath`, `controller`, `all`. */
export const meterName = (id: number) => (id <= MeterNo.MAX ? String(id) : (METER_NAMES.get(id) ?? 'unknown'));

/** What is common to a meter-mod and an entry of a meter configuration. */
type MeterBody = Pick<ReplyItem<'meterConfig'>, 'meterId' | 'flags' | 'bands'>;

/**
 * A meter as ovs-ofctl prints it: `meter=1 kbps bands=`, then a line for each band, `type=drop rate=1000`. `parseMeter`
 * reads it back, but for bands of experimenters.
 */
export function formatMeter({ meterId, flags, bands }: MeterBody): string {
  const known = METER_FLAGS.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => `${name} `);
  const rest = METER_FLAGS.reduce((left, [bit]) => left & ~bit, flags);
  if (rest !== 0) known.push(`flags:0x${rest.toString(16)} `);
  return `meter=${meterName(meterId)} ${known.join('')}bands=${bands.map((band) => `\n${formatBand(band, flags)}`).join('')}`;
}

function formatBand(band: MeterBand, flags: number): string {
  if (band.type === 'unknown') return `type=${band.code}`;
  const burst = (flags & MeterFlags.BURST) !== 0 ? ` burst_size=${band.burstSize}` : '';
  const precedence = band.type === 'dscpRemark' ? ` prec_level=${band.precLevel}` : '';
  const type = { drop: 'drop', dscpRemark: 'dscp_remark', experimenter: String(0xffff) }[band.type];
  return `type=${type} rate=${band.rate}${burst}${precedence}`;
}

/**
 * Reads a meter in the syntax of ovs-ofctl, e.g. `meter=1 kbps burst band=type=drop rate=1000 burst_size=100`, as a
 * meter-mod with transaction id 0.
 *
 * @throws {OfpTextError} for anything that is not such a meter.
 */
export function parseMeter(text: string, options: MeterReadOptions = {}): MeterMod {
  const command = COMMANDS[options.command ?? 'add'];
  const isDelete = command === MeterModCommand.DELETE;
  const piece = whole(text);
  const bandsAt = isDelete ? -1 : text.indexOf('band');
  if (bandsAt < 0 && !isDelete) fail(cut(piece, text.length), 'bands=');
  const head = bandsAt < 0 ? piece : cut(piece, 0, bandsAt);
  const meter: MeterMod = {
    type: 'meterMod',
    version: options.version ?? 4,
    xid: 0,
    command,
    ...readHead(head, isDelete),
    bands: [],
  };
  if (isDelete) return meter;
  const equals = text.indexOf('=', bandsAt);
  if (equals < 0) fail(cut(piece, bandsAt), 'bands=');
  meter.bands = readBands(cut(piece, equals + 1), meter.flags);
  return meter;
}

/** Words, cut at white space, commas and equals signs. */
function words(piece: Piece): Piece[] {
  return Array.from(piece.text.matchAll(/[^=, \t\r\n]+/g), ({ 0: word, index }) =>
    cut(piece, index, index + word.length),
  );
}

function readHead(head: Piece, isDelete: boolean): { meterId: number; flags: number } {
  let meterId = 0;
  let flags = 0;
  const all = words(head);
  const end = cut(head, head.text.length);
  for (let i = 0; i < all.length; i++) {
    const word = all[i]!;
    const flag = isDelete ? undefined : METER_FLAGS.find(([, name]) => name === word.text);
    if (flag) flags |= flag[0];
    else if (word.text === 'meter') meterId = readMeterId(all[++i] ?? fail(end, 'a meter'));
    else fail(word, 'meter, kbps, pktps, burst or stats');
  }
  if (meterId === 0) fail(end, 'meter=');
  if (flags === 0 && !isDelete) fail(end, 'kbps or pktps');
  return { meterId, flags };
}

function readMeterId(piece: Piece): number {
  const id = METERS.get(piece.text) ?? parseNumber(piece, 32);
  return METER_NAMES.has(id) || (id >= 1 && id <= MeterNo.MAX) ? id : fail(piece, `a meter of 1 to ${MeterNo.MAX}`);
}

interface BandDraft {
  readonly at: Piece;
  readonly type: 'drop' | 'dscpRemark';
  rate: number;
  burstSize: number;
  precLevel: number;
}
const BAND_TYPES: ReadonlyMap<string, BandDraft['type']> = new Map([
  ['drop', 'drop'],
  ['dscp_remark', 'dscpRemark'],
]);
const PARAMETERS: ReadonlyMap<string, readonly ['rate' | 'burstSize' | 'precLevel', number]> = new Map([
  ['rate', ['rate', 32]],
  ['burst_size', ['burstSize', 32]],
  ['prec_level', ['precLevel', 8]],
]);

function readBands(piece: Piece, flags: number): MeterBand[] {
  const drafts: BandDraft[] = [];
  const all = words(piece);
  for (let i = 0; i < all.length; i += 2) {
    const key = all[i]!;
    const value = all[i + 1] ?? fail(key, `${key.text}=value`);
    const band = drafts.at(-1);
    const parameter = PARAMETERS.get(key.text);
    if (key.text === 'type') {
      const type = BAND_TYPES.get(value.text) ?? fail(value, 'drop or dscp_remark');
      drafts.push({ at: key, type, rate: 0, burstSize: 0, precLevel: 0 });
    } else if (!band) fail(key, 'type=');
    else if (!parameter) fail(key, 'type, rate, burst_size or prec_level');
    else band[parameter[0]] = parseNumber(value, parameter[1]);
  }
  if (drafts.length === 0) fail(piece, 'a band');
  return drafts.map((draft) => toBand(draft, flags));
}

function toBand({ at, type, rate, burstSize, precLevel }: BandDraft, flags: number): MeterBand {
  const hasBurst = (flags & MeterFlags.BURST) !== 0;
  if (rate === 0) fail(at, 'rate= in the band');
  if (hasBurst && burstSize === 0) fail(at, 'burst_size= in the band, as the meter has the flag burst');
  if (!hasBurst && burstSize !== 0) fail(at, 'no burst_size= in the band, as the meter lacks the flag burst');
  if (type === 'dscpRemark')
    return precLevel === 0 ? fail(at, 'prec_level= in the band') : { type, rate, burstSize, precLevel };
  return precLevel === 0 ? { type, rate, burstSize } : fail(at, 'no prec_level= in a drop band');
}
