/**
 * Cookies of this controller's rules, by which it knows them again in any switch:
 *
 *      0                   1                   2                   3
 *     +-------------------------------+---------------+---------------+
 *     | 0x524c, "RL"                  | owner         |               |
 *     +-------------------------------+---------------+---------------+
 *     | what the owner tells them apart by                            |
 *     +---------------------------------------------------------------+
 */
const tag = 0x524cn << 48n;

export const cookieMask = 0xffffn << 48n;
/** `mark`: 40 bits of the owner's own. */
export const cookieOf = (owner: number, mark = 0n): bigint => tag | (BigInt(owner) << 40n) | mark;
/** The cookie of the same owner without a mark. */
export const unmarked = (cookie: bigint): bigint => (cookie >> 40n) << 40n;
export const markOf = (cookie: bigint): bigint => BigInt.asUintN(40, cookie);
export const isOurs = (cookie: bigint): boolean => (cookie & cookieMask) === tag;
