/** Commands keep their names. */
const COMMAND = /^(?:flux(?:d|ctl)|kubectl)\b/;

/** A clause of the daemon as a sentence. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  const ended = /[.!?:…]$/.test(trimmed) ? trimmed : `${trimmed}.`;
  return COMMAND.test(ended) ? ended : `${ended.charAt(0).toUpperCase()}${ended.slice(1)}`;
}

/** `1 object`, `2 objects`. */
export function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${count === 1 ? noun : `${noun}s`}`;
}
