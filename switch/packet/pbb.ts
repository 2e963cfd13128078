/**
 * Provider backbone bridging (IEEE 802.1Q section 9.7): after type 0x88e7 the tag, then the customer's frame.
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-----+-+-+-----+-----------------------------------------------+
 * | PCP |D|U| res |                     I-SID                     |
 * +-----+-+-+-----+-----------------------------------------------+
 * |                customer destination (48 bits)                 |
 * +                               +-------------------------------+
 * |                               |                               |
 * +-------------------------------+                               +
 * |                   customer source (48 bits)                   |
 * +-------------------------------+-------------------------------+
 * |         customer type         |  payload ...
 * +-------------------------------+
 */
export const pbbTagLength = 4;
/** U: the customer's addresses are used; a bit of the tag's first byte. */
export const pbbUca = 0x08;
/** What a frame grows by: type, tag and the customer's addresses. */
export const pbbTotalLength = 18;
