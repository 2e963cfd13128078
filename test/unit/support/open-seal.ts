import { type AnnouncementSeal, sealLength } from '../../../src/controller/apps/announcement.ts';

/** For tests of what is announced, not of who may. */
export const openSeal: AnnouncementSeal = { sign: () => new Uint8Array(sealLength), verify: () => true };
