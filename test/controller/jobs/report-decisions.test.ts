import { expect, test } from 'vitest';
import type { ObjectEvent } from '../../../src/change/index.ts';
import { createDecisionReport } from '../../../src/controller/jobs/report-decisions.ts';
import { parseImageRef } from '../../../src/image/index.ts';
import type { DecidedContainer, Decision } from '../../../src/update/index.ts';
import { changeOf } from '../../support/changes.ts';
import { createTestLog } from '../../support/test-log.ts';
import { longestTurn } from '../../support/turn-cpu.ts';

const WEB = 'shop:deployment/web';
const target = parseImageRef('acme/web:2');
const newest: Decision = { state: 'current', because: 'newest' };
const older: Decision = { state: 'current', because: 'not-newer', newest: '1', tag: '2' };
const update: Decision = { state: 'update', target };
const inWindow = (until: number): Decision => ({ state: 'waiting', target, for: { kind: 'window', text: 'w' }, until });
const gathering = (until: number): Decision => ({ state: 'waiting', target, for: { kind: 'gathering' }, until });
const banned: Decision = { state: 'held', by: { kind: 'banned', tag: '2', ban: { kind: 'tag', tag: '2' } } };
const badPattern: Decision = { state: 'held', by: { kind: 'bad-pattern', pattern: 'https://ann:secret@host' } };
const suspended: Decision = { state: 'held', by: { kind: 'suspended', of: 'all', user: '', message: '' } };
const noTime: Decision = { state: 'unknown', why: { kind: 'no-time', tag: '1', newest: '2' } };
const unread = (...tags: readonly string[]): Decision => ({ state: 'unknown', why: { kind: 'unread', tags } });
const unreadable = (...tags: readonly string[]): Decision => ({ state: 'unknown', why: { kind: 'unreadable', tags } });
const undated = (tag: string): Decision => ({ state: 'unknown', why: { kind: 'undated', tag } });
const noTag = (newest: string): Decision => ({ state: 'unknown', why: { kind: 'no-tag', newest } });
const reverts = (until: number): Decision => ({ state: 'held', by: { kind: 'reverts-exhausted', until } });
const young = (text: string, since: number, of = target): Decision => ({
  state: 'waiting',
  target: of,
  for: { kind: 'min-age', tag: of.tag, text, since, inProcess: false },
  until: since,
});
const notScanned: Decision = { state: 'unknown', why: { kind: 'not-scanned' } };

async function world() {
  const events: ObjectEvent[] = [];
  const counts: unknown[] = [];
  const { log, lines } = await createTestLog();
  const report = createDecisionReport({
    cluster: { recordEvents: (all) => void events.push(...all) },
    metrics: { decided: (all) => void counts.push(all) },
    log,
  });
  const decided = (...decisions: readonly Decision[]) =>
    report.decided(
      decisions.map((decision, n): DecidedContainer => {
        return { workload: WEB, container: `c${n}`, image: 'acme/web:1', pattern: 'glob:*', decision };
      }),
      'a'.repeat(40),
    );
  report.synced({ changes: [changeOf(WEB, 'unchanged')], workloads: new Map([[WEB, {} as never]]) });
  return {
    report,
    decided,
    counts,
    /** The level, and what was logged. */
    logged: () => lines().map(({ level, msg, container }) => `${level} ${msg} ${container}`),
    told: () => events.map(({ reason, type, note }) => `${reason} ${type} ${note}`),
  };
}

