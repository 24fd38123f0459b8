import { CronTime } from 'cron';
import { messageOf, parseDuration } from '../base/index.ts';

/**
 * Recurring times, such as those of a window: open from each start for a duration. Parsed from
 * `0 9 * * mon-fri / 8h / Europe/Berlin; 0 10 * * sat / 2h / Europe/Berlin`.
 */
export interface Schedule {
  readonly text: string;
  /** Whether it is open at a time, and until when that is certain to stay so. Times are in milliseconds since the epoch. */
  stateAt(now: number): ScheduleState;
}

export interface ScheduleState {
  readonly open: boolean;
  /** The next change, or an earlier time at which to look again; infinity if there is none. */
  readonly until: number;
  /** Set if it is open then all the same, and no end is in sight. */
  readonly endless?: true;
}

const MINUTE = 60_000;
/** No window is longer, so that a mistyped unit is found. */
const MAX_DURATION_MS = 31 * 24 * 60 * MINUTE;
const MAX_TIMES = 20;
const MAX_LENGTH = 1024;
/** Clocks have not skipped more in living memory, but for whole days at the date line. */
const LONGEST_SKIP_MINUTES = 180;
/** Starts that overlap are followed to find the end, until so many were looked up; each takes a millisecond or two. */
const MAX_LOOKED = 50;

const NAMES = {
  month: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  weekday: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'],
} as const;
/** The fields of POSIX crontab, with their ranges; names are numbers from the first of the range. */
const FIELDS = [
  { name: 'minute', min: 0, max: 59, names: [] },
  { name: 'hour', min: 0, max: 23, names: [] },
  { name: 'day of month', min: 1, max: 31, names: [] },
  { name: 'month', min: 1, max: 12, names: NAMES.month },
  { name: 'day of week', min: 0, max: 7, names: NAMES.weekday },
] as const;

/** Parses a schedule. Never throws. */
export function parseSchedule(text: string): Schedule | { readonly problem: string } {
  if (text.length > MAX_LENGTH) return { problem: `is longer than ${MAX_LENGTH} characters` };
  const parts = text.split(';').map((part) => part.trim());
  if (parts.length > MAX_TIMES) return { problem: `has more than ${MAX_TIMES} times` };
  const times: Times[] = [];
  for (const part of parts) {
    const parsed = parseTimes(part);
    if ('problem' in parsed) return parsed;
    times.push(parsed);
  }
  return { text, stateAt: cached((now) => stateOf(times, now)) };
}

/** Starts of one cron expression, each for a duration. */
interface Times {
  readonly durationMs: number;
  /** The first start after a time; infinity if there is none. */
  readonly startAfter: (time: number) => number;
}

function parseTimes(part: string): Times | { readonly problem: string } {
  const [cron = '', duration, zone, ...rest] = part.split(' / ').map((each) => each.trim());
  if (duration === undefined || zone === undefined || rest.length > 0)
    return { problem: `${JSON.stringify(part)} is not "minute hour day month weekday / duration / time zone"` };
  const numeric = numericCron(cron);
  if (typeof numeric !== 'string') return numeric;
  const problem = problemOfZone(zone);
  if (problem !== undefined) return { problem };
  let durationMs: number;
  try {
    durationMs = parseDuration(duration);
  } catch (error) {
    return { problem: messageOf(error) };
  }
  if (durationMs < MINUTE || durationMs > MAX_DURATION_MS)
    return { problem: `the duration ${duration} is not between 1m and 744h` };
  try {
    const starts = new CronTime(numeric, zone);
    const isShown = clockTimes(numeric);
    const startAfter = (time: number) => nextStart(starts, { zone, isShown }, time);
    startAfter(0);
    return { durationMs, startAfter };
  } catch {
    // The library searches eight years.
    return { problem: `${JSON.stringify(cron)} never comes: no such date exists` };
  }
}

type ShownTime = ReturnType<CronTime['getNextDateFrom']>;

/**
 * The first start after a time. At the end of summer time clocks show some times twice, and the first counts. At its beginning they skip
 * some, and the next instant counts: there the library finds a time beside it that the expression does not name.
 */
function nextStart(
  starts: CronTime,
  { zone, isShown }: { readonly zone: string; readonly isShown: (start: ShownTime) => boolean },
  time: number,
): number {
  for (let from = time; ; ) {
    const found = starts.getNextDateFrom(new Date(from), zone);
    const start = isShown(found) ? found : changeNear(found);
    const at = start.toMillis();
    const isRepeated = start.getPossibleOffsets().some((showing) => showing.toMillis() < at);
    if (at > time && !isRepeated) return at;
    from = found.toMillis() > from ? found.toMillis() : from + MINUTE;
  }
}

