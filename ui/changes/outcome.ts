import { type Answer, UNREADABLE } from '../api/answer.ts';

/** What came of an act. */
export type Outcome =
  | {
      readonly kind: 'done';
      readonly text: string;
      readonly revision?: string;
      /** Where it waits to be merged. */
      readonly pullRequests?: readonly { readonly name: string; readonly url?: string }[];
    }
  | Failure;

export type Failure =
  | { readonly kind: 'failed'; readonly text: string; readonly help?: string }
  /** The answer was lost: it may have been done. It is not asked for again by itself. */
  | { readonly kind: 'unknown' };

/** fluxd that answers that it cannot now has not done it. */
export function failureOf(answer: Exclude<Answer<unknown>, { readonly kind: 'ok' }>): Failure {
  if (!answer.problem || answer.problem.code === UNREADABLE.code) return { kind: 'unknown' };
  return { kind: 'failed', text: answer.problem.detail, ...helpOf(answer.problem.help) };
}

export function helpOf(help: string | undefined) {
  return help === undefined ? {} : { help };
}