test.each<[name: string, decision: Decision, logged: string | undefined, told: string | undefined]>([
  ['up to date', newest, undefined, undefined],
  ['updated', update, undefined, undefined],
  ['not newer', older, 'warn container not updated c0', undefined],
  [
    'waiting',
    inWindow(0),
    'info update waits c0',
    'ImageUpdateWaits Normal c0: outside of its window, "w"; automation goes on at 1970-01-01T00:00:00Z',
  ],
  ['gathered', gathering(0), 'info update waits c0', undefined],
  ['banned', banned, 'info container not updated c0', 'ImageUpdateHeld Warning c0: tag 2 is banned'],
  [
    'held',
    badPattern,
    'warn container not updated c0',
    'ImageUpdateHeld Warning c0: invalid tag pattern: "https://ann:***@host"',
  ],
  ['suspended', suspended, undefined, undefined],
  [
    'unknown',
    noTime,
    'warn container not updated c0',
    'ImageUpdateUnknown Warning c0: the creation time of tag 1 is unknown, so it is unknown whether 2 is newer',
  ],
  ['not scanned', notScanned, undefined, undefined],
])('a container that is %s is reported once', async (_name, decision, logged, told) => {
  const it = await world();
  for (let n = 0; n < 3; n += 1) await it.decided(decision);
  expect(it.logged()).toEqual(logged === undefined ? [] : [logged]);
  expect(it.told()).toEqual(told === undefined ? [] : [told]);
});

test('a decision is reported again when it changes, comes back, or another daemon led', async () => {
  const it = await world();
  await it.decided(banned, newest);
  await it.decided(banned, noTime);
  await it.decided(inWindow(0), noTime);
  await it.decided(update, newest);
  await it.decided(inWindow(1000), newest);
  expect(it.told().map((line) => line.split(' ')[0])).toEqual([
    'ImageUpdateHeld',
    'ImageUpdateUnknown',
    'ImageUpdateWaits',
    'ImageUpdateWaits',
  ]);
  await it.decided(gathering(0));
  await it.decided(gathering(5));
  expect(it.logged()).toHaveLength(5);
  it.report.forget();
  await it.decided(banned);
  expect([it.logged().length, it.told().length]).toEqual([6, 4]);
});

const newer = parseImageRef('acme/web:3');
test.each<[name: string, reports: number, first: Decision, then: Decision]>([
  ['the time of a window moves', 1, inWindow(0), inWindow(1000)],
  ['the time of gathering moves', 1, gathering(0), gathering(5)],
  ['the time of an age moves', 1, young('3d', 0), young('3d', 1000)],
  ['the time of reverts moves', 1, reverts(0), reverts(1000)],
  ['fewer tags are unread', 1, unread('a', 'b', 'c', 'd', 'e'), unread('d')],
  ['more tags are unreadable', 1, unreadable('a'), unreadable('a', 'b', 'c', 'd', 'e')],
  ['tags are unreadable that were unread', 2, unread('a'), unreadable('a')],
  ['the minimum age is another', 2, young('3d', 0), young('4d', 0)],
  ['a newer image has to be older', 2, young('3d', 0), young('3d', 0, newer)],
  ['the age of a newer image is unknown', 2, undated('2'), undated('3')],
  ['another tag may be newer', 2, noTag('2'), noTag('3')],
  ['a window follows gathering', 2, gathering(0), inWindow(0)],
])('%s: reported %i time(s)', async (_name, reports, first, then) => {
  const it = await world();
  await it.decided(first);
  await it.decided(then);
  expect(it.logged()).toHaveLength(reports);
});

test('decisions are counted by state and reason', async () => {
  const it = await world();
  await it.decided(banned, newest, newest, gathering(0));
  await it.decided();
  expect(it.counts).toEqual([
    [
      { state: 'held', reason: 'banned', count: 1 },
      { state: 'current', reason: 'newest', count: 2 },
      { state: 'waiting', reason: 'gathering', count: 1 },
    ],
    [],
  ]);
});

test('reporting 5,000 decisions that changed works ≤ 50 ms between two turns of the event loop', async () => {
  const it = await world();
  const { cpuMs } = await longestTurn(() => it.decided(...Array.from({ length: 5000 }, () => inWindow(0))));
  expect(it.told()).toHaveLength(5000);
  expect(cpuMs).toBeLessThan(50);
});
