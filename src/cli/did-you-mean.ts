import { suggest } from '../base/index.ts';

/** Shorter words match too many candidates. */
const BEGINNING = 3;

/** Suggestions for a mistyped word, worded as in Flux v1 and kubectl; empty when no candidate is close. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const letters = word.replace(/^-+/, '').toLowerCase();
  const begun = letters.length >= BEGINNING ? candidates.filter((each) => each.replace(/^-+/, '').startsWith(letters)) : [];
  const near = suggest(word.toLowerCase(), candidates);
  const meant = begun.length > 0 ? begun : near === undefined ? [] : [near];
  return meant.length === 0 ? '' : `\n\nDid you mean this?\n${meant.map((each) => `\t${each}\n`).join('')}`;
}
