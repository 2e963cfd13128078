import { ACTIONS, type Action, BadActionCode, PortNo } from '../../ofp/index.ts';
import { EtherType, isVlanType } from '../packet/index.ts';
import { compileSetField } from './compile-set-field.ts';
import { compileCopyField } from './copy-field.ts';
import { ActionRank, type CompiledAction } from './execution.ts';
import { type ActionContext, expectFact, isIp, learn, actionRefusal as refusal, uncovered } from './facts.ts';
import { setTransportPort, setVlanPcp, setVlanVid } from './legacy.ts';
import { copyTtlIn, copyTtlOut, decMplsTtl, isMplsType, popMpls, pushMpls, setMplsTtl } from './mpls.ts';
import { compileNicira, isNicira } from './nicira.ts';
import { popPbb, pushPbb } from './pbb.ts';
import { decNwTtl, setNwTtl } from './ttl.ts';
import { popVlan, pushVlan } from './vlan.ts';

export type { ActionContext } from './facts.ts';

type Name = Exclude<Action['type'], 'unknown'>;
type ActionOf<T extends Name> = Extract<Action, { type: T }>;
/** Rank, and how to make the action ready; `kind` and `rank` are filled in where it does not say. */
interface Compiler<T extends Name> {
  readonly rank: number;
  compile(action: ActionOf<T>, context: ActionContext): Ready;
}
type Ready = Pick<CompiledAction, 'run'> & Partial<CompiledAction>;
type Compilers = { readonly [T in Name]?: Compiler<T> };

/** The highest number that an ordinary port can have here: Open vSwitch's tools refuse others. */
const maxPort = 0xfeff;
const reservedOutputs: ReadonlySet<number> = new Set([
  PortNo.IN_PORT,
  PortNo.NORMAL,
  PortNo.FLOOD,
  PortNo.ALL,
  PortNo.CONTROLLER,
  PortNo.LOCAL,
]);

const { SET, POP } = ActionRank;

