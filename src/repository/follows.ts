/** What a source follows, in a sentence: a branch has no spaces in its name; a tag or commit is described in words already. */
export function followsInWords(follows: string): string {
  return isBranch(follows) ? `branch ${follows}` : follows;
}

export function isBranch(follows: string): boolean {
  return !follows.includes(' ');
}
