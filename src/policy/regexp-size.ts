/**
 * Estimates how many instructions a regular expression in RE2's syntax compiles to, from its text alone: counted repetitions multiply
 * their operand, so that forty characters can require a million. Too high if `\Q…\E` quotes a repetition, but never far too low.
 */
export function estimateRegexpSize(body: string): number {
  /** Sizes of the open groups, the whole expression first; the last atom is kept apart, since a repetition may follow. */
  const open: { size: number; atom: number }[] = [{ size: 0, atom: 0 }];
  let group = open[0] as { size: number; atom: number };
  const atom = (size: number) => {
    group.size += group.atom;
    group.atom = size;
  };
  for (let at = 0; at < body.length; ) {
    const token = nextToken(body, at);
    at += token.length;
    const count = REPETITION.exec(token);
    if (token === '(') {
      atom(0);
      group = { size: 2, atom: 0 };
      open.push(group);
    } else if (token === ')' && open.length > 1) {
      const size = group.size + group.atom;
      open.pop();
      group = open.at(-1) as { size: number; atom: number };
      group.atom = size;
    } else if (count) group.atom *= Math.max(1, Number(count[1]), Number(count[2] || 0));
    else if (/^[*+?]$/.test(token)) group.atom += 1;
    else atom(1);
  }
  return open.reduce((sum, { size, atom: last }) => sum + size + last, 0);
}

const REPETITION = /^\{(\d+)(?:,(\d*))?\}$/;
/** A quotation, an escape, a class, a counted repetition, the flags of a group, or one character. */
const TOKEN =
  /\\Q[\s\S]*?(?:\\E|$)|\\[pPx]\{[^}]*\}|\\[\s\S]|\[\^?\]?(?:\[:\^?\w+:\]|\\[\s\S]|[^\]\\])*\]?|\{\d+(?:,\d*)?\}|\(\?(?:P?<\w*>|[imsU-]*:)|[\s\S]/y;

function nextToken(body: string, at: number): string {
  TOKEN.lastIndex = at;
  const token = TOKEN.exec(body)?.[0] ?? body.charAt(at);
  return token.startsWith('(?') ? '(' : token;
}