const compilers: Compilers = {
  output: {
    rank: ActionRank.OUTPUT,
    compile: ({ port, maxLen }, { isPacketOut }) => {
      const isKnown = (port >= 0 && port <= maxPort) || reservedOutputs.has(port);
      if (!isKnown && !(isPacketOut && port === PortNo.TABLE)) {
        throw refusal(BadActionCode.BAD_OUT_PORT, `no output to port ${port}`);
      }
      return { outPort: port, run: (execution) => execution.output(port, maxLen) };
    },
  },
  group: {
    rank: ActionRank.GROUP,
    compile: ({ groupId }, { resources }) => {
      if (!resources.hasGroup(groupId)) throw refusal(BadActionCode.BAD_OUT_GROUP, `no group ${groupId}`);
      return { group: groupId, run: (execution) => execution.group(groupId) };
    },
  },
  meter: {
    rank: ActionRank.QOS,
    compile: ({ meterId }, { resources }) => {
      if (!resources.hasMeter(meterId)) throw refusal(BadActionCode.BAD_METER, `no meter ${meterId}`);
      return { meter: meterId, run: (execution) => execution.meter(meterId) };
    },
  },
  /** There are no queues but the one that every port has, whatever its number: as with Open vSwitch. */
  setQueue: { rank: ActionRank.QOS, compile: () => ({ run() {} }) },
  setField: { rank: SET, compile: ({ field }, context) => compileSetField(field, context) },
  copyField: {
    rank: SET,
    compile: (action, context) => {
      const copy = compileCopyField(action, context);
      const fields = [action.src.field, action.dst.field];
      return { kind: `copy to ${action.dst.field}`, fields, run: ({ packet }) => copy(packet) };
    },
  },

  pushVlan: {
    rank: ActionRank.PUSH_VLAN,
    compile: ({ ethertype }, context) => {
      if (!isVlanType(ethertype)) throw refusal(BadActionCode.BAD_ARGUMENT, `push_vlan of type ${ethertype}`);
      learn(context, { tagged: true });
      return { run: ({ packet }) => pushVlan(packet, ethertype) };
    },
  },
  popVlan: {
    rank: POP,
    compile: (_action, context) => {
      expectFact(context, (facts) => facts.tagged === true, 'pop_vlan of frames that may have no tag');
      // What is below the tag is another tag, or none.
      learn(context, { tagged: undefined });
      return { run: ({ packet }) => popVlan(packet) };
    },
  },
  pushMpls: {
    rank: ActionRank.PUSH_MPLS,
    compile: ({ ethertype }, context) => {
      if (!isMplsType(ethertype)) throw refusal(BadActionCode.BAD_ARGUMENT, `push_mpls of type ${ethertype}`);
      learn(context, { ethType: ethertype, ipProto: undefined, icmpv6Type: undefined });
      return { run: ({ packet }) => pushMpls(packet, ethertype) };
    },
  },
  popMpls: {
    rank: POP,
    compile: ({ ethertype }, context) => {
      expectFact(context, ({ ethType }) => isMplsOr(ethType), 'pop_mpls of what may not be MPLS');
      learn(context, { ethType: ethertype, ipProto: uncovered, icmpv6Type: uncovered });
      return { run: ({ packet }) => popMpls(packet, ethertype) };
    },
  },
  pushPbb: {
    rank: ActionRank.PUSH_PBB,
    compile: ({ ethertype }, context) => {
      if (ethertype !== EtherType.PBB) throw refusal(BadActionCode.BAD_ARGUMENT, `push_pbb of type ${ethertype}`);
      learn(context, { ethType: ethertype, ipProto: undefined, icmpv6Type: undefined, tagged: false });
      return { run: ({ packet }) => pushPbb(packet, ethertype) };
    },
  },
  popPbb: {
    rank: POP,
    compile: (_action, context) => {
      expectFact(
        context,
        ({ ethType }) => ethType === EtherType.PBB || ethType === uncovered,
        'pop_pbb of what may not be PBB',
      );
      // Nothing is known of the customer's frame.
      context.facts = undefined;
      return { run: ({ packet }) => popPbb(packet) };
    },
  },

  copyTtlIn: { rank: ActionRank.COPY_TTL_IN, compile: () => ({ run: ({ packet }) => copyTtlIn(packet) }) },
  copyTtlOut: { rank: ActionRank.COPY_TTL_OUT, compile: () => ({ run: ({ packet }) => copyTtlOut(packet) }) },
  setMplsTtl: {
    rank: SET,
    compile: ({ mplsTtl }, context) => {
      expectFact(context, ({ ethType }) => isMplsOr(ethType), 'set_mpls_ttl of what may not be MPLS');
      return { run: ({ packet }) => setMplsTtl(packet, mplsTtl) };
    },
  },
  decMplsTtl: {
    rank: ActionRank.DEC_TTL,
    compile: (_action, context) => {
      expectFact(context, ({ ethType }) => isMplsOr(ethType), 'dec_mpls_ttl of what may not be MPLS');
      return { run: decMplsTtl };
    },
  },
  setNwTtl: {
    rank: SET,
    compile: ({ nwTtl }, context) => {
      expectFact(context, isIp, 'set_nw_ttl of what may not be IP');
      return { run: ({ packet }) => setNwTtl(packet, nwTtl) };
    },
  },
  decNwTtl: {
    rank: ActionRank.DEC_TTL,
    compile: (_action, context) => {
      expectFact(context, isIp, 'dec_nw_ttl of what may not be IP');
      return { run: decNwTtl };
    },
  },

  // Of 1.0, where neither tag nor transport had to be in the match.
  setVlanVid: { rank: SET, compile: ({ vlanVid }) => ({ run: ({ packet }) => setVlanVid(packet, vlanVid) }) },
  setVlanPcp: { rank: SET, compile: ({ vlanPcp }) => ({ run: ({ packet }) => setVlanPcp(packet, vlanPcp) }) },
  setTpSrc: { rank: SET, compile: ({ tpPort }) => ({ run: ({ packet }) => setTransportPort(packet, 'src', tpPort) }) },
  setTpDst: { rank: SET, compile: ({ tpPort }) => ({ run: ({ packet }) => setTransportPort(packet, 'dst', tpPort) }) },
  experimenter: {
    rank: SET,
    compile: (action, context) => {
      const { experimenter } = action;
      if (isNicira(action)) return compileNicira(action, context);
      throw refusal(BadActionCode.BAD_EXPERIMENTER, `no actions of experimenter ${experimenter}`);
    },
  },
};

/** Names of the actions that are not refused whatever their arguments; table features list them. */
export const supportedActions = [
  'output',
  'copyTtlOut',
  'copyTtlIn',
  'setMplsTtl',
  'decMplsTtl',
  'pushVlan',
  'popVlan',
  'pushMpls',
  'popMpls',
  'setQueue',
  'group',
  'setNwTtl',
  'decNwTtl',
  'setField',
  'pushPbb',
  'popPbb',
] as const;

/** The same as a bit for each type number: group features list them so. */
export const actionBits = supportedActions.reduce((bits, name) => {
  const layouts: readonly { readonly code: number }[] = ACTIONS[name].layouts;
  return bits | (1 << layouts.at(-1)!.code);
}, 0);

/** Place of an action in the order of an action set, by its name. */
export function actionRank(type: Action['type']): number {
  return type === 'unknown' ? 0 : (compilers[type]?.rank ?? 0);
}

/** Throws `OpenFlowRefusal` (BAD_ACTION) where an action is unknown, makes no sense or does not fit the match. */
export function compileActions(actions: readonly Action[], context: ActionContext): CompiledAction[] {
  return actions.map((action) => compileAction(action, context));
}

function compileAction(action: Action, context: ActionContext): CompiledAction {
  const compiler = action.type === 'unknown' ? undefined : (compilers[action.type] as Compiler<Name> | undefined);
  if (!compiler) throw refusal(BadActionCode.BAD_TYPE, `no action ${action.type}`);
  return { kind: action.type, rank: compiler.rank, ...compiler.compile(action as ActionOf<Name>, context) };
}

function isMplsOr(ethType: number | undefined): boolean {
  return ethType === uncovered || (ethType !== undefined && isMplsType(ethType));
}
