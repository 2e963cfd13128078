/** Experimenter ids of the extensions that have tables here, and where those are described. */
export const NICIRA = 0x00002320;
export const ONF_EXPERIMENTER = 0x4f4e4600;
export const OVS = 'Open vSwitch nicira-ext.h';
