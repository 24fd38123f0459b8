import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSchedule, type Schedule } from '../../src/schedule/schedule.ts';
import { rounds } from '../support/sampled.ts';
import { isOpenAt, type Recurring, recurringOf, startsIn } from './calendar.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function scheduleOf(text: string): Schedule {
  const parsed = parseSchedule(text);
  if ('problem' in parsed) throw new Error(parsed.problem);
  return parsed;
}

const problemOf = (text: string) => {
  const parsed = parseSchedule(text);
  return 'problem' in parsed ? parsed.problem : undefined;
};

const iso = (time: number) => (Number.isFinite(time) ? new Date(time).toISOString().replace('.000Z', 'Z') : 'never');

const OFFICE = '0 9 * * mon-fri / 8h / Europe/Berlin';

describe('a schedule is open from each start, for the duration', () => {
  test.each<[string, string, 'open' | 'closed', string]>([
    // Office hours in Berlin, winter and summer.
    [OFFICE, '2026-11-30T07:59:59.999Z', 'closed', '2026-11-30T08:00:00Z'],
    [OFFICE, '2026-11-30T08:00:00Z', 'open', '2026-11-30T16:00:00Z'],
    [OFFICE, '2026-11-30T15:59:59.999Z', 'open', '2026-11-30T16:00:00Z'],
    [OFFICE, '2026-11-30T16:00:00Z', 'closed', '2026-12-01T08:00:00Z'],
    [OFFICE, '2026-12-04T16:00:00Z', 'closed', '2026-12-07T08:00:00Z'],
    [OFFICE, '2026-12-06T12:00:00Z', 'closed', '2026-12-07T08:00:00Z'],
    [OFFICE, '2026-07-01T07:00:00Z', 'open', '2026-07-01T15:00:00Z'],
    [OFFICE, '2026-07-01T06:59:00Z', 'closed', '2026-07-01T07:00:00Z'],
    // The same in other zones.
    ['0 9 * * 1-5 / 8h / UTC', '2026-11-30T09:00:00Z', 'open', '2026-11-30T17:00:00Z'],
    ['0 9 * * 1-5 / 8h / America/New_York', '2026-11-30T14:00:00Z', 'open', '2026-11-30T22:00:00Z'],
    ['0 9 * * 1-5 / 8h / Asia/Kolkata', '2026-11-30T03:30:00Z', 'open', '2026-11-30T11:30:00Z'],
    ['0 9 * * 1-5 / 8h / Pacific/Chatham', '2026-11-29T19:15:00Z', 'open', '2026-11-30T03:15:00Z'],
    ['0 9 * * * / 8h / America/St_Johns', '2026-07-01T12:00:00Z', 'open', '2026-07-01T19:30:00Z'],
    // Over midnight and over the end of a year.
    ['0 22 * * * / 4h / UTC', '2026-12-31T23:00:00Z', 'open', '2027-01-01T02:00:00Z'],
    ['0 22 * * fri / 36h / UTC', '2026-12-06T12:00:00Z', 'closed', '2026-12-11T22:00:00Z'],
    ['0 22 * * fri / 36h / UTC', '2026-12-06T09:59:00Z', 'open', '2026-12-06T10:00:00Z'],
    // A start that clocks skip opens at the next instant.
    ['30 2 * * * / 1h / Europe/Berlin', '2026-03-29T00:59:59Z', 'closed', '2026-03-29T01:00:00Z'],
    ['30 2 * * * / 1h / Europe/Berlin', '2026-03-29T01:00:00Z', 'open', '2026-03-29T02:00:00Z'],
    ['0 2 * * * / 30m / America/New_York', '2026-03-08T07:00:00Z', 'open', '2026-03-08T07:30:00Z'],
    ['30 1 * * * / 1h / Europe/London', '2026-03-29T01:30:00Z', 'open', '2026-03-29T02:00:00Z'],
    ['30 2 * * * / 1h / Pacific/Auckland', '2026-09-26T14:30:00Z', 'open', '2026-09-26T15:00:00Z'],
    ['0 0 * * * / 1h / America/Santiago', '2026-09-06T03:59:00Z', 'closed', '2026-09-06T04:00:00Z'],
    ['0 0 * * * / 1h / America/Santiago', '2026-09-06T04:30:00Z', 'open', '2026-09-06T05:00:00Z'],
    // There they skip half an hour.
    ['15 2 * * * / 1h / Australia/Lord_Howe', '2026-10-03T15:29:00Z', 'closed', '2026-10-03T15:30:00Z'],
    ['15 2 * * * / 1h / Australia/Lord_Howe', '2026-10-03T15:30:00Z', 'open', '2026-10-03T16:30:00Z'],
    ['15 2 * * * / 1h / Australia/Lord_Howe', '2026-10-03T16:30:00Z', 'closed', '2026-10-04T15:15:00Z'],
    // One that they show twice opens at the first.
    ['45 1 * * * / 20m / Australia/Lord_Howe', '2026-04-04T14:50:00Z', 'open', '2026-04-04T15:05:00Z'],
    ['45 1 * * * / 20m / Australia/Lord_Howe', '2026-04-04T15:20:00Z', 'closed', '2026-04-05T15:15:00Z'],
    ['30 1 * * * / 30m / Europe/London', '2026-10-25T00:45:00Z', 'open', '2026-10-25T01:00:00Z'],
    ['30 1 * * * / 30m / Europe/London', '2026-10-25T01:45:00Z', 'closed', '2026-10-26T01:30:00Z'],
    ['30 2 * * * / 30m / Europe/Berlin', '2026-10-25T00:30:00Z', 'open', '2026-10-25T01:00:00Z'],
    ['30 2 * * * / 30m / Europe/Berlin', '2026-10-25T01:30:00Z', 'closed', '2026-10-26T01:30:00Z'],
    ['30 1 * * * / 20m / America/New_York', '2026-11-01T05:30:00Z', 'open', '2026-11-01T05:50:00Z'],
    ['30 1 * * * / 20m / America/New_York', '2026-11-01T06:30:00Z', 'closed', '2026-11-02T06:30:00Z'],
    // The duration is elapsed time, whatever clocks show.
    ['0 22 * * sat / 8h / Europe/Berlin', '2026-10-25T04:00:00Z', 'closed', '2026-10-31T21:00:00Z'],
    ['0 22 * * sat / 8h / Europe/Berlin', '2026-10-25T03:59:00Z', 'open', '2026-10-25T04:00:00Z'],
    ['0 22 * * sat / 8h / Europe/Berlin', '2026-03-29T04:59:00Z', 'open', '2026-03-29T05:00:00Z'],
    ['0 18 * * fri / 62h / Europe/Berlin', '2026-03-28T12:00:00Z', 'open', '2026-03-30T07:00:00Z'],
    ['0 18 * * fri / 62h / Europe/Berlin', '2026-10-24T12:00:00Z', 'open', '2026-10-26T06:00:00Z'],
    ['0 18 * * fri / 62h / Europe/Berlin', '2026-10-26T06:00:00Z', 'closed', '2026-10-30T17:00:00Z'],
    ['0 0 1 jan * / 240h / UTC', '2027-01-05T00:00:00Z', 'open', '2027-01-11T00:00:00Z'],
    // Leap days and the ends of months.
    ['0 0 29 2 * / 48h / UTC', '2028-02-29T12:00:00Z', 'open', '2028-03-02T00:00:00Z'],
    ['0 12 28 feb * / 24h / Europe/Berlin', '2028-02-29T00:00:00Z', 'open', '2028-02-29T11:00:00Z'],
    ['0 0 1 mar * / 1h / UTC', '2028-02-29T23:59:00Z', 'closed', '2028-03-01T00:00:00Z'],
    ['0 0 30 * * / 1h / UTC', '2027-02-10T00:00:00Z', 'closed', '2027-03-30T00:00:00Z'],
    ['0 0 31 4,6,9,11,12 * / 1h / UTC', '2027-01-31T12:00:00Z', 'closed', '2027-12-31T00:00:00Z'],
    ['0 18 28-31 * * / 2h / UTC', '2027-02-28T19:00:00Z', 'open', '2027-02-28T20:00:00Z'],
    ['0 18 28-31 * * / 2h / UTC', '2027-02-28T20:00:00Z', 'closed', '2027-03-28T18:00:00Z'],
    // Day of month or day of week.
    ['0 9 1,15 * mon / 1h / UTC', '2026-12-01T09:30:00Z', 'open', '2026-12-01T10:00:00Z'],
    ['0 9 1,15 * mon / 1h / UTC', '2026-12-01T10:00:00Z', 'closed', '2026-12-07T09:00:00Z'],
    ['0 9 1 jan,jul mon / 1h / UTC', '2026-12-07T09:30:00Z', 'closed', '2027-01-01T09:00:00Z'],
    ['0 0 13 * fri / 24h / UTC', '2026-11-13T12:00:00Z', 'open', '2026-11-14T00:00:00Z'],
    ['0 0 13 * fri / 24h / UTC', '2026-12-13T12:00:00Z', 'open', '2026-12-14T00:00:00Z'],
    ['0 0 13 * fri / 24h / UTC', '2026-12-04T12:00:00Z', 'open', '2026-12-05T00:00:00Z'],
    ['0 0 13 * fri / 24h / UTC', '2026-12-05T12:00:00Z', 'closed', '2026-12-11T00:00:00Z'],
    ['0 0 29 feb * / 24h / UTC', '2026-03-01T00:00:00Z', 'closed', '2028-02-29T00:00:00Z'],
    ['0 0 31 * * / 1h / UTC', '2026-11-30T00:00:00Z', 'closed', '2026-12-31T00:00:00Z'],
    // Lists, ranges, steps and names.
    ['0,30 8-10 * * * / 10m / UTC', '2026-11-30T10:35:00Z', 'open', '2026-11-30T10:40:00Z'],
    ['*/20 * * * * / 5m / UTC', '2026-11-30T10:41:00Z', 'open', '2026-11-30T10:45:00Z'],
    ['0 8-18/5 * * * / 1h / UTC', '2026-11-30T13:30:00Z', 'open', '2026-11-30T14:00:00Z'],
    ['0 0 * dec,JAN Mon / 1h / UTC', '2026-11-30T00:30:00Z', 'closed', '2026-12-07T00:00:00Z'],
    ['0 0 * * fri-sun / 24h / UTC', '2026-12-06T12:00:00Z', 'open', '2026-12-07T00:00:00Z'],
    ['0 0 * * 7 / 1h / UTC', '2026-12-06T00:30:00Z', 'open', '2026-12-06T01:00:00Z'],
    ['0 0 * * 0 / 1h / UTC', '2026-12-06T00:30:00Z', 'open', '2026-12-06T01:00:00Z'],
    // Starts that overlap or touch are one opening.
    ['0 0 * * * / 24h / UTC', '2026-11-30T12:00:00Z', 'open', '2027-01-20T00:00:00Z'],
    ['0 8,9 * * * / 90m / UTC', '2026-11-30T08:10:00Z', 'open', '2026-11-30T10:30:00Z'],
    // Several, joined.
    [`${OFFICE}; 0 10 * * sat / 2h / Europe/Berlin`, '2026-12-05T09:30:00Z', 'open', '2026-12-05T11:00:00Z'],
    [`${OFFICE}; 0 10 * * sat / 2h / Europe/Berlin`, '2026-12-05T11:00:00Z', 'closed', '2026-12-07T08:00:00Z'],
    ['0 8 * * * / 2h / UTC; 0 9 * * * / 3h / UTC', '2026-11-30T08:30:00Z', 'open', '2026-11-30T12:00:00Z'],
    ['0 8 * * mon-fri / 4h / UTC; 0 12 * * mon-fri / 4h / UTC', '2026-11-30T09:00:00Z', 'open', '2026-11-30T16:00:00Z'],
    ['0 22 * * * / 2h / UTC; 0 0 * * * / 1h / UTC', '2026-11-30T23:00:00Z', 'open', '2026-12-01T01:00:00Z'],
    ['0 9 * * * / 8h / Asia/Tokyo; 0 9 * * * / 8h / Europe/London', '2026-12-01T08:30:00Z', 'closed', '2026-12-01T09:00:00Z'],
    ['0 9 * * * / 8h / Asia/Tokyo; 0 8 * * * / 8h / Europe/London', '2026-12-01T07:30:00Z', 'open', '2026-12-01T16:00:00Z'],
  ])('%s at %s: %s until %s, as a second computation says', (text, at, state, until) => {
    const [now, end] = [Date.parse(at), Date.parse(until)];
    const found = scheduleOf(text).stateAt(now);
    expect([found.open ? 'open' : 'closed', iso(found.until)]).toEqual([state, until]);
    const recurring = recurringOf(text);
    const times = [now, now + (end - now) / 3, end - MINUTE, end].map((time) => Math.floor(time / MINUTE) * MINUTE);
    const isOpen = state === 'open';
    // What is endless is open afterwards too.
    expect(times.map((time) => isOpenAt(recurring, time))).toEqual([isOpen, isOpen, isOpen, found.endless ? true : !isOpen]);
  });

  test('as a second computation, minute by minute, finds, around changes of the clocks', () => {
    const zones = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata', 'UTC', 'America/Santiago'];
    const days = ['2026-03-08', '2026-03-29', '2026-04-05', '2026-10-04', '2026-10-25', '2026-11-01', '2026-09-06', '2026-12-31'];
    const recurring: fc.Arbitrary<Recurring> = fc.record({
      minutes: fc.constantFrom([0], [15], [30], [0, 30], [45], [59]),
      hours: fc.constantFrom([0], [1], [2], [3], [1, 2, 3], [23]),
      durationMs: fc.constantFrom(HOUR / 2, HOUR, 5 * HOUR, 26 * HOUR),
      zone: fc.constantFrom(...zones),
    });
    fc.assert(
      fc.property(recurring, fc.constantFrom(...days), fc.nat(36 * 60), (each, day, minutes) => {
        const now = Date.parse(`${day}T00:00:00Z`) - 6 * HOUR + minutes * 60_000;
        const starts = startsIn(each, now - each.durationMs - HOUR, now);
        const isOpen = starts.some((start) => start <= now && now < start + each.durationMs);
        const text = `${each.minutes.join()} ${each.hours.join()} * * * / ${each.durationMs / 60_000}m / ${each.zone}`;
        expect({ text, now: iso(now), open: scheduleOf(text).stateAt(now).open }).toEqual({ text, now: iso(now), open: isOpen });
      }),
      { numRuns: rounds('random schedules', 900, 25) },
    );
  });

  test('until it changes, evaluated once', () => {
    const schedule = scheduleOf(OFFICE);
    const at = (text: string) => schedule.stateAt(Date.parse(text));
    expect(at('2026-11-30T09:00:00Z').open).toBe(true);
    expect(at('2026-11-30T15:00:00Z')).toEqual(at('2026-11-30T09:00:00Z'));
    expect(at('2026-11-30T16:00:00Z').open).toBe(false);
    // A clock that is set back.
    expect(at('2026-11-30T10:00:00Z').open).toBe(true);
  });
});

