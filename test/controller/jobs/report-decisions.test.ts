import { expect, test } from 'vitest';
import type { ObjectEvent } from '../../../src/change/index.ts';
import { createDecisionReport } from '../../../src/controller/jobs/report-decisions.ts';
import { parseImageRef } from '../../../src/image/index.ts';
import type { DecidedContainer, Decision } from '../../../src/update/index.ts';
import { changeOf } from '../../support/changes.ts';
import { createTestLog } from '../../support/test-log.ts';

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
const noTime: Decision = { state: 'unknown', why: { kind: 'no-time' } };
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
  ['unknown', noTime, 'warn container not updated c0', 'ImageUpdateUnknown Warning c0: image with zero created timestamp'],
  ['not scanned', notScanned, undefined, undefined],
])('a container that is %s is reported once', async (_name, decision, logged, told) => {
  const it = await world();
  for (let n = 0; n < 3; n += 1) it.decided(decision);
  expect(it.logged()).toEqual(logged === undefined ? [] : [logged]);
  expect(it.told()).toEqual(told === undefined ? [] : [told]);
});

test('a decision is reported again when it changes, comes back, or another daemon led', async () => {
  const it = await world();
  it.decided(banned, newest);
  it.decided(banned, noTime);
  it.decided(inWindow(0), noTime);
  it.decided(inWindow(1000), newest);
  it.decided(update, newest);
  it.decided(inWindow(1000), newest);
  expect(it.told().map((line) => line.split(' ')[0])).toEqual([
    'ImageUpdateHeld',
    'ImageUpdateUnknown',
    'ImageUpdateWaits',
    'ImageUpdateWaits',
    'ImageUpdateWaits',
  ]);
  it.decided(gathering(0));
  it.decided(gathering(5));
  expect(it.logged()).toHaveLength(6);
  it.report.forget();
  it.decided(banned);
  expect([it.logged().length, it.told().length]).toEqual([7, 5]);
});

test('decisions are counted by state and reason', async () => {
  const it = await world();
  it.decided(banned, newest, newest, gathering(0));
  it.decided();
  expect(it.counts).toEqual([
    [
      { state: 'held', reason: 'banned', count: 1 },
      { state: 'current', reason: 'newest', count: 2 },
      { state: 'waiting', reason: 'gathering', count: 1 },
    ],
    [],
  ]);
});
