import { execFile } from 'node:child_process';
import { isIP } from 'node:net';
import { TapError } from './errors.ts';

export interface LinkSettings {
  mac: Uint8Array;
  mtu: number;
  /** With prefix length: '10.0.0.1/24', 'fd00::1/64'. */
  addresses: readonly string[];
}

/**
 * Gives an interface its MAC, MTU and addresses, and sets it up, in one run of ip(8). `netns`: path of the namespace
 * that it is in. Throws TAP_BAD_ADDRESS, TAP_NO_PERMISSION, TAP_NO_IPROUTE2 or TAP_SETUP_FAILED.
 */
export async function setUpLink(name: string, settings: LinkSettings, netns?: string): Promise<void> {
  const mac = Buffer.from(settings.mac).toString('hex').match(/../g)?.join(':');
  const lines = [
    `link set dev ${name} address ${mac} mtu ${settings.mtu} up`,
    ...settings.addresses.map((address) => addAddress(name, address)),
  ];
  await runBatch(lines, name, netns);
}

function addAddress(name: string, address: string): string {
  const [ip = '', prefix = ''] = address.split('/', 2);
  const family = isIP(ip);
  const longest = family === 4 ? 32 : 128;
  if (family === 0 || !/^\d{1,3}$/.test(prefix) || Number(prefix) > longest || ip.includes('%')) {
    throw new TapError('TAP_BAD_ADDRESS', address);
  }
  // Duplicate address detection would hold an IPv6 address back for a second, and floods the overlay while it forms.
  return `address add ${ip}/${prefix} dev ${name}${family === 6 ? ' nodad' : ''}`;
}

/** The exit code of nsenter(1) when it finds no such program. */
const NOT_FOUND = 127;

function runBatch(lines: readonly string[], name: string, netns: string | undefined): Promise<void> {
  const [program = '', ...args] = [...(netns === undefined ? [] : ['nsenter', `--net=${netns}`]), 'ip', '-batch', '-'];
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { env: withSbin() }, (cause, _stdout, stderr) => {
      if (cause === null) return resolve();
      if (cause.code === 'ENOENT' || cause.code === NOT_FOUND)
        return reject(new TapError('TAP_NO_IPROUTE2', '', '', { cause }));
      if (/Operation not permitted/.test(stderr)) return reject(new TapError('TAP_NO_PERMISSION', name, '', { cause }));
      const [line = cause.message] = stderr.trim().split('\n');
      reject(new TapError('TAP_SETUP_FAILED', name, line, { cause }));
    });
    // The program may end before it has read its input; its exit code tells why.
    child.stdin?.on('error', () => {});
    child.stdin?.end(`${lines.join('\n')}\n`);
  });
}

/** Where Debian has ip(8), which is not in every user's PATH. */
const withSbin = () => ({ ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin`, LC_ALL: 'C' });
