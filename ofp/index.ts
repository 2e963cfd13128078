/** OpenFlow 1.0 to 1.5: messages and their bytes. */
export { decode, encode } from './codec/message.ts';
export * from './constants/choices.ts';
export * from './constants/errors.ts';
export * from './constants/flags.ts';
export * from './constants/limits.ts';
export * from './errors.ts';
export type * from './messages.ts';
export { FrameSplitter } from './splitter.ts';
export { ACTIONS } from './tables/actions.ts';
export { INSTRUCTIONS } from './tables/instructions.ts';
export { MESSAGES } from './tables/messages.ts';
export { MULTIPART_REPLIES, MULTIPART_REQUESTS } from './tables/multipart.ts';
export { OVS_FIELDS, OXM_FIELDS } from './tables/oxm.ts';
export type * from './tables/oxm-types.ts';
export { OXS_FIELDS, type OxsField } from './tables/oxs.ts';
export type { StructInput, StructValue, UnknownTlv } from './tables/schema.ts';
export type * from './tables/values.ts';
export * from './text/index.ts';
