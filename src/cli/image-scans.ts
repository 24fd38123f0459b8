import type { ImageScansWire } from '../api/client/index.ts';
import { printableLine } from './printable.ts';
import { formatTable } from './table.ts';

type Scan = ImageScansWire['repositories'][number];
type Host = NonNullable<ImageScansWire['hosts']>[number];

/** Two tables: when each image repository was scanned and will be, and what its host still answers; and a line if the cache fails. */
export function imageScansText(
  { repositories, hosts = [], cacheFailure }: ImageScansWire,
  { now, headers }: ScansLayout,
): string {
  const head = (row: readonly string[]) => (headers ? [row] : []);
  const images = [
    ...head(['IMAGE', 'TAGS', 'SCANNED', 'EVERY', 'NEXT', 'ERROR']),
    ...repositories.map((scan) => scanRow(scan, now)),
  ];
  const budgets = [
    ...head(['HOST', 'IMAGES', 'FAILED', 'REQUESTS LEFT', 'ACCOUNT', 'PAUSED']),
    ...hosts.flatMap((host) => hostRows(host, now)),
  ];
  const failure = cacheFailure ? [failureLine(cacheFailure, now)] : [];
  return [...[images, budgets].map(formatTable), ...failure].join('\n');
}

function failureLine({ since, error: { message, help } }: NonNullable<ImageScansWire['cacheFailure']>, now: number): string {
  const span = spanOf(now - Date.parse(since));
  return `${printableLine(`Scans have not been remembered for ${span}: ${message}${help === undefined ? '' : `. ${help}`}`)}\n`;
}

export interface ScansLayout {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly headers: boolean;
}

function scanRow({ name, tags, scannedAt, intervalMs, scanning, nextAt, error }: Scan, now: number): string[] {
  return [
    name,
    String(tags),
    scannedAt === undefined ? 'never' : `${spanOf(now - Date.parse(scannedAt))} ago`,
    intervalMs === undefined ? '' : spanOf(intervalMs),
    scanning ? 'now' : nextAt === undefined ? '' : inTime(nextAt, now),
    error?.message ?? '',
  ];
}

function hostRows({ name, repositories, failed, rateLimitedUntil, budgets }: Host, now: number): string[][] {
  const paused = rateLimitedUntil === undefined ? '' : `${spanOf(Date.parse(rateLimitedUntil) - now)} more`;
  const sums = [name, String(repositories), String(failed)];
  if (budgets.length === 0) return [[...sums, 'no limit reported', '', paused]];
  return budgets.map(({ account = 'anonymous', limit, remaining, windowSeconds, resetAt, countsLists }, index) => [
    ...(index === 0 ? sums : ['', '', '']),
    `${remaining} of ${limit} in ${spanOf(windowSeconds * 1000)}${resetAt === undefined ? '' : `, new ${inTime(resetAt, now)}`}${countsLists ? '' : '; scans are free'}`,
    account,
    index === 0 ? paused : '',
  ]);
}

function inTime(time: string, now: number): string {
  const ms = Date.parse(time) - now;
  return ms <= 0 ? 'now' : `in ${spanOf(ms)}`;
}

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const;

/** `45s`, `1m30s`, `2h50m`, `1d4h`: the two largest units. */
function spanOf(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const first = UNITS.findIndex(([, size]) => seconds >= size);
  const two = first < 0 ? [] : UNITS.slice(first, first + 2);
  const [size = 1] = two.map(([, each]) => each);
  const counts = two.map(([unit, each], index) => [Math.floor((index === 0 ? seconds : seconds % size) / each), unit] as const);
  return counts.map(([count, unit]) => (count === 0 ? '' : `${count}${unit}`)).join('') || '0s';
}
