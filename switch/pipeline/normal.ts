import { PortConfig } from '../../ofp/index.ts';
import { floodEtherType } from '../flood/index.ts';
import type { MacTable } from '../mac-table.ts';
import { isGroupAddressed, isLinkLocalGroup } from '../packet/index.ts';
import { floodPortNo } from '../ports/port-table.ts';
import type { Egress } from './egress.ts';
import type { Passage } from './passage.ts';

/** What a learning switch without OpenFlow would do (OpenFlow 1.3 section 4.5, NORMAL). */
export function forwardNormally(passage: Passage, macs: MacTable, egress: Egress): void {
  const { packet, origin, now } = passage;
  if (isLinkLocalGroup(packet.frame)) return;
  packet.refresh();
  if (packet.etherType === floodEtherType && origin?.kind === 'peer') {
    egress.toPort(floodPortNo);
    return;
  }
  if (origin) macs.learn(packet, origin.no, now);
  const known = isGroupAddressed(packet.frame) ? undefined : macs.lookup(packet, now);
  if (known === undefined) egress.spread(PortConfig.NO_FLOOD);
  else egress.toPort(known);
}
