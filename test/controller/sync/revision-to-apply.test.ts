import { expect, test } from 'vitest';
import { revisionToApply } from '../../../src/controller/sync/revision-to-apply.ts';
import { describeClosed, requireOpen } from '../../../src/controller/sync/sync-window.ts';
import { accept } from '../../../src/git/accept.ts';
import { createGates } from '../../../src/schedule/index.ts';

const [HEAD, RECORDED, APPLIED, FORCED_OUT] = ['d', 'c', 'b', 'a'].map((digit) => accept(digit.repeat(40)));
const SATURDAY = Date.parse('2026-12-05T12:00:00Z');
const MONDAY = Date.parse('2026-12-07T09:00:00Z');
const syncGate = createGates({ window: '0 9 * * mon-fri / 8h / UTC' }).of({});

interface Given {
  readonly applied?: string | undefined;
  readonly onlyRecorded?: boolean;
  readonly tag?: string | undefined;
  readonly overrides?: boolean;
}

test.each<[string, number, Given, object]>([
  ['open: the head', MONDAY, { tag: RECORDED }, { kind: 'head', revision: HEAD }],
  [
    'closed: what this process applied',
    SATURDAY,
    { applied: APPLIED, tag: RECORDED },
    { kind: 'earlier', revision: APPLIED, onlyRecorded: false },
  ],
  [
    'closed, after a start: what is recorded',
    SATURDAY,
    { tag: RECORDED },
    { kind: 'earlier', revision: RECORDED, onlyRecorded: true },
  ],
  [
    'closed, again after that start: still no more than what is recorded',
    SATURDAY,
    { applied: RECORDED, onlyRecorded: true, tag: RECORDED },
    { kind: 'earlier', revision: RECORDED, onlyRecorded: true },
  ],
  ['closed, the head was applied already', SATURDAY, { applied: HEAD }, { kind: 'head', revision: HEAD }],
  ['closed, a fresh repository: nothing', SATURDAY, {}, { kind: 'earlier', revision: undefined }],
  ['closed, not in the branch any more: nothing', SATURDAY, { tag: FORCED_OUT }, { kind: 'earlier', revision: undefined }],
  [
    'closed, but a person overrides it',
    SATURDAY,
    { applied: APPLIED, overrides: true },
    { kind: 'head', revision: HEAD, overridden: 'outside of --sync-window "0 9 * * mon-fri / 8h / UTC"' },
  ],
  ['open, and a person overrides nothing', MONDAY, { overrides: true }, { kind: 'head', revision: HEAD }],
])('%s', async (_name, now, { applied, onlyRecorded = false, tag, overrides = false }, expected) => {
  const source = {
    marker: async () => tag,
    acceptedBefore: async (revision: string) => (revision === FORCED_OUT ? undefined : accept(revision)),
  };
  const clock = { now: () => now };
  const toApply = await revisionToApply(
    accept(`${HEAD}`),
    { source, progress: { applied, onlyRecorded }, syncGate, clock },
    { overrides },
  );
  expect(toApply).toMatchObject(expected);
  expect('overridden' in toApply).toBe('overridden' in expected);
  if (toApply.kind === 'earlier')
    expect(describeClosed(toApply.closed)).toContain('new revisions are applied from 2026-12-07T09:00:00Z on');
});

test('a request while it is closed is refused, with the opening time and the way out', () => {
  expect(() => requireOpen({ syncGate, clock: { now: () => MONDAY } })).not.toThrow();
  expect(() => requireOpen({ syncGate, clock: { now: () => SATURDAY } })).toThrow(
    expect.objectContaining({
      code: 'sync/window-closed',
      message: expect.stringContaining('from 2026-12-07T09:00:00Z on'),
      help: expect.stringContaining('--override-window'),
    }),
  );
});
