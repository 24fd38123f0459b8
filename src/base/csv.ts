/**
 * Splits one line of comma-separated values (RFC 4180), as pflag parses list flags: `a,"b,c",d` has three values, the empty string
 * none.
 * @throws RangeError for a misplaced quote.
 */
export function parseCsvLine(text: string): readonly string[] {
  if (text === '') return [];
  const values: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  let at = 0;
  for (;;) {
    field.lastIndex = at;
    const match = field.exec(text);
    if (!match) throw new RangeError(`misplaced " in ${JSON.stringify(text)}`);
    const [whole, quoted, plain = '', end] = match;
    values.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === '') return values;
    at += whole.length;
  }
}
