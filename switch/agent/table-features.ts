import {
  type OfpMessage,
  type OfpVersion,
  type OxmId,
  type OxmName,
  type ReplyItem,
  TableConfig,
  TableFeatureFlags,
} from '../../ofp/index.ts';
import { supportedActions } from '../actions/compile.ts';
import { setterOf } from '../actions/set-field.ts';
import type { Bridge } from '../bridge.ts';
import { type Field, fieldOf } from '../flow/fields.ts';
import { maxFlows } from '../flow/flow-tables.ts';
import { keyFields } from '../packet/index.ts';
import { supportedInstructions, tableCount } from '../pipeline/program.ts';
import { noResources } from '../resources.ts';
import type { SwitchSession } from './switch-session.ts';

type TableFeatures = ReplyItem<'tableFeatures'>;

const allBits = 0xffff_ffff_ffff_ffffn;

const matchable = Object.keys(keyFields).map((name) => fieldOf(name, noResources)!);
const matchIds = matchable.map((field) => idOf(field, field.rule.maskable));
/** No field has to be in a match. */
const wildcardIds = matchable.map((field) => idOf(field, false));
const setFieldIds = matchable.filter(setterOf).map((field) => idOf(field, false));

const tableCapabilities = TableConfig.EVICTION | TableConfig.VACANCY_EVENTS;
const ingressTable = TableFeatureFlags.INGRESS_TABLE;
/** Every field of 1.0 may be left out of a match. */
const wildcards10 = 0x3fffff;

/** Statistics of all tables (1.0 section 5.3.5, 1.2 and 1.3 section 7.3.5.4). */
export function tableStats(bridge: Bridge): object[] {
  return Array.from({ length: tableCount }, (_, tableId) => {
    const table = bridge.flows.table(tableId);
    return {
      tableId,
      name: '',
      wildcards: wildcards10,
      maxEntries: maxFlows,
      activeCount: table?.entries.size ?? 0,
      lookupCount: BigInt(table?.lookups ?? 0),
      matchedCount: BigInt(table?.matched ?? 0),
      ...features12,
    };
  });
}

/** What 1.1 and 1.2 say of a table among its statistics: every field and action with a number there. */
const features12 = {
  match: wildcards10,
  instructions: 0x1f,
  writeActions: 0x3ffff,
  applyActions: 0x3ffff,
  config: 0,
  oxmMatch: (1n << 36n) - 1n,
  oxmWildcards: (1n << 36n) - 1n,
  writeSetfields: (1n << 36n) - 1n,
  applySetfields: (1n << 36n) - 1n,
  metadataMatch: allBits,
  metadataWrite: allBits,
};

/** Answers that were given, by version: they never change, and are long. */
const encoded = new Map<OfpVersion, readonly Uint8Array[]>();

/** All tables alike, but each leads only to the ones after it. The entries share one limit. */
export function answerTableFeatures(request: OfpMessage, session: SwitchSession): void {
  let answer = encoded.get(session.version);
  if (!answer) {
    const body = Array.from({ length: tableCount }, (_, tableId) => featuresOf(tableId));
    answer = session.encodeAnswer({ type: 'multipartReply', multipart: 'tableFeatures', body });
    encoded.set(session.version, answer);
  }
  session.replyEncoded(request, answer);
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
    name: '',
    metadataMatch: allBits,
    metadataWrite: allBits,
    config: 0,
    capabilities: tableCapabilities,
    command: 0,
    features: ingressTable,
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

function idOf({ name }: Field, hasMask: boolean): OxmId {
  return { field: name as OxmName, hasMask };
}
