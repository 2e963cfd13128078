/** What can go wrong with a port or an echo socket, and the way out. `{}` stands for its name or address. */
const REASONS = {
  TAP_NOT_BUILT: 'the native addon is not built for this Node: run npm run build',
  TAP_BAD_NAME: "'{}' cannot be an interface's name: 1 to 15 ASCII characters, none of them a space, '/', ':' or '%'",
  TAP_BAD_ADDRESS: "'{}' is not an address with a prefix length, such as 10.0.0.1/24 or fd00::1/64",
  TAP_NO_DEVICE:
    '/dev/net/tun is missing: run modprobe tun (in a container: pass the device in, --device /dev/net/tun)',
  TAP_NO_PERMISSION: "'{}' needs root or CAP_NET_ADMIN: run with sudo",
  TAP_BUSY: "the name '{}' is in use by another process or kind of interface: choose another name, or end its user",
  TAP_NO_NETNS: "no network namespace at '{}': see ip netns list",
  TAP_NO_IPROUTE2: 'the ip command is missing: apt-get install iproute2',
  TAP_SETUP_FAILED: "cannot set up the interface '{}'",
  TAP_GONE: "the interface '{}' was deleted",
  TAP_FAILED: "'{}' failed",
  ETH_NO_INTERFACE: "there is no interface '{}': see ip link",
  ETH_NOT_ETHERNET: "'{}' is no Ethernet interface, so that it cannot be a port of a bridge: see ip link",
  ETH_NO_PERMISSION: "'{}' needs root or CAP_NET_RAW to be a port of a bridge: run with sudo",
  UNIX_BAD_PATH: "'{}' cannot be the path of a socket: 1 to 107 bytes",
  UNIX_BUSY: "somebody listens on '{}' already, or it is no socket: choose another path",
  UNIX_FAILED: "cannot listen on '{}'",
  ECHO_NO_PERMISSION: 'sending echo requests needs root or CAP_NET_RAW: run with sudo',
  ECHO_BAD_ADDRESS: "'{}' is not a numeric address of this family, or its %interface does not exist",
  ECHO_NOT_SENT: 'no echo request could be sent to {}',
} as const;

export type TapErrorCode = keyof typeof REASONS;

/** One clear line for the user; `code` is stable. */
export class TapError extends Error {
  readonly code: TapErrorCode;

  constructor(code: TapErrorCode, subject = '', detail = '', options?: ErrorOptions) {
    super(REASONS[code].replace('{}', () => subject) + (detail === '' ? '' : `: ${detail}`), options);
    this.name = 'TapError';
    this.code = code;
  }
}

/** A failed system call, as the native addon throws it. */
export interface ErrnoError extends Error {
  /** The errno's name, such as 'EPERM'. */
  readonly code: string;
  /** What was attempted, such as 'TUNSETIFF'. */
  readonly syscall: string;
}

const isErrnoError = (error: unknown): error is ErrnoError =>
  error instanceof Error && 'code' in error && 'syscall' in error;

/** What a failed system call means. The first row that fits counts; no `errno`: any. */
const MEANINGS: readonly { syscall: string; errno?: readonly string[]; code: TapErrorCode }[] = [
  { syscall: 'open /dev/net/tun', errno: ['ENOENT', 'ENODEV', 'ENXIO'], code: 'TAP_NO_DEVICE' },
  { syscall: 'open /dev/net/tun', errno: ['EACCES', 'EPERM'], code: 'TAP_NO_PERMISSION' },
  { syscall: 'TUNSETIFF', errno: ['EPERM'], code: 'TAP_NO_PERMISSION' },
  // EINVAL: an interface of this name exists and is no TAP, or one with other flags (the name itself was checked).
  { syscall: 'TUNSETIFF', errno: ['EBUSY', 'EINVAL', 'EEXIST'], code: 'TAP_BUSY' },
  { syscall: 'open netns', errno: ['EACCES', 'EPERM'], code: 'TAP_NO_PERMISSION' },
  { syscall: 'open netns', code: 'TAP_NO_NETNS' },
  { syscall: 'setns', errno: ['EPERM'], code: 'TAP_NO_PERMISSION' },
  { syscall: 'setns', errno: ['EINVAL'], code: 'TAP_NO_NETNS' },
  { syscall: 'read', errno: ['EBADF', 'EIO'], code: 'TAP_GONE' },
  { syscall: 'SIOCGIFINDEX', errno: ['ENODEV'], code: 'ETH_NO_INTERFACE' },
  { syscall: 'SIOCGIFHWADDR', errno: ['EINVAL'], code: 'ETH_NOT_ETHERNET' },
  { syscall: 'packet socket', errno: ['EACCES', 'EPERM'], code: 'ETH_NO_PERMISSION' },
  { syscall: 'socket', errno: ['EACCES', 'EPERM'], code: 'ECHO_NO_PERMISSION' },
  { syscall: 'address', code: 'ECHO_BAD_ADDRESS' },
  { syscall: 'sendto', code: 'ECHO_NOT_SENT' },
];

/** Turns what the addon threw about `name` (an interface or address), wanted in `netns`, into a TapError. */
export function explain(error: unknown, name: string, netns = ''): TapError {
  if (error instanceof TapError) return error;
  if (!isErrnoError(error)) return new TapError('TAP_FAILED', name, String(error), { cause: error });
  const { code: errno, syscall } = error;
  const row = MEANINGS.find((row) => row.syscall === syscall && (row.errno?.includes(errno) ?? true));
  const hasDetail = row === undefined || row.code === 'ECHO_NOT_SENT';
  const subject = row?.code === 'TAP_NO_NETNS' ? netns : name;
  return new TapError(row?.code ?? 'TAP_FAILED', subject, hasDetail ? error.message : '', { cause: error });
}