/** The change of the clocks next to a time. */
function changeNear(time: ShownTime): ShownTime {
  for (let minutes = -LONGEST_SKIP_MINUTES; minutes <= LONGEST_SKIP_MINUTES; minutes += 1) {
    const near = time.plus({ minutes });
    if (near.minus({ minutes: 1 }).offset !== near.offset) return near;
  }
  return time;
}

/** Whether a clock shows an hour and a minute of the expression. */
function clockTimes(numeric: string): (start: ShownTime) => boolean {
  const [minute = '', hour = ''] = numeric.split(' ');
  const [minutes, hours] = [valuesOf(minute, 59), valuesOf(hour, 23)];
  return (start) => minutes.has(start.minute) && hours.has(start.hour);
}

/** The values of a numeric field: `0,30`, `8-18/5`, `*`. */
function valuesOf(field: string, max: number): ReadonlySet<number> {
  const values = field.split(',').flatMap((item) => {
    const [range = '', step = '1'] = item.split('/');
    const [from = 0, to = from] = range === '*' ? [0, max] : range.split('-').map(Number);
    return Array.from({ length: Math.floor((to - from) / Number(step)) + 1 }, (_, n) => from + n * Number(step));
  });
  return new Set(values);
}

/** The expression with numbers for names. The library alone would accept more than POSIX: seconds, `@daily`, `L`. */
function numericCron(cron: string): string | { readonly problem: string } {
  const given = cron.split(/\s+/);
  if (given.length !== FIELDS.length) return { problem: `${JSON.stringify(cron)} does not have five fields` };
  const fields: string[] = [];
  for (const [index, field] of FIELDS.entries()) {
    const text = given[index] ?? '';
    const items = text.split(',').map((item) => numericItem(item, field));
    if (items.includes(undefined)) return { problem: `${JSON.stringify(text)} is not a ${field.name}` };
    fields.push(items.join(','));
  }
  return fields.join(' ');
}

/** `*`, `5`, `mon`, `1-5`, `fri-sun`; with a step those of several: every fifteenth, `8-18/2`. */
function numericItem(item: string, { min, max, names }: (typeof FIELDS)[number]): string | undefined {
  const [range = '', step, ...rest] = item.toLowerCase().split('/');
  if (rest.length > 0 || (step !== undefined && !/^[1-9]\d?$/.test(step))) return undefined;
  const stepped = step === undefined ? '' : `/${step}`;
  if (range === '*') return `*${stepped}`;
  const [from, to, ...more] = range.split('-').map((end) => {
    const named = (names as readonly string[]).indexOf(end);
    if (named >= 0) return named + (min === 1 ? 1 : 0);
    return /^\d{1,2}$/.test(end) ? Number(end) : Number.NaN;
  });
  if (from === undefined || more.length > 0) return undefined;
  if (to === undefined) return from >= min && from <= max && step === undefined ? `${from}` : undefined;
  // Sunday is also the seventh day.
  const last = to === 0 && from > 0 && max === 7 ? 7 : to;
  return from >= min && from <= last && last <= max ? `${from}-${last}${stepped}` : undefined;
}

function problemOfZone(zone: string): string | undefined {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return undefined;
  } catch {
    return `unknown time zone ${JSON.stringify(zone)}`;
  }
}

function stateOf(times: readonly Times[], now: number): ScheduleState {
  let until = endOfOpen(times, now);
  if (until === undefined) return { open: false, until: Math.min(...times.map(({ startAfter }) => startAfter(now))) };
  for (let looked = 0; looked < MAX_LOOKED; looked += times.length) {
    const later = endOfOpen(times, until);
    if (later === undefined || later <= until) return { open: true, until };
    until = later;
  }
  return { open: true, until, endless: true };
}

/** The latest end of the times that are open at a time. The duration is elapsed time, even if clocks change meanwhile. */
function endOfOpen(times: readonly Times[], now: number): number | undefined {
  const ends = times.flatMap(({ durationMs, startAfter }) => {
    const start = startAfter(now - durationMs);
    return start <= now ? [start + durationMs] : [];
  });
  return ends.length === 0 ? undefined : Math.max(...ends);
}

/** Each evaluation takes milliseconds, and holds until the next change. */
function cached(stateAt: Schedule['stateAt']): Schedule['stateAt'] {
  let last: (ScheduleState & { readonly since: number }) | undefined;
  return (now) => {
    if (last === undefined || now < last.since || now >= last.until) last = { ...stateAt(now), since: now };
    const { since: _, ...state } = last;
    return state;
  };
}
