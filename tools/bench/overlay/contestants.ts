import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Daemons } from '../daemons.ts';
import type { Hosts } from '../hosts.ts';

/** Two hosts on an underlay, each with daemons of its own. */
export interface Pair {
  readonly hosts: Hosts;
  readonly a: Daemons;
  readonly b: Daemons;
}

/** A way from one host to the other. */
export interface Contestant {
  /** Programs that it takes. */
  readonly programs: readonly string[];
  /** Brings it up and resolves to the address of b on it. */
  join(pair: Pair): Promise<string>;
}

const ringlet = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url));
const overlayAddress = { a: '10.99.0.1', b: '10.99.0.2' } as const;
const ends = [
  ['a', 'b'],
  ['b', 'a'],
] as const;

const bareVeth: Contestant = {
  programs: [],
  join: async ({ hosts }) => hosts.addresses.b,
};

const vxlan: Contestant = {
  programs: [],
  join: async ({ hosts }) => {
    for (const [end, other] of ends) {
      const { [end]: local, [other]: remote } = hosts.addresses;
      await hosts.ip(
        hosts[end],
        `link add vx0 type vxlan id 7 dstport 4789 local ${local} remote ${remote} dev eth0`,
        `address add ${overlayAddress[end]}/24 dev vx0`,
        'link set vx0 up',
      );
    }
    return overlayAddress.b;
  },
};

const ours: Contestant = {
  programs: [],
  join: async (pair) => {
    const at = `${pair.hosts.addresses.b}:7788`;
    await pair.b.start(/Ctrl-C/, process.execPath, ringlet, 'rendezvous', '--listen', at);
    for (const [end] of ends) {
      const place = ['--name', end, '--rendezvous', `ws://${at}`, '--address', `${overlayAddress[end]}/24`];
      await pair[end].start(/Ctrl-C/, process.execPath, ringlet, 'up', '--log-level', 'warn', ...place);
    }
    return overlayAddress.b;
  },
};

const tinc: Contestant = {
  programs: ['tincd'],
  join: async (pair) => {
    for (const [end, other] of ends) {
      const { folder } = pair[end];
      mkdirSync(join(folder, 'hosts'));
      const lines = [`Name=${end}`, 'Mode=switch', 'DeviceType=tap', 'Interface=tinc0', `ConnectTo=${other}`];
      writeFileSync(join(folder, 'tinc.conf'), `${lines.join('\n')}\n`);
      const up = `#!/bin/sh\nip link set tinc0 up\nip address add ${overlayAddress[end]}/24 dev tinc0\n`;
      writeFileSync(join(folder, 'tinc-up'), up);
      chmodSync(join(folder, 'tinc-up'), 0o755);
      writeFileSync(join(folder, 'hosts', end), `Address=${pair.hosts.addresses[end]}\nPort=655\n`);
      await pair[end].run('sh', '-c', `yes '' | tincd -c ${folder} -K2048`);
    }
    for (const [end, other] of ends)
      copyFileSync(join(pair[end].folder, 'hosts', end), join(pair[other].folder, 'hosts', end));
    for (const [end] of ends) {
      const { folder } = pair[end];
      await pair[end].start(/Ready/, 'tincd', '-D', '-c', folder, `--pidfile=${join(folder, 'pid')}`);
    }
    return overlayAddress.b;
  },
};

const n2n: Contestant = {
  programs: ['edge', 'supernode'],
  join: async (pair) => {
    await pair.b.start(/./, 'supernode', '-l', '7654');
    const supernode = `${pair.hosts.addresses.b}:7654`;
    for (const [end] of ends) {
      const flags = ['-d', 'n2n0', '-c', 'bench', '-k', 'secret', '-a', overlayAddress[end], '-l', supernode];
      await pair[end].start(/./, 'edge', ...flags);
    }
    return overlayAddress.b;
  },
};

