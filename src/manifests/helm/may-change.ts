/** Functions of templates whose results differ from one rendering to the next, or follow the order of a Go map. */
const CHANGING =
  /(?<![.$\w])(?:now|ago|date|dateInZone|date_in_zone|htmlDate|htmlDateInZone|rand\w+|shuffle|uuidv4|bcrypt|htpasswd|gen[A-Z]\w+|buildCustomCert|encryptAES|keys|values)\b/;
/** Longer texts are not looked into. */
const MAX_LENGTH = 64 << 10;
const COMMENT = /^-?\s*\/\*/;
const QUOTES = '"`\'';

/** Whether a text has a template that may render to something else the next time; `tpl` renders texts of values, too. */
export function mayChange(content: Uint8Array): boolean {
  const text = Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString('latin1');
  if (!text.includes('{{')) return false;
  return text.length > MAX_LENGTH || CHANGING.test(actionsIn(text));
}

/** What stands between `{{` and `}}`, without comments. Quoted texts count: `tpl` renders them. */
function actionsIn(text: string): string {
  const parts: string[] = [];
  for (let start = text.indexOf('{{'); start !== -1; start = text.indexOf('{{', start)) {
    start += 2;
    const [opened] = COMMENT.exec(text.slice(start, start + 100)) ?? [];
    if (opened !== undefined) {
      const end = text.indexOf('*/', start + opened.length);
      if (end === -1) return parts.join(' ');
      start = end + 2;
      continue;
    }
    const from = start;
    while (start < text.length && !text.startsWith('}}', start))
      start = QUOTES.includes(text.charAt(start)) ? afterQuoted(text, start) : start + 1;
    parts.push(text.slice(from, start));
  }
  return parts.join(' ');
}

/** Where a quoted text ends that starts at an offset. */
function afterQuoted(text: string, start: number): number {
  const quote = text.charAt(start);
  for (let at = start + 1; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === quote) return at + 1;
    if (character === '\\' && quote !== '`') at += 1;
  }
  return text.length;
}
