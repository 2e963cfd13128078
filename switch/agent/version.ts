/** OpenFlow 1.3, as on the wire. */
export const agentVersion = 4;
