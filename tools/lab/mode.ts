/** What a lab in namespaces needs, as found on this machine. */
export interface MachineFacts {
  readonly isRoot: boolean;
  /** Effective capabilities, a bit each (capability.h). */
  readonly capabilities: bigint;
  readonly hasTun: boolean;
  readonly hasIp: boolean;
}

interface Requirement {
  readonly met: (facts: MachineFacts) => boolean;
  readonly lacking: string;
  readonly wayOut: string;
}

const can = (facts: MachineFacts, capability: number) => ((facts.capabilities >> BigInt(capability)) & 1n) === 1n;
const capNetAdmin = 12;
const capNetRaw = 13;
const capSysAdmin = 21;

const requirements: readonly Requirement[] = [
  { met: (facts) => facts.isRoot, lacking: 'not root', wayOut: 'run it with sudo' },
  {
    met: (facts) => !facts.isRoot || [capNetAdmin, capNetRaw, capSysAdmin].every((bit) => can(facts, bit)),
    lacking: 'root, but without CAP_NET_ADMIN, CAP_NET_RAW or CAP_SYS_ADMIN',
    wayOut: 'start the container with --privileged',
  },
  {
    met: ({ hasTun }) => hasTun,
    lacking: 'no /dev/net/tun',
    wayOut: 'modprobe tun, or start the container with --device /dev/net/tun',
  },
  { met: ({ hasIp }) => hasIp, lacking: 'no ip command', wayOut: 'apt-get install iproute2' },
];

/** What stands against a lab in namespaces, each with the way out; empty: nothing. */
export function obstacles(facts: MachineFacts): string[] {
  return requirements.filter(({ met }) => !met(facts)).map(({ lacking, wayOut }) => `${lacking} (${wayOut})`);
}

/** `CapEff:` in /proc/self/status. */
export function effectiveCapabilities(procStatus: string): bigint {
  const digits = /^CapEff:\s*([0-9a-f]+)$/m.exec(procStatus)?.[1];
  return digits === undefined ? 0n : BigInt(`0x${digits}`);
}
