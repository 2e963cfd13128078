import type { MessageType } from '../messages.ts';

/** Who sends a type of message; experimenter, bundle control and the symmetric ones (spec 1.3 6.1.3) go both ways. */
const TO_SWITCH: ReadonlySet<MessageType> = new Set<MessageType>([
  'featuresRequest',
  'getConfigRequest',
  'setConfig',
  'packetOut',
  'flowMod',
  'groupMod',
  'portMod',
  'tableMod',
  'meterMod',
  'multipartRequest',
  'barrierRequest',
  'queueGetConfigRequest',
  'roleRequest',
  'getAsyncRequest',
  'setAsync',
  'bundleAddMessage',
  'flowMonitorCancel',
  'nxSetFlowFormat',
  'nxSetPacketInFormat',
  'nxFlowModTableId',
  'nxFlowMod',
  'nxFlowAge',
  'nxSetControllerId',
  'nxRoleRequest',
  'nxSetAsyncConfig',
  'nxTlvTableMod',
  'nxTlvTableRequest',
  'nxResume',
  'nxCtFlushZone',
]);
const TO_CONTROLLER: ReadonlySet<MessageType> = new Set<MessageType>([
  'featuresReply',
  'getConfigReply',
  'packetIn',
  'flowRemoved',
  'portStatus',
  'multipartReply',
  'barrierReply',
  'queueGetConfigReply',
  'roleReply',
  'getAsyncReply',
  'roleStatus',
  'tableStatus',
  'requestForward',
  'controllerStatus',
  'flowMonitorPaused',
  'flowMonitorResumed',
  'nxFlowRemoved',
  'nxPacketIn',
  'nxPacketIn2',
  'nxRoleReply',
  'nxTlvTableReply',
]);

/** What the side never gets from a peer that keeps to the protocol. */
export const NEVER_RECEIVED = { switch: TO_CONTROLLER, controller: TO_SWITCH } as const;

/** What a controller in the slave role may not do (spec 1.3 6.3.4). */
export const REFUSED_TO_SLAVES: ReadonlySet<MessageType> = new Set<MessageType>([
  'packetOut',
  'flowMod',
  'groupMod',
  'portMod',
  'tableMod',
  'meterMod',
  'bundleAddMessage',
  'nxFlowMod',
]);