const wireguard: Contestant = {
  programs: ['wireguard-go', 'wg'],
  join: async (pair) => {
    const keys = { a: '', b: '' };
    for (const [end] of ends) {
      const key = join(pair[end].folder, 'key');
      await pair[end].run('sh', '-c', `umask 077; wg genkey > ${key}`);
      keys[end] = (await pair[end].run('sh', '-c', `wg pubkey < ${key}`)).trim();
      await pair[end].start(/UAPI listener started/, 'env', 'LOG_LEVEL=verbose', 'wireguard-go', '-f', `wgbench${end}`);
    }
    for (const [end, other] of ends) {
      const name = `wgbench${end}`;
      const peer = ['peer', keys[other], 'allowed-ips', `${overlayAddress[other]}/32`];
      const own = ['private-key', join(pair[end].folder, 'key'), 'listen-port', '51820'];
      await pair[end].run('wg', 'set', name, ...own, ...peer, 'endpoint', `${pair.hosts.addresses[other]}:51820`);
      await pair.hosts.ip(pair.hosts[end], `address add ${overlayAddress[end]}/24 dev ${name}`, `link set ${name} up`);
    }
    return overlayAddress.b;
  },
};

const nebula: Contestant = {
  programs: ['nebula', 'nebula-cert'],
  join: async (pair) => {
    const { folder } = pair.a;
    await pair.a.run('sh', '-c', `cd ${folder} && nebula-cert ca -name bench`);
    const places = ends.map(([end]) => `"${overlayAddress[end]}": ["${pair.hosts.addresses[end]}:4242"]`);
    for (const [end] of ends) {
      await pair.a.run('sh', '-c', `cd ${folder} && nebula-cert sign -name ${end} -ip ${overlayAddress[end]}/24`);
      const file = join(folder, `${end}.yml`);
      const any = '[{port: any, proto: any, host: any}]';
      writeFileSync(
        file,
        [
          `pki: {ca: ${folder}/ca.crt, cert: ${folder}/${end}.crt, key: ${folder}/${end}.key}`,
          `static_host_map: {${places.join(', ')}}`,
          'lighthouse: {am_lighthouse: false}',
          'listen: {host: 0.0.0.0, port: 4242}',
          'cipher: aes',
          'tun: {dev: neb0, mtu: 1300}',
          `firewall: {outbound: ${any}, inbound: ${any}}`,
        ].join('\n'),
      );
      await pair[end].start(/Nebula interface is active/, 'nebula', '-config', file);
    }
    return overlayAddress.b;
  },
};

const openvpn: Contestant = {
  programs: ['openvpn', 'openssl'],
  join: async (pair) => {
    const prints = { a: '', b: '' };
    for (const [end] of ends) {
      const { folder } = pair[end];
      const key = `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=${end}`;
      await pair[end].run('sh', '-c', `${key} -keyout ${folder}/key -out ${folder}/cert 2>&1`);
      const print = await pair[end].run(
        'openssl',
        'x509',
        '-in',
        `${folder}/cert`,
        '-noout',
        '-fingerprint',
        '-sha256',
      );
      prints[end] = print.trim().split('=')[1]!;
    }
    const roles = { a: ['--tls-client', '--remote', pair.hosts.addresses.b], b: ['--tls-server', '--dh', 'none'] };
    for (const [end, other] of ends) {
      const { folder } = pair[end];
      const device = ['--dev', 'ovpn0', '--dev-type', 'tap', '--ifconfig', overlayAddress[end], '255.255.255.0'];
      const keys = ['--cert', `${folder}/cert`, '--key', `${folder}/key`, '--peer-fingerprint', prints[other]];
      const cipher = ['--data-ciphers', 'AES-128-GCM', '--proto', 'udp4'];
      await pair[end].start(/OpenVPN/, 'openvpn', ...device, ...roles[end], ...keys, ...cipher);
    }
    return overlayAddress.b;
  },
};

export const contestants: Readonly<Record<string, Contestant>> = {
  'bare veth pair': bareVeth,
  'kernel VXLAN, not encrypted': vxlan,
  Ringlet: ours,
  'tinc, switch mode': tinc,
  n2n,
  'OpenVPN, TAP, AES-128-GCM': openvpn,
  'Nebula, AES': nebula,
  'wireguard-go': wireguard,
};
