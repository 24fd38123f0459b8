/** A second, independent computation of recurring times: minute by minute, by what the clocks of a time zone show. */

const MINUTE = 60_000;

interface Shown {
  readonly minute: number;
  readonly hour: number;
  readonly day: number;
  readonly month: number;
  readonly weekday: number;
  /** Minutes since the epoch, as if the clock showed UTC. */
  readonly wall: number;
}

function clockOf(zone: string): (time: number) => Shown {
  const format = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone: zone, hourCycle: 'h23' },
    ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' },
  });
  return (time) => {
    const parts = new Map(format.formatToParts(time).map(({ type, value }) => [type, value]));
    const number = (type: Intl.DateTimeFormatPartTypes) => Number(parts.get(type));
    return shownAt(Date.UTC(number('year'), number('month') - 1, number('day'), number('hour'), number('minute')) / MINUTE);
  };
}

function shownAt(wall: number): Shown {
  const date = new Date(wall * MINUTE);
  return {
    minute: date.getUTCMinutes(),
    hour: date.getUTCHours(),
    day: date.getUTCDate(),
    month: date.getUTCMonth() + 1,
    weekday: date.getUTCDay(),
    wall,
  };
}

export interface Recurring {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  /** Undefined: every day. If both are given, either is enough (POSIX). */
  readonly days?: readonly number[];
  readonly weekdays?: readonly number[];
  readonly months?: readonly number[];
  readonly durationMs: number;
  readonly zone: string;
}

/** The starts in a span of time: one that clocks skip comes at the next instant, one that they show twice at the first. */
export function startsIn({ minutes, hours, days, weekdays, months, zone }: Recurring, from: number, to: number): number[] {
  const clock = clockOf(zone);
  const isStart = ({ minute, hour, day, month, weekday }: Shown) => {
    const byDate = days?.includes(day);
    const byWeekday = weekdays?.includes(weekday);
    const isDay = byDate === undefined && byWeekday === undefined ? true : byDate === true || byWeekday === true;
    return minutes.includes(minute) && hours.includes(hour) && isDay && (months?.includes(month) ?? true);
  };
  const starts: number[] = [];
  let latest = clock(from - MINUTE).wall;
  for (let time = from; time <= to; time += MINUTE) {
    const { wall } = clock(time);
    for (let each = latest + 1; each <= wall; each += 1) {
      if (isStart(shownAt(each)) && starts.at(-1) !== time) starts.push(time);
    }
    latest = Math.max(latest, wall);
  }
  return starts;
}

/** Reads the text of a schedule, valid ones alone. */
export function recurringOf(text: string): readonly Recurring[] {
  return text.split(';').map((part) => {
    const [cron = '', duration = '', zone = ''] = part.split(' / ').map((each) => each.trim());
    const [minutes = '', hours = '', days = '', months = '', weekdays = ''] = cron.toLowerCase().split(' ');
    const given = (field: string, range: readonly [number, number], names = '') =>
      field === '*' ? undefined : numbersOf(field, range, names);
    const byDate = given(days, [1, 31]);
    const byWeekday = given(weekdays, [0, 7], 'sun mon tue wed thu fri sat')?.map((day) => day % 7);
    const byMonth = given(months, [1, 12], '- jan feb mar apr may jun jul aug sep oct nov dec');
    return {
      minutes: numbersOf(minutes, [0, 59]),
      hours: numbersOf(hours, [0, 23]),
      ...(byDate ? { days: byDate } : {}),
      ...(byWeekday ? { weekdays: byWeekday } : {}),
      ...(byMonth ? { months: byMonth } : {}),
      durationMs: Number.parseInt(duration, 10) * (duration.endsWith('h') ? 60 : 1) * MINUTE,
      zone,
    };
  });
}

function numbersOf(field: string, [min, max]: readonly [number, number], names = ''): readonly number[] {
  const numberOf = (text: string) => (/^\d+$/.test(text) ? Number(text) : names.split(' ').indexOf(text));
  return field.split(',').flatMap((item) => {
    const [range = '', step = '1'] = item.split('/');
    const [first = '', last = first] = range.split('-');
    const from = range === '*' ? min : numberOf(first);
    const to = range === '*' ? max : numberOf(last) || (from > 0 && max === 7 ? 7 : numberOf(last));
    const numbers: number[] = [];
    for (let each = from; each <= to; each += Number(step)) numbers.push(each);
    return numbers;
  });
}

/** Whether one of the recurring times is open at a time. */
export function isOpenAt(recurring: readonly Recurring[], time: number): boolean {
  return recurring.some((each) =>
    startsIn(each, Math.floor((time - each.durationMs) / MINUTE - 180) * MINUTE, time).some(
      (start) => start <= time && time < start + each.durationMs,
    ),
  );
}
