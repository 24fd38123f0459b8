import { suggest } from '../base/index.ts';

/** Fewer letters are the beginning of too much. */
const BEGINNING = 3;

/** What a mistyped word was meant to be, as Flux v1 and kubectl say it; nothing when nothing is near. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const letters = word.replace(/^-+/, '').toLowerCase();
  const begun = letters.length >= BEGINNING ? candidates.filter((each) => each.replace(/^-+/, '').startsWith(letters)) : [];
  const near = suggest(word.toLowerCase(), candidates);
  const meant = begun.length > 0 ? begun : near === undefined ? [] : [near];
  return meant.length === 0 ? '' : `\n\nDid you mean this?\n${meant.map((each) => `\t${each}\n`).join('')}`;
}
