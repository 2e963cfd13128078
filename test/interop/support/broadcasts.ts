import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LabHost, OvsLab } from './ovs-lab.ts';

const everybody = '10.50.255.255';
/** Broadcasts a second. */
export const rate = 50;

/** What a host hears of broadcast echo requests: their numbers, as they come. */
class Ears {
  readonly heard: number[] = [];
  readonly #child;

  constructor({ netns }: LabHost) {
    const filter = ['icmp', 'and', 'dst', everybody];
    this.#child = spawn('ip', [
      'netns',
      'exec',
      netns.name,
      'tcpdump',
      '-n',
      '-l',
      '--immediate-mode',
      '-i',
      'eth0',
      ...filter,
    ]);
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      for (const [, number] of text.matchAll(/seq (\d+)/g)) this.heard.push(Number(number));
    });
  }

  async stop(): Promise<void> {
    this.#child.kill();
    await once(this.#child, 'close');
  }
}

/** Sends broadcasts from a host of a lab while `during` goes on; their numbers as each other host heard them. */
export async function broadcasts(
  lab: OvsLab,
  seconds: number,
  during: () => Promise<void>,
  sender = lab.hosts[0]!,
): Promise<number[][]> {
  const others = lab.hosts.filter((host) => host !== sender);
  const ears = others.map((host) => new Ears(host));
  await sleep(1500);
  const sending = sender.netns.run(
    'ping',
    '-b',
    '-n',
    '-q',
    '-i',
    String(1 / rate),
    '-c',
    String(seconds * rate),
    '-W',
    '1',
    everybody,
  );
  await Promise.all([sending.catch(() => {}), during()]);
  await sleep(500);
  await Promise.all(ears.map((each) => each.stop()));
  return ears.map(({ heard }) => heard);
}
