/**
 * MPLS label stack entry (RFC 3032); the last one of the stack has S set.
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---------------------------------------+-----+-+---------------+
 * |                 label                 | TC  |S|      TTL      |
 * +---------------------------------------+-----+-+---------------+
 */
export const mplsEntryLength = 4;
/** S, in the entry as a number. */
export const mplsBottom = 0x100;
