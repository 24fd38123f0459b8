/** One challenge of a `WWW-Authenticate` header (RFC 9110, 11.6.1). */
export interface Challenge {
  /** Lower case: `bearer`, `basic`, … */
  readonly scheme: string;
  /** Parameters by lower-case name. */
  readonly parameters: ReadonlyMap<string, string>;
}

const SEPARATOR = /[\t ,]*/y;
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const VALUE = /[\t ]*=[\t ]*(?:"((?:[^"\\]|\\[\s\S])*)"|([!#$%&'*+.^_`|~0-9A-Za-z/:=-]*))/y;
const MAX_LENGTH = 8192;
const MAX_CHALLENGES = 10;

/** Parses a `WWW-Authenticate` header. Stops silently at invalid syntax; the challenges before it remain usable. */
export function parseChallenges(header: string): readonly Challenge[] {
  const text = header.slice(0, MAX_LENGTH);
  let at = 0;
  const take = (token: RegExp): RegExpExecArray | undefined => {
    token.lastIndex = at;
    const match = token.exec(text);
    if (match) at = token.lastIndex;
    return match ?? undefined;
  };
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  for (;;) {
    take(SEPARATOR);
    const word = take(TOKEN)?.[0].toLowerCase();
    if (word === undefined) return challenges;
    const value = take(VALUE);
    if (!value) {
      if (challenges.length === MAX_CHALLENGES) return challenges;
      challenges.push({ scheme: word, parameters: new Map() });
      continue;
    }
    const parameters = challenges.at(-1)?.parameters;
    if (parameters && !parameters.has(word)) parameters.set(word, value[1]?.replace(/\\([\s\S])/g, '$1') ?? value[2] ?? '');
  }
}
