import { Writable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { syncReportToWire } from '../../../src/api/v1/sync-report.ts';
import { createLogger, FluxError } from '../../../src/base/index.ts';
import { formatSync } from '../../../src/cli/sync-summary.ts';
import type { Change, Source } from '../../../src/controller/ports.ts';
import { createOutcomeLog } from '../../../src/controller/sync/log-outcome.ts';
import type { SyncOutcome } from '../../../src/controller/sync/sync.ts';
import { createSyncRecorder } from '../../../src/controller/sync/sync-recorder.ts';
import { SyncReports } from '../../../src/controller/sync/sync-reports.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const REVISION = '1'.repeat(40);

/** What somebody can read of an object: its id, what became of it, and why. */
type Told = readonly [id: string, outcome: string, why: string];

const changeArbitrary: fc.Arbitrary<Omit<Change, 'id'>> = fc.record(
  {
    outcome: fc.constantFrom('created', 'configured', 'unchanged', 'deleted', 'skipped', 'held', 'failed'),
    reason: fc.constantFrom('changed in Git', 'no longer in Git', 'dry run'),
  },
  { requiredKeys: ['outcome'] },
);
const changes = fc.array(changeArbitrary, { maxLength: 8 }).map((list) =>
  list.map(({ outcome, reason }, n): Change => {
    const id = `a:configmap/m${n}`;
    if (outcome === 'failed') return { id, outcome, error: new FluxError('field is immutable', { code: 'cluster/immutable' }) };
    return { id, outcome, ...(reason === undefined ? {} : { reason }) };
  }),
);

test('log, record in Git, report of the API and fluxctl tell the same of a sync', async () => {
  await fc.assert(
    fc.asyncProperty(changes, async (list) => {
      const outcome: SyncOutcome = { revision: REVISION, startedAt: 0, finishedAt: 1, changes: list, errors: [], warnings: [] };
      const expected = list
        .filter(({ outcome: word }) => word !== 'unchanged')
        .map(({ id, outcome: word, reason, error }): Told => [id, word, reason ?? error?.message ?? '']);
      const report = reported(outcome);
      expect(await logged(outcome)).toEqual(expected);
      expect(byId(await recorded(outcome))).toEqual(expected);
      expect(
        report.changes.map(({ id, outcome: word, reason, error }): Told => [id, word, reason ?? error?.message ?? '']),
      ).toEqual(expected);
      const shown = formatSync(report, (_colour, line) => line)
        .split('\n')
        .slice(0, expected.length);
      expect(new Set(shown)).toEqual(new Set(expected.map(([id, word, why]) => `${word} ${id}${why === '' ? '' : `: ${why}`}`)));
    }),
    { numRuns: 30 },
  );
});

function byId(told: readonly Told[]): readonly Told[] {
  return told.toSorted(([a], [b]) => (a < b ? -1 : 1));
}

async function logged(outcome: SyncOutcome): Promise<readonly Told[]> {
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  createOutcomeLog()(outcome, await createLogger({ format: 'json', destination }));
  return lines
    .flatMap((text) => text.split('\n').filter((line) => line !== ''))
    .map((line) => JSON.parse(line))
    .filter(({ resource }) => resource !== undefined)
    .map(({ resource, outcome: word, reason, error }): Told => [resource, word, reason ?? error ?? '']);
}

async function recorded(outcome: SyncOutcome): Promise<readonly Told[]> {
  let written = '{"changes":[]}';
  const source = {
    commits: async () => [],
    syncRecord: async () => undefined,
    recordSync: async ({ record }: { record?: string }) => {
      written = record ?? written;
    },
  } as unknown as Source;
  await createSyncRecorder(source, 'fluxd/1', new ManualClock()).record(outcome);
  const { changes: list } = JSON.parse(written) as { changes: { id: string; outcome: string; reason?: string }[] };
  return list.map(({ id, outcome: word, reason = '' }): Told => [id, word, reason]);
}

function reported(outcome: SyncOutcome) {
  const reports = new SyncReports();
  const { id } = reports.ask();
  reports.take(0);
  reports.finish(id, outcome);
  return syncReportToWire(reports.get(id));
}
