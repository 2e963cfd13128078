/**
 * The control socket: one request, a line of JSON, and one answer, a line of JSON. What an answer announces as ongoing follows
 * it as plain bytes until either side closes.
 *
 *     {"ask":"status"}                      {"ok":true,"of":"bridge","data":{...}}
 *     {"ask":"passwords"}                   {"ok":false,"message":"ask one of status, ports"}
 *     {"ask":"capture","port":"tap0"}       {"ok":true,"of":"bridge","data":{...}}  bytes ...
 */

/** What answers: they have questions in common, and answer each in its own way. */
export type Kind = 'node' | 'bridge' | 'controller';

/** `ask` names the question; the others are its arguments. */
export interface Request {
  readonly ask: string;
  readonly [argument: string]: unknown;
}

export type Answer =
  | { readonly ok: true; readonly of: Kind; readonly data: unknown }
  | { readonly ok: false; readonly message: string };
