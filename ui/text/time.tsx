import { signal } from '@preact/signals';
import { relativeTime } from './relative-time.ts';

const now = signal(Date.now());
setInterval(() => {
  now.value = Date.now();
}, 10_000);

const ABSOLUTE = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' });

/** A time relative to now, with the absolute one on hover. RFC 3339. */
export function Time({ at }: { readonly at: string }) {
  const ms = Date.parse(at);
  return (
    <time dateTime={at} title={ABSOLUTE.format(ms)}>
      {relativeTime(ms, Math.max(now.value, Date.now()))}
    </time>
  );
}
