import { Daemons } from '../daemons.ts';
import type { Hosts } from '../hosts.ts';
import type { Contestant } from './contestants.ts';

export interface Figures {
  /** Mbit/s of one TCP stream. */
  readonly tcp: number;
  /** TCP segments that were sent again, for each Gbit. */
  readonly resent: number;
  /** Seconds of processor time of the programs at both ends, for each Gbit of that stream. */
  readonly cpu: number;
  /** Thousands of 64-byte frames a second that arrive. */
  readonly small: number;
  /** The same of IP packets of 1,300 bytes, which every contestant carries in one piece. */
  readonly large: number;
  /** Round trips in ms. */
  readonly p50: number;
  readonly p99: number;
}

const largeDatagram = 1300 - 20 - 8;
const upSeconds = 20;

export async function measure(hosts: Hosts, contestant: Contestant, seconds: number): Promise<Figures> {
  const [a, b] = [new Daemons(hosts.a), new Daemons(hosts.b)];
  try {
    await hosts.joinByVeth(true);
    const to = await contestant.join({ hosts, a, b });
    await hosts.areJoined(to, upSeconds);
    const used = () => a.processorSeconds + b.processorSeconds;
    const before = used();
    const { sum_received: received, sum_sent: sent } = await hosts.iperf(['-t', `${seconds}`], to);
    const gigabits = ((received?.bytes ?? 0) * 8) / 1e9;
    const cpu = (used() - before) / gigabits;
    const tcp = (received?.bits_per_second ?? 0) / 1e6;
    const small = await hosts.smallFrames(seconds, to);
    const large = await hosts.datagrams(largeDatagram, seconds, to);
    const times = await hosts.roundTrips(seconds, to);
    const at = (share: number) => times[Math.floor(share * times.length)] ?? Number.NaN;
    return { tcp, resent: (sent?.retransmits ?? 0) / gigabits, cpu, small, large, p50: at(0.5), p99: at(0.99) };
  } finally {
    await Promise.all([a.end(), b.end()]);
    await hosts.part();
  }
}
