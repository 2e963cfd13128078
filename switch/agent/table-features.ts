import { Capabilities, OXM_FIELDS, type OxmId, type OxmName, type ReplyItem } from '../../ofp/index.ts';
import { supportedActions } from '../actions/compile.ts';
import { fieldSetters } from '../actions/set-field.ts';
import { maxFlows } from '../flow/flow-tables.ts';
import { keyFields } from '../packet/index.ts';
import { supportedInstructions, tableCount } from '../pipeline/program.ts';

type TableFeatures = ReplyItem<'tableFeatures'>;

export const switchCapabilities = Capabilities.FLOW_STATS | Capabilities.TABLE_STATS | Capabilities.PORT_STATS;

const allBits = 0xffff_ffff_ffff_ffffn;

const matchable = Object.keys(keyFields) as (keyof typeof OXM_FIELDS)[];
const matchIds: OxmId[] = matchable.map((field) => ({ field, hasMask: OXM_FIELDS[field].maskable }));
/** No field has to be in a match. */
const wildcardIds = oxmIds(matchable);
const setFieldIds = oxmIds(Object.keys(fieldSetters));

/** All tables alike, but each leads only to the ones after it. The entries share one limit. */
export function tableFeatures(): TableFeatures[] {
  return Array.from({ length: tableCount }, (_, tableId) => featuresOf(tableId));
}

function featuresOf(tableId: number): TableFeatures {
  const nextTableIds = Array.from({ length: tableCount - tableId - 1 }, (_, i) => tableId + 1 + i);
  const isLast = nextTableIds.length === 0;
  const instructionIds = supportedInstructions
    .filter((type) => !(isLast && type === 'gotoTable'))
    .map((type) => ({ type }));
  const actionIds = supportedActions.map((type) => ({ type }));
  return {
    tableId,
    name: `table${tableId}`,
    metadataMatch: allBits,
    metadataWrite: allBits,
    config: 0,
    maxEntries: maxFlows,
    properties: [
      { type: 'instructions', instructionIds },
      { type: 'nextTables', nextTableIds },
      { type: 'writeActions', actionIds },
      { type: 'applyActions', actionIds },
      { type: 'match', oxmIds: matchIds },
      { type: 'wildcards', oxmIds: wildcardIds },
      { type: 'writeSetfield', oxmIds: setFieldIds },
      { type: 'applySetfield', oxmIds: setFieldIds },
    ],
  };
}

function oxmIds(fields: readonly string[]): OxmId[] {
  return fields.map((field) => ({ field: field as OxmName, hasMask: false }));
}
