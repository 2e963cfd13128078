/** Parts that configurations have in common. */
import { z } from 'zod';

/** What tools call whoever runs. */
export const label = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, 'letters, digits, dots, dashes and underscores, 63 at most');

/** A text that a parser of ours reads; what it throws is for the user. */
export function parsed<T>(parse: (text: string) => T) {
  return z.string().transform((text, context) => {
    try {
      return parse(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
      return z.NEVER;
    }
  });
}
