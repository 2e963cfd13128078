/**
 * The match of Nicira messages: NXM fields without a header of their own (the length is in the structure around them).
 *
 * A Nicira match has the VLAN tag in one field, the TCI. It is shown as `vlan_vid` and `vlan_pcp`, as in the standard's
 * matches, wherever its mask allows that.
 */
import { OfpEncodeError } from '../errors.ts';
import type { KnownOxm, OxmField } from '../tables/oxm-types.ts';
import type { Codec } from './compile.ts';
import { NXM_LIST } from './oxm.ts';

const PRESENT = 0x1000;
const VID_BITS = 0x1fff;
const PCP_BITS = 0xe000;
const PCP_SHIFT = 13;

/** The fields that say what a TCI says, or the TCI itself if they cannot. */
function fromTci(field: KnownOxm<'vlan_tci'>): OxmField[] {
  const mask = field.mask ?? 0xffff;
  const { value } = field;
  const vidMask = mask & VID_BITS;
  const pcpMask = mask & PCP_BITS;
  if (field.mask === undefined && value === 0) return [{ field: 'vlan_vid', value: 0 }];
  if ((value & PRESENT) === 0 || (mask & PRESENT) === 0 || (pcpMask !== 0 && pcpMask !== PCP_BITS)) return [field];
  if ((value & ~mask) !== 0 || vidMask === 0) return [field];
  const vid = value & VID_BITS;
  const fields: OxmField[] = [
    vidMask === VID_BITS ? { field: 'vlan_vid', value: vid } : { field: 'vlan_vid', value: vid, mask: vidMask },
  ];
  if (pcpMask !== 0) fields.push({ field: 'vlan_pcp', value: value >> PCP_SHIFT });
  return fields;
}

function toTci(fields: readonly OxmField[]): OxmField[] {
  let value = 0;
  let mask = 0;
  const rest: OxmField[] = [];
  let place = -1;
  for (const field of fields) {
    if (field.field === 'vlan_vid') {
      value |= field.value;
      mask |= field.mask ?? (field.value === 0 ? 0xffff : VID_BITS);
    } else if (field.field === 'vlan_pcp') {
      value |= (field.value << PCP_SHIFT) | PRESENT;
      mask |= PCP_BITS | PRESENT;
    } else {
      rest.push(field);
      continue;
    }
    if (place < 0) place = rest.length;
  }
  if (place < 0) return rest;
  if ((value & 0xffff) !== value) throw new OfpEncodeError('vlan_vid', 'out of range');
  rest.splice(place, 0, mask === 0xffff ? { field: 'vlan_tci', value } : { field: 'vlan_tci', value, mask });
  return rest;
}

const isTag = ({ field }: OxmField): boolean => field === 'vlan_tci' || field === 'vlan_vid' || field === 'vlan_pcp';

export const NXM_MATCH: Codec = {
  read: (b, at, end, xid) => {
    const fields = NXM_LIST.read(b, at, end, xid) as OxmField[];
    // A field that is there twice stays so: it is for the receiver to refuse.
    if (fields.filter(isTag).length !== 1) return fields;
    return fields.flatMap((field) => (field.field === 'vlan_tci' ? fromTci(field) : [field]));
  },
  write: (value) => {
    if (!Array.isArray(value)) throw new OfpEncodeError('match', 'is not a list of fields');
    NXM_LIST.write(toTci(value as OxmField[]));
  },
};
