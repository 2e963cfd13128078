import { Demand } from './demand.ts';
import { Directory } from './directory.ts';
import { Doubts } from './doubts.ts';
import { Edges } from './edges.ts';
import { defaultCapacity, type TopologyOptions } from './manager.ts';
import type { Membership } from './membership.ts';
import type { LinkMessage } from './messages.ts';
import { Neighbourhood } from './neighbourhood.ts';
import { News } from './news.ts';
import { Planner } from './planner.ts';
import { Relays } from './relays.ts';
import type { NodeId } from './ring.ts';
import type { RouteMode } from './route.ts';
import { Rtts } from './rtts.ts';
import { Trials } from './trials.ts';
import { Whereabouts } from './whereabouts.ts';

/** What a topology manager is made of. */
export interface Parts {
  readonly news: News;
  readonly membership: Membership;
  readonly edges: Edges;
  readonly neighbourhood: Neighbourhood;
  readonly planner: Planner;
  readonly trials: Trials;
  readonly demand: Demand;
  readonly rtts: Rtts;
  readonly whereabouts: Whereabouts;
  readonly doubts: Doubts;
  readonly directory: Directory;
  readonly relays: Relays;
}

export function makeParts(options: TopologyOptions): Parts {
  const { self, random, sink, policy, capacity = defaultCapacity } = options;
  const send = (peer: NodeId, message: LinkMessage) => sink.send(peer, message);
  const edges = new Edges(
    self,
    {
      announce: (peer, interest) => send(peer, { type: 'edge', interest }),
      dial: (peer) => sink.dial(peer),
      close: (peer, reason) => {
        rtts.keep(peer);
        sink.close(peer, reason);
      },
      release: (peer) => send(peer, { type: 'release' }),
    },
    random,
  );
  const doubts = new Doubts();
  const neighbours = () => edges.neighbours;
  const isUp = (peer: NodeId) => edges.isUp(peer);
  const news = new News({
    ...{ ...options, capacity, neighbours, isUp },
    isRingLink: (peer) => edges.isRingLink(peer),
    isLinked: (peer) => edges.get(peer) !== undefined,
    doubt: (peer) => doubts.add(peer),
  });
  const { membership } = news;
  const neighbourhood = new Neighbourhood({ self, neighbours, send });
  const next = (target: NodeId) => neighbourhood.routes.next(target);
  const directory = new Directory({
    ...{ self, send, isLinked: isUp },
    successors: (count) => membership.near(count, 'clockwise'),
    predecessors: (count) => membership.near(count, 'anticlockwise'),
    next: (key) => next(key)[0],
  });
  const route = (target: NodeId, mode: RouteMode) => neighbourhood.routes.route(target, mode);
  const relays = new Relays({ self, route, send, relayed: (body) => sink.relayed(body) });
  const demand = new Demand(options.demand ?? 'off');
  const measured = (peer: NodeId) => options.rttMs?.(peer);
  const whereabouts = new Whereabouts({ news, random, neighbours, rttMs: measured });
  const rtts = new Rtts(measured, (peer) => whereabouts.estimateMs(peer));
  const planner = new Planner({ self, policy, random, membership, edges, demand, rtts });
  const trials = new Trials(membership, edges, random);
  return {
    news,
    membership,
    edges,
    neighbourhood,
    planner,
    trials,
    demand,
    rtts,
    whereabouts,
    doubts,
    directory,
    relays,
  };
}
