/** A text without these characters at its end. In linear time, as `/[…]+$/` is not: that looks from each of them for the end. */
export function trimEndOf(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}
