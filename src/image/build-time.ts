/** Labels with an image's build time; the first one present wins. */
export const BUILD_TIME_LABELS = ['org.opencontainers.image.created', 'org.label-schema.build-date'] as const;

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d{1,12})?([Zz]|[+-]\d\d:\d\d)$/;
const YEAR_9000 = Date.UTC(9000, 0, 1);

/**
 * An RFC 3339 time in milliseconds since the epoch, or undefined if it is invalid, before 1970 or after the year 9000: such times are
 * fictitious and must not decide which image is newest. `nanosecondsOf` returns the fraction of a millisecond.
 */
export function parseImageTime(text: string): number | undefined {
  const match = RFC3339.exec(text);
  if (!match) return undefined;
  const ms = Date.parse(text.toUpperCase().replace(/(\.\d{3})\d+/, '$1'));
  const dayExists =
    new Date(Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3]))).getUTCDate() === Number(match[3]);
  return dayExists && ms >= 0 && ms < YEAR_9000 ? ms : undefined;
}

/** The part of an RFC 3339 time below a millisecond, in nanoseconds: images of one build may be that close to each other. */
export function nanosecondsOf(text: string): number {
  const [, fraction = ''] = /\.(\d+)/.exec(text) ?? [];
  return Number(fraction.padEnd(9, '0').slice(3, 9));
}
