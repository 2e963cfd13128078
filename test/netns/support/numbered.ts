import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Netns } from './netns.ts';

/** What became of numbered datagrams. */
export interface Arrivals {
  readonly sent: number;
  readonly lost: number;
  /** Those that got there, and found the socket full, since the receiver did not get to run. */
  readonly unread: number;
  readonly doubled: number;
  /** Those that came after a later one. */
  readonly late: number;
  /** By how many others the one that was overtaken most was overtaken. */
  readonly mostOvertaken: number;
}

export interface NumberedFlow {
  /** Ends the sender, waits for what is under way, and tells what arrived. */
  stop(): Promise<Arrivals>;
}

const port = 5301;
const underWayMs = 500;

/** Sends as many as are due in every millisecond, so that a late timer leaves no gap in the rate. */
const sender = `
  const [to, perSecond, bytes] = process.argv.slice(1);
  const socket = require('node:dgram').createSocket('udp4');
  const message = Buffer.alloc(Number(bytes));
  const began = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    for (const due = (performance.now() - began) * perSecond / 1000; sent < due; sent++) {
      message.writeUInt32BE(sent);
      socket.send(Buffer.from(message), ${port}, to);
    }
  }, 1);
  process.on('SIGTERM', () => {
    clearInterval(timer);
    socket.close(() => console.log(sent));
  });
`;

const receiver = `
  const socket = require('node:dgram').createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
  const times = new Map();
  let [highest, doubled, late, mostOvertaken] = [-1, 0, 0, 0];
  socket.on('message', (message) => {
    const number = message.readUInt32BE();
    if (times.has(number)) return void doubled++;
    times.set(number, true);
    if (number < highest) {
      late++;
      let overtaken = 0;
      for (let i = number + 1; i <= highest; i++) if (times.has(i)) overtaken++;
      mostOvertaken = Math.max(mostOvertaken, overtaken);
    } else highest = number;
  });
  socket.bind(${port}, process.argv[1], () => console.log('listening'));
  process.on('SIGTERM', () => {
    console.log(JSON.stringify({ received: times.size, doubled, late, mostOvertaken }));
    socket.close();
  });
`;

/** Numbered UDP datagrams at a steady rate from one namespace to `address` in another one. */
export async function startNumbered(
  { from, to, address }: { from: Netns; to: Netns; address: string },
  { perSecond, bytes }: { perSecond: number; bytes: number },
): Promise<NumberedFlow> {
  const unreadBefore = await unreadBy(to);
  const listener = start(to, receiver, address);
  await listener.line();
  const talker = start(from, sender, address, `${perSecond}`, `${bytes}`);
  return {
    stop: async () => {
      const sent = Number(await talker.end());
      await new Promise((resolve) => setTimeout(resolve, underWayMs));
      const { received, ...rest } = JSON.parse(await listener.end());
      const unread = (await unreadBy(to)) - unreadBefore;
      return { sent, lost: sent - received - unread, unread, ...rest };
    },
  };
}

/** Of all UDP in the namespace. */
async function unreadBy(netns: Netns): Promise<number> {
  const [names, values] = (await netns.run('cat', '/proc/net/snmp'))
    .split('\n')
    .filter((line) => line.startsWith('Udp:'));
  return Number(values!.split(' ')[names!.split(' ').indexOf('RcvbufErrors')]);
}

function start(netns: Netns, program: string, ...args: string[]) {
  const command = ['netns', 'exec', netns.name, process.execPath, '-e', program, ...args];
  const child: ChildProcess = spawn('ip', command, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  const line = async (): Promise<string> => String((await once(child.stdout!, 'data'))[0]);
  return {
    line,
    end: async () => {
      const last = line();
      child.kill('SIGTERM');
      const text = await last;
      await exit;
      return text;
    },
  };
}
