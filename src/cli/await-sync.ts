import type { ApiClient, SyncReportWire } from '../api/client/index.ts';
import { FluxError } from '../base/index.ts';
import { isBranch } from '../repository/index.ts';
import { short } from './await-job.ts';
import { createOutage } from './outage.ts';
import { dataText, type ReportFormat } from './output-format.ts';
import { isTimeout, poll } from './poll.ts';
import { printableLine } from './printable.ts';
import type { Session } from './session.ts';
import { painter } from './style.ts';
import { formatSync } from './sync-summary.ts';

/**
 * Waits for the end of a requested sync, shows on standard error which revision it applies, and prints its result.
 * @throws FluxError `cli/sync-failed` when the sync could not run at all, `cli/timeout`.
 */
export async function reportSync(
  session: Session,
  client: ApiClient,
  {
    branch,
    started,
    format = 'table',
  }: { readonly branch: string; readonly started: SyncReportWire; readonly format?: ReportFormat },
): Promise<SyncReportWire> {
  const report = await awaitEnd(session, client, branch, started);
  // With several sources, the others may have synced.
  const isEmpty = report.failure && Object.keys(report.counts).length === 0 && report.errors.length === 0;
  if (!report.failure) session.stderr.write('Done.\n');
  if (!isEmpty)
    session.stdout.write(
      format === 'table' ? formatSync(report, painter(session, session.stdout)) : await dataText(format, report),
    );
  if (report.failure) throw failureOf(report.failure);
  return report;
}

async function awaitEnd(session: Session, client: ApiClient, before: string, started: SyncReportWire): Promise<SyncReportWire> {
  const { clock, timeoutMs, stderr, progress } = session;
  const deadline = clock.monotonic() + timeoutMs;
  let announced = false;
  let follows = before;
  const announce = ({ revision, sources = [] }: SyncReportWire) => {
    if (announced) return;
    if (sources.length > 1) {
      if (sources.some((each) => each.revision === undefined)) return;
      announced = true;
      const revisions = sources.map((each) => `${each.name} at ${short(each.revision ?? '')}`).join(', ');
      stderr.write(`Waiting for ${printableLine(revisions)} to be applied ...\n`);
      return;
    }
    if (revision === undefined) return;
    announced = true;
    stderr.write(`Revision of ${printableLine(follows)} to apply is ${short(revision)}\n`);
    stderr.write(`Waiting for ${short(revision)} to be applied ...\n`);
  };
  const outage = createOutage(session);
  let latest = started;
  const asking = poll(
    async ({ signal }) => {
      announce(latest);
      if (latest.state === 'done') return latest;
      // The daemon answers when the sync ends. Until the revision is known, short polls make it appear at once.
      const waitSeconds = announced ? Math.min(10, Math.max(0, Math.floor((deadline - clock.monotonic()) / 1000))) : 0;
      latest = await client.sync(started.id, { waitSeconds, signal });
      outage.over();
      // The fetch of this sync may have found another tag.
      if (!announced && latest.revision !== undefined && !isBranch(follows))
        follows = (await client.gitRepoConfig({ regenerateKey: false }, { signal })).remote.branch;
      announce(latest);
      return latest.state === 'done' ? latest : undefined;
    },
    { clock, timeoutMs, initialMs: 50, maxMs: 500, outage },
  );
  const progressText = () => {
    if (latest.state === 'queued') return 'queued';
    return latest.revision === undefined ? 'fetching' : `applying ${short(latest.revision)}`;
  };
  try {
    return await progress.during(asking, progressText);
  } catch (error) {
    if (isTimeout(error)) stderr.write(SYNC_TIMEOUT);
    throw error;
  }
}

const SYNC_TIMEOUT = `We timed out waiting for the end of the sync, which the daemon
continues: fluxctl status shows what failed, fluxctl history the result.

`;

function failureOf({ message, help }: NonNullable<SyncReportWire['failure']>): FluxError {
  return new FluxError(help ? `${message}\n\n${help}` : message, { code: 'cli/sync-failed' });
}
