/** A network of nodes on this machine, shown at work. */
export { LabError, type LabErrorCode } from './errors.ts';
export type {
  EchoesReport,
  EchoPair,
  FloodBranch,
  FloodTreeReport,
  HealReport,
  LabMode,
  LabNodeReport,
  LabReport,
  LabTimes,
  RingLink,
  RingReport,
} from './report.ts';
export { type LabOptions, runLab } from './run.ts';
