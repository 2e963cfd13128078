/** Capture files: reading both formats, writing the classic one. */
export { PcapError, type PcapErrorCode } from './errors.ts';
export type { CapturedFrame } from './frame.ts';
export { readCapture } from './read.ts';
export { captureHeader, captureRecord } from './write.ts';
