import { getScalarValue, SCALAR_STYLE, type ScalarEvent } from 'js-yaml';

/** An escape in double quotes; an escaped line break includes the blank lines after it. */
const ESCAPE = /\\(?:(?:\r\n|\r|\n)((?:[ \t]*(?:\r\n|\r|\n))*)[ \t]*|[^\r\n])/g;

/** The text of a scalar. js-yaml drops the blank lines after an escaped line break, and does not support \'. */
export function scalarText(text: string, event: ScalarEvent): string {
  if (event.style !== SCALAR_STYLE.DOUBLE_QUOTED || event.fast) return getScalarValue(text, event);
  const raw = text.slice(event.valueStart, event.valueEnd);
  const quoted = raw.replace(ESCAPE, (whole, blankLines: string | undefined) => {
    if (whole === "\\'") return "'";
    const breaks = blankLines?.match(/\r\n|\r|\n/g)?.length ?? 0;
    return breaks === 0 ? whole : '\\n'.repeat(breaks);
  });
  return getScalarValue(quoted, { ...event, valueStart: 0, valueEnd: quoted.length });
}
