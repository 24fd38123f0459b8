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
