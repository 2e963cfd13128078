/** The controller: the connection to a switch and the apps that make it part of an overlay; and the one for any switches. */
export { type AclRules, parseAcl } from './acl/parse.ts';
export type { AnnouncementSeal } from './apps/announcement.ts';
export type { Notice } from './apps/app.ts';
export { type Fenced, fencedKinds } from './apps/dhcp-fence.ts';
export type { DirectoryAccess } from './apps/host-directory.ts';
export { type Host, type HostLocation, HostTable } from './apps/hosts.ts';
export {
  defaultStormLimits,
  type StormKind,
  type StormLimits,
  stormKinds,
  stormMeterOf,
} from './apps/storm-control.ts';
export { type UnknownPolicy, unknownPolicies } from './apps/unknown-unicast.ts';
export { type ChannelOptions, type ChannelProblem, SwitchChannel } from './channel.ts';
export { appNames, type ComposeOptions, type Composition, composeController } from './compose.ts';
export { ControllerError, type ControllerErrorCode } from './errors.ts';
export { macBytes } from './mac.ts';
export {
  arriving,
  labelsLength,
  stacked,
  stackOf,
  type TransitLabels,
  tagOf,
  unstacked,
  untagged,
} from './open-vswitch/labelled-frame.ts';
export { OverlayApp, type OverlayAppOptions } from './open-vswitch/overlay-app.ts';
export { OverlayController, type OverlayMembers, type OverlayOptions } from './overlay.ts';
export { defaultOverlaySettings, type OverlaySettings } from './overlay-settings.ts';
export { Cookie, Table } from './pipeline.ts';
export { floodPortName, type PortNames, peerPortName } from './ports.ts';
export type { Connection, Transport } from './runtime/connection.ts';
export { Controller } from './runtime/controller.ts';
export type { ManagedSwitch } from './runtime/switch.ts';
