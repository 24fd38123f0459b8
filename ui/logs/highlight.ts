/** A part of a text, and whether it is what was searched for. */
export interface Part {
  readonly text: string;
  readonly isMatch: boolean;
}

/** Parts that are marked in one line. */
const MAX_MATCHES = 200;

/** A text in parts, without regard to case. */
export function highlight(text: string, wanted: string): readonly Part[] {
  const lower = text.toLowerCase();
  const needle = wanted.toLowerCase();
  // A few letters have more than one in lower case, which moves all that follow.
  if (needle === '' || lower.length !== text.length) return [{ text, isMatch: false }];
  const parts: Part[] = [];
  let from = 0;
  for (let at = lower.indexOf(needle); at !== -1 && parts.length < MAX_MATCHES; at = lower.indexOf(needle, from)) {
    if (at > from) parts.push({ text: text.slice(from, at), isMatch: false });
    from = at + needle.length;
    parts.push({ text: text.slice(at, from), isMatch: true });
  }
  return from < text.length || parts.length === 0 ? [...parts, { text: text.slice(from), isMatch: false }] : parts;
}
