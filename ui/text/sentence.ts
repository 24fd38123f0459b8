/** A plain word: paths, ids and revisions keep their letters, and so do commands. */
const WORD = /^(?!flux(?:d|ctl)\b|kubectl\b)[a-z]+(?=[\s,;.!?:]*(?:\s|$))/;

/** A clause of the daemon with a capital letter. */
export function capitalised(text: string): string {
  return WORD.test(text) ? `${text.charAt(0).toUpperCase()}${text.slice(1)}` : text;
}

/** A clause of the daemon as a sentence. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  return capitalised(/[.!?:…]$/.test(trimmed) ? trimmed : `${trimmed}.`);
}

/** `1 object`, `2 objects`. */
export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? noun : many}`;
}
