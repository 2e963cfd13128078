/** Capture files: reading and writing both formats. */
export { PcapError, type PcapErrorCode } from './errors.ts';
export type { CapturedFrame } from './frame.ts';
export { readCapture } from './read.ts';
export { captureHeader, captureRecord } from './write.ts';
export { type NgPacket, pcapngInterface, pcapngPacket, pcapngSection } from './write-ng.ts';
