import { type FluxError, firstOf } from '../../../base/index.ts';
import type { Finding } from '../answer.ts';

/** Recognises one situation; undefined if it is another one. */
export type Rule<T> = (about: T) => Finding | undefined;

/** The finding of the first rule that recognises the situation; without one, all is well. */
export function find<T>(rules: readonly Rule<T>[], about: T, otherwise: Finding): Finding {
  return firstOf(rules, (rule) => rule(about)) ?? otherwise;
}

/** Limit of one text, so that an answer fits on a screen. */
const MAX_TEXT = 400;

/** A text on one line, as the end of a sentence. */
export function clause(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > MAX_TEXT ? `${line.slice(0, MAX_TEXT).toWellFormed()}…` : line;
}

/** What an error advises to do. */
export function advised({ help }: Pick<FluxError, 'help'>): Pick<Finding, 'next'> {
  return help === undefined ? {} : { next: { text: clause(help) } };
}

/** The first characters of a revision. */
export function short(revision: string): string {
  return revision.slice(0, 7);
}

/** What the server said about a push that it rejected: `! main [remote rejected] (protected branch hook declined)`. */
export function refusalIn(message: string): string {
  const reason = /\[(?:remote )?rejected\][^\n(]*\(([^\n]+)\)/.exec(message)?.[1];
  return clause(reason ?? message.replace(/, full output:[\s\S]*$/, ''));
}
