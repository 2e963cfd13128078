import type { OwnCounters } from '../../switch/index.ts';
import { dialUnixPort, EthernetPort, type FramePort, KernelTap, listenUnixPort } from '../tap/index.ts';
import { stableMac } from './datapath-id.ts';
import type { DeviceSpec, PortSpec } from './port-spec.ts';

/** Opens what a port of a bridge is in the outside world. What fails throws an error with a `code`, and nothing is left. */
export type OpenDevice = (bridge: string, spec: PortSpec) => Promise<FramePort>;

type Openers = {
  readonly [K in DeviceSpec['kind']]: (
    device: Extract<DeviceSpec, { kind: K }>,
    name: string,
    mac: Uint8Array,
  ) => Promise<FramePort> | FramePort;
};

/** The largest IP packet that a frame behind a length of two bytes can hold. */
const socketMtu = 65_517;

const openers: Openers = {
  tap: ({ name, mtu, addresses }, _portName, mac) => KernelTap.open({ name, mtu, addresses, mac, offload: 'headed' }),
  eth: ({ name }) => new EthernetPort({ name, offload: 'headed' }),
  unix: ({ path }, name, mac) => dialUnixPort({ name, mac, path, mtu: socketMtu }),
  punix: ({ path }, name, mac) => listenUnixPort({ name, mac, path, mtu: socketMtu }),
};

/** By the adapters of src/tap. */
export const openDevice: OpenDevice = async (bridge, { name, device }) => {
  const open = openers[device.kind] as (device: DeviceSpec, name: string, mac: Uint8Array) => Promise<FramePort>;
  return open(device, name, stableMac('port', bridge, name));
};

/** What controllers see beside the switch's own counters: a super-frame is one frame to a device, and several to the switch. */
export function deviceCounters({ counters: { rxFrames, rxDropped, txFrames, txDropped } }: FramePort): OwnCounters {
  return {
    device_rx_frames: rxFrames,
    device_rx_dropped: rxDropped,
    device_tx_frames: txFrames,
    device_tx_dropped: txDropped,
  };
}
