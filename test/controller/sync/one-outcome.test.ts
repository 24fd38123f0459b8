import { Writable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { syncReportToWire } from '../../../src/api/v1/sync-report.ts';
import { createLogger, FluxError } from '../../../src/base/index.ts';
import type { Change } from '../../../src/change/index.ts';
import { formatSync } from '../../../src/cli/sync-summary.ts';
import type { Source } from '../../../src/controller/ports/source.ts';
import { createOutcomeLog } from '../../../src/controller/sync/log-outcome.ts';
import type { SyncOutcome } from '../../../src/controller/sync/sync-outcome.ts';
import { createSyncRecorder } from '../../../src/controller/sync/sync-recorder.ts';
import { SyncReports } from '../../../src/controller/sync/sync-reports.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { partOf } from '../../support/part-of.ts';

const REVISION = '1'.repeat(40);

/** What somebody can read of an object: its id, what became of it, and why. */
type Told = readonly [id: string, outcome: string, why: string];

const place = { file: 'a.yaml', document: 1, line: 1 };
const reason = fc.constantFrom('changed in Git', 'no longer in Git', 'dry run');
const error = new FluxError('field is immutable', { code: 'cluster/immutable' });
const changeArbitrary: fc.Arbitrary<(id: string) => Change> = fc.oneof(
  fc.tuple(fc.constantFrom('created', 'configured'), fc.option(reason)).map(
    ([outcome, why]) =>
      (id: string): Change => ({ id, inGit: true, place, outcome, ...(why === null ? {} : { reason: why }) }),
  ),
  fc.tuple(fc.constantFrom('skipped', 'held'), reason, fc.boolean()).map(([outcome, why, inGit]) => (id: string): Change => {
    if (!inGit) return { id, inGit, outcome, reason: why };
    return { id, inGit, place, outcome, reason: why };
  }),
  reason.map(
    (why) =>
      (id: string): Change => ({ id, inGit: false, outcome: 'deleted', reason: why }),
  ),
  fc.boolean().map((inGit) => (id: string): Change => {
    return inGit ? { id, inGit, place, outcome: 'failed', error } : { id, inGit, outcome: 'failed', error };
  }),
  fc.constant((id: string): Change => ({ id, inGit: true, place, outcome: 'unchanged' })),
);
const changes = fc.array(changeArbitrary, { maxLength: 8 }).map((list) => list.map((change, n) => change(`a:configmap/m${n}`)));

test('log, record in Git, report of the API and fluxctl tell the same of a sync', async () => {
  await fc.assert(
    fc.asyncProperty(changes, async (list) => {
      const outcome = outcomeOf({ revision: REVISION, changes: list });
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
      const lines = expected.map(([id, word, why]) => `${word} ${id}${why === '' ? '' : `: ${why}`}`);
      // Of trouble, fluxctl shows the place too.
      expect(new Set(shown.map((line) => line.replace(' (a.yaml:1 document 1)', '')))).toEqual(new Set(lines));
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
  const source = partOf<Source>({
    marker: async () => undefined,
    syncRecord: async () => undefined,
    recordSync: async ({ record }: { record?: string }) => {
      written = record ?? written;
    },
  });
  await createSyncRecorder(source, 'fluxd/1', new ManualClock()).record(outcome);
  const { changes: list } = JSON.parse(written) as { changes: { id: string; outcome: string; reason?: string }[] };
  return list.map(({ id, outcome: word, reason = '' }): Told => [id, word, reason]);
}

function reported(outcome: SyncOutcome) {
  const reports = new SyncReports();
  const { id } = reports.ask();
  reports.take(0);
  reports.finish(id, outcome, undefined, undefined);
  return syncReportToWire(reports.get(id));
}
