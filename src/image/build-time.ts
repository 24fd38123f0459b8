/** Labels that say when an image was built; the first one present wins over the other. */
export const BUILD_TIME_LABELS = ['org.opencontainers.image.created', 'org.label-schema.build-date'] as const;

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d{1,12})?([Zz]|[+-]\d\d:\d\d)$/;
const YEAR_9000 = Date.UTC(9000, 0, 1);

/**
 * Milliseconds since the epoch of an RFC 3339 time, or undefined when the text is none, or lies before 1970 or after the year
 * 9000: such times are made up and must not decide what is newest. Parts of a millisecond are left to `nanosecondsOf`.
 */
export function parseImageTime(text: string): number | undefined {
  const match = RFC3339.exec(text);
  if (!match) return undefined;
  const ms = Date.parse(text.toUpperCase().replace(/(\.\d{3})\d+/, '$1'));
  const dayExists =
    new Date(Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3]))).getUTCDate() === Number(match[3]);
  return dayExists && ms >= 0 && ms < YEAR_9000 ? ms : undefined;
}

/** What an RFC 3339 time says beyond its millisecond, in nanoseconds: images of one build may lie that near to each other. */
export function nanosecondsOf(text: string): number {
  const [, fraction = ''] = /\.(\d+)/.exec(text) ?? [];
  return Number(fraction.padEnd(9, '0').slice(3, 9));
}
