const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;

const FORMAT = new Intl.RelativeTimeFormat('en', { numeric: 'always', style: 'long' });

/** `3 minutes ago`, `in 2 hours`; within a minute `just now`. Both in milliseconds since the epoch. */
export function relativeTime(at: number, now: number): string {
  const seconds = (at - now) / 1000;
  for (const [unit, length] of UNITS) if (Math.abs(seconds) >= length) return FORMAT.format(Math.trunc(seconds / length), unit);
  return seconds > 0 ? 'in less than a minute' : 'just now';
}
