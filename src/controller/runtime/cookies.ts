/**
 * Cookies of this controller's rules, by which it knows them again in any switch:
 *
 *      0                   1                   2                   3
 *     +-------------------------------+---------------+---------------+
 *     | 0x524c, "RL"                  | owner         | 0             |
 *     +-------------------------------+---------------+---------------+
 *     | 0                                                             |
 *     +---------------------------------------------------------------+
 */
const tag = 0x524cn << 48n;

export const cookieMask = 0xffffn << 48n;
export const cookieOf = (owner: number): bigint => tag | (BigInt(owner) << 40n);
export const isOurs = (cookie: bigint): boolean => (cookie & cookieMask) === tag;
