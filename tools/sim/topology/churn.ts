import type { ChurnResult } from './experiment.ts';
import { hopsBetween, pick } from './measure.ts';
import type { Stage } from './stage.ts';

const joinEveryMs = 2_000;
/** Exponential: the median is ln 2 of it. */
const meanLifeMs = 300_000 / Math.LN2;
const messageEveryMs = 10_000;

/** CLOAK's section V: 30 nodes a minute join, lives have a median of 300 s, and each sends a message every 10 s. */
export function comeAndGo(stage: Stage, kind: ChurnResult['kind']): ChurnResult {
  const { net, random } = stage;
  const { churnMinutes: minutes } = stage.experiment;
  const end = net.clock.now() + minutes * 60_000;
  const later = (ms: number) => net.clock.now() - Math.log(1 - random()) * ms;
  const deaths = new Map(net.alive.map((node) => [node, later(meanLifeMs)]));
  const sends = new Map(net.alive.map((node) => [node, net.clock.now() + random() * messageEveryMs]));
  let [nextJoin, messages, delivered] = [later(joinEveryMs), 0, 0];
  for (let now = net.clock.now(); now < end; now = net.clock.now()) {
    net.run(50);
    if (now >= nextJoin) {
      const node = net.join(stage.nextId());
      nextJoin = later(joinEveryMs);
      deaths.set(node, later(meanLifeMs));
      sends.set(node, now + messageEveryMs);
    }
    for (const [node, at] of deaths) {
      if (now < at) continue;
      deaths.delete(node);
      sends.delete(node);
      if (kind === 'dying') net.crash(node);
      else net.leave(node);
    }
    const settled = [...sends.keys()].filter(
      ({ firstLinkAt }) => firstLinkAt !== undefined && now - firstLinkAt > 1_000,
    );
    for (const [node, at] of sends) {
      if (now < at || settled.length < 2) continue;
      sends.set(node, at + messageEveryMs);
      const target = pick(settled, random);
      if (target === node) continue;
      messages += 1;
      if (hopsBetween(net, node.id, target.id) !== undefined) delivered += 1;
    }
  }
  net.run(3_000);
  return { kind, minutes, messages, delivered };
}
