import type { OxmField } from '../../ofp/index.ts';
import { join64, KeyWord, keyFields } from '../packet/index.ts';
import type { PacketIn } from '../pipeline/pipeline.ts';
import type { MappedOption } from '../tunnel-options.ts';

/** Of one word each: what registers are together goes without saying. */
const registerNames = Object.keys(keyFields).filter(
  (name) => keyFields[name]!.at >= 4 * KeyWord.REGISTERS && keyFields[name]!.bytes === 4,
);

/** The fields of a packet that are not in its frame (1.3 section 7.4.1), and those of Open vSwitch: all that are not zero. */
export function pipelineFields(event: PacketIn, options: readonly MappedOption[]): OxmField[] {
  const fields: OxmField[] = [{ field: 'in_port', value: event.inPort }];
  const metadata = join64(...event.metadata);
  const tunnelId = join64(...event.tunnelId);
  if (metadata !== 0n) fields.push({ field: 'metadata', value: metadata });
  if (tunnelId !== 0n) fields.push({ field: 'tunnel_id', value: tunnelId });
  if (event.registers) fields.push(...registerFields(event.registers, options));
  return fields;
}

function registerFields(registers: Uint32Array, options: readonly MappedOption[]): OxmField[] {
  const wordAt = (at: number) => registers[(at >> 2) - KeyWord.REGISTERS]!;
  const fields = registerNames.map((field) => ({ field, value: wordAt(keyFields[field]!.at) }) as OxmField);
  const view = new DataView(new ArrayBuffer(4 * registers.length));
  for (const [i, word] of registers.entries()) view.setUint32(4 * i, word);
  const bytes = new Uint8Array(view.buffer);
  for (const { index, place } of options) {
    const at = place.at - 4 * KeyWord.REGISTERS;
    fields.push({ field: `tun_metadata${index}`, value: bytes.slice(at, at + place.bytes) } as OxmField);
  }
  const isSet = (field: OxmField) =>
    'value' in field &&
    (field.value instanceof Uint8Array ? field.value.some((byte) => byte !== 0) : field.value !== 0);
  return fields.filter(isSet);
}