describe('a schedule is refused', () => {
  test.each([
    ['', '"" is not "minute hour day month weekday / duration / time zone"'],
    ['0 9 * * mon-fri', '"0 9 * * mon-fri" is not "minute hour day month weekday / duration / time zone"'],
    ['0 9 * * * / 8h', '"0 9 * * * / 8h" is not'],
    ['0 9 * * * / 8h / UTC / UTC', 'is not "minute'],
    [`${OFFICE};`, '"" is not'],
    ['0 0 9 * * * / 8h / UTC', '"0 0 9 * * *" does not have five fields'],
    ['@daily / 8h / UTC', '"@daily" does not have five fields'],
    ['60 9 * * * / 8h / UTC', '"60" is not a minute'],
    ['0 24 * * * / 8h / UTC', '"24" is not a hour'],
    ['0 9 0 * * / 8h / UTC', '"0" is not a day of month'],
    ['0 9 * 13 * / 8h / UTC', '"13" is not a month'],
    ['0 9 * * 8 / 8h / UTC', '"8" is not a day of week'],
    ['0 9 * * monday / 8h / UTC', '"monday" is not a day of week'],
    ['0 9 * mon * / 8h / UTC', '"mon" is not a month'],
    ['0 9 L * * / 8h / UTC', '"L" is not a day of month'],
    ['0 9 * * fri-mon / 8h / UTC', '"fri-mon" is not a day of week'],
    ['0 9-8 * * * / 8h / UTC', '"9-8" is not a hour'],
    ['*/0 9 * * * / 8h / UTC', '"*/0" is not a minute'],
    ['5/10 9 * * * / 8h / UTC', '"5/10" is not a minute'],
    ['0 9 * * * / 8 / UTC', 'missing unit in duration'],
    ['0 9 * * * / -1h / UTC', 'the duration -1h is not between 1m and 744h'],
    ['0 9 * * * / 30s / UTC', 'the duration 30s is not between 1m and 744h'],
    ['0 9 * * * / 800h / UTC', 'the duration 800h is not between 1m and 744h'],
    ['0 9 * * * / 8h / Europe/Berlln', 'unknown time zone "Europe/Berlln"'],
    ['0 9 31 feb * / 8h / UTC', '"0 9 31 feb *" never comes: no such date exists'],
    ['x'.repeat(1025), 'is longer than 1024 characters'],
    [Array.from({ length: 21 }, () => '0 9 * * * / 8h / UTC').join(';'), 'has more than 20 times'],
  ])('%j: %s', (text, problem) => expect(problemOf(text)).toContain(problem));

  test('and no text is parsed with an error', () => {
    const word = fc.constantFrom('0', '*', '9-17', 'mon', '/', ' / ', ';', '8h', 'UTC', '*/5', '-', ',', 'L', '٣', '0x1');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'grapheme' }),
          fc.array(word, { maxLength: 9 }).map((words) => words.join(' ')),
        ),
        (text) => {
          expect(typeof (problemOf(text) ?? '')).toBe('string');
        },
      ),
      { numRuns: 300 },
    );
  });
});
