/** The controller: the connection to a switch, and the app that makes it part of an overlay. */
export { type ChannelOptions, type ChannelProblem, SwitchChannel } from './channel.ts';
export { type Host, type HostLocation, HostTable } from './hosts.ts';
export { OverlayController, type OverlayCounters, type OverlayOptions } from './overlay.ts';
export { floodPortName, isPeerPortName, peerPortName } from './ports.ts';
