/** A node's key, the id that follows from it, and the signed envelopes that couriers carry. */
export { type Envelope, type EnvelopeContent, maxEnvelopeBytes, openEnvelope, sealEnvelope } from './envelope.ts';
export { IdentityError, type IdentityErrorCode } from './errors.ts';
export { Identity } from './identity.ts';
