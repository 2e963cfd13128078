/** Asking a live controller: the light part of this folder's face. It loads nothing heavy, so that commands answer at once. */
export type * from './report.ts';
