import { type Action, type Instruction, type OxmField, PortNo } from '../../../ofp/index.ts';
import { apply, Cookie, inPort, markAs, output, type Rule, switchIdBits, Table } from '../pipeline.ts';
import type { Way } from '../routes.ts';
import type { App, AppReach } from './app.ts';
import type { LinkLimiter } from './link-limits.ts';
import { NextHopGroups } from './next-hop-groups.ts';

/** What ways have in common that lead by the same next hops: a node has many ways and few of these. */
interface Course extends Pick<Way, 'mark' | 'nextMark' | 'ports'> {
  readonly action: Action;
  readonly instructions: readonly Instruction[];
  /** Of frames that came by the next hop itself; undefined where none of them goes back. */
  readonly back: readonly Instruction[] | undefined;
}

/** By mark and bits, then by target. */
type Courses = ReadonlyMap<number, ReadonlyMap<bigint, Course>>;

/** `overlay-routing`: a frame for another switch leaves by the link to the next hop. */
export class OverlayRouting implements App {
  readonly counters = {};
  readonly #reach: AppReach;
  readonly #limits: LinkLimiter;
  readonly #groups: NextHopGroups;
  #held: Courses = new Map();
  /** Those that are held, each once, so that who has the same one has the same rules. */
  #courses: ReadonlyMap<string, Course> = new Map();
  #isSwept = true;

  constructor(reach: AppReach, limits: LinkLimiter) {
    this.#reach = reach;
    this.#limits = limits;
    this.#groups = new NextHopGroups(reach.send);
    reach.rules.include(() => allRules(this.#held));
  }

  /** What sends a frame with this tunnel id on its way; undefined: there is none, or a detour only. */
  actionTo(switchId: bigint): Action | undefined {
    const course = this.#held.get(kindOf(0, switchIdBits))?.get(switchId);
    return course?.nextMark === 0 ? course.action : undefined;
  }

  connected(): void {
    this.#groups.renew();
  }

  routed(ways: readonly Way[]): void {
    const held = new Map<number, Map<bigint, Course>>();
    const courses = new Map<string, Course>();
    const come: Rule[] = [];
    const gone: Rule[] = [];
    this.#groups.startOver();
    for (const way of ways) {
      const course = this.#courseOf(this.#limits.areSet ? oneHop(way) : way, courses);
      const kind = kindOf(way.mark, way.bits);
      const ofKind = held.get(kind) ?? new Map<bigint, Course>();
      held.set(kind, ofKind.set(way.target, course));
      const before = this.#held.get(kind)?.get(way.target);
      if (before === course) continue;
      come.push(...rulesOf(way, course));
      // Its other rule is in the place of what was there.
      const staysBack = course.back !== undefined && course.ports[0] === before?.ports[0];
      if (before?.back !== undefined && !staysBack) gone.push(backRule(way, before, before.back));
    }
    for (const [kind, targets] of this.#held) {
      const left = held.get(kind);
      for (const [target, course] of targets) {
        if (!left?.has(target)) gone.push(...rulesOf({ target, bits: bitsOf(kind) }, course));
      }
    }
    this.#held = held;
    this.#courses = courses;
    this.#reach.rules.change(come, gone);
    this.#isSwept = false;
  }

  /** Groups go when the rules of all apps that used them are gone. */
  tick(): void {
    if (this.#isSwept) return;
    this.#isSwept = true;
    this.#groups.sweep();
  }

  #courseOf(way: Way, courses: Map<string, Course>): Course {
    const { mark, nextMark, ports, spare } = way;
    const key = `${mark}>${nextMark}/${ports.join()}/${spare ?? ''}`;
    const known = courses.get(key);
    if (known !== undefined) return known;
    const action = this.#groups.action(way);
    const course = this.#courses.get(key) ?? this.#newCourse(way, action);
    courses.set(key, course);
    return course;
  }

  #newCourse({ mark, nextMark, ports }: Way, action: Action): Course {
    const meter = this.#limits.areSet ? this.#limits.meter(ports[0]!) : [];
    const base = { mark, nextMark, ports, action };
    if (nextMark === mark) return { ...base, instructions: [...meter, apply(action)], back: undefined };
    const ahead = (next: Action) => [...meter, apply(markAs(nextMark), next)];
    // The detour may begin with the way back.
    return { ...base, instructions: ahead(action), back: ahead(output(PortNo.IN_PORT)) };
  }
}

function kindOf(mark: number, bits: number): number {
  return mark * 2 * switchIdBits + bits;
}

function bitsOf(kind: number): number {
  return kind % (2 * switchIdBits);
}

type Target = Pick<Way, 'target' | 'bits'>;

function* allRules(held: Courses): Iterable<Rule> {
  for (const [kind, targets] of held) {
    for (const [target, course] of targets) yield* rulesOf({ target, bits: bitsOf(kind) }, course);
  }
}

function rulesOf(to: Target, course: Course): Rule[] {
  const { instructions, back } = course;
  const rule = { ...ruleBase(to), match: matchOf(to, course), instructions };
  return back === undefined ? [rule] : [backRule(to, course, back), rule];
}

function backRule(to: Target, course: Course, instructions: readonly Instruction[]): Rule {
  const base = ruleBase(to);
  const match = [inPort(course.ports[0]!), ...matchOf(to, course)];
  return { ...base, priority: base.priority + switchIdBits, match, instructions };
}

function ruleBase({ target, bits }: Target) {
  return { table: Table.transit, cookie: bits === switchIdBits ? target : Cookie.area, priority: bits };
}

function matchOf({ target, bits }: Target, { mark }: Course): OxmField[] {
  return [{ field: 'pkt_mark', value: mark }, tunnelId(target, bits)];
}

/** Each link has its own limit, which only a rule can have, and no bucket. */
function oneHop(way: Way): Way {
  const { target, ports } = way;
  return { ...way, ports: [ports[Number(target % BigInt(ports.length))]!], spare: undefined };
}

function tunnelId(value: bigint, bits: number): OxmField {
  if (bits === switchIdBits) return { field: 'tunnel_id', value };
  return { field: 'tunnel_id', value, mask: BigInt.asUintN(switchIdBits, -1n << BigInt(switchIdBits - bits)) };
}
