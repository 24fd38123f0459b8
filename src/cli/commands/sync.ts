import type { Command } from 'commander';
import type { ApiClient, GitConfig, SyncReportWire } from '../../api/client/index.ts';
import { FluxError, hasCode } from '../../base/index.ts';
import { awaitHealth, cannotWait } from '../await-health.ts';
import { awaitApplied, awaitJob, short } from '../await-job.ts';
import { reportSync } from '../await-sync.ts';
import { causeFrom } from '../cause.ts';
import { type Launch, subcommand } from '../command.ts';
import { dataText, outputFormat, outputOption, REPORT_FORMATS } from '../output-format.ts';
import { printableLine } from '../printable.ts';
import type { Session } from '../session.ts';
import { say } from '../style.ts';
import { describeTrouble, describeUnverified } from '../sync-summary.ts';

interface Flags {
  readonly ignoreApplyErrors?: boolean;
  readonly wait?: boolean;
  readonly overrideWindow?: boolean;
  readonly outputFormat: string;
}

export function syncCommand(launch: Launch): Command {
  return subcommand<Flags>('sync', {
    summary: 'Sync the cluster with the Git repository, now',
    examples: ['sync', 'sync --wait --timeout=10m'],
    launch,
    options: (command) =>
      command
        .option('--ignore-apply-errors', 'exit 0 although objects failed to apply, as in Flux v1')
        .option('--wait', 'wait for applied objects to become healthy, else exit 1 (--timeout defaults to 5m)')
        .option('--override-window', 'apply the head of the branch although --sync-window is closed')
        .addOption(outputOption(REPORT_FORMATS)),
    run: sync,
  });
}

/**
 * If the daemon keeps a history of syncs, requests one, waits for its end and prints its result object by object; a failed object
 * fails the command. A Flux v1 daemon is sent a sync job instead, and polled until its sync tag has reached the revision.
 */
async function sync(
  session: Session,
  { ignoreApplyErrors = false, wait = false, overrideWindow: overridesWindow = false, outputFormat: asked }: Flags,
): Promise<number> {
  const format = outputFormat(asked, REPORT_FORMATS);
  const client = await session.client();
  const git = await client.gitRepoConfig({ regenerateKey: false });
  // A source that is not ready does not keep the others from syncing.
  const several = git.status === 'ready' ? undefined : await client.sources();
  if (!several) checkReady(git);
  const started = await client.startSync({ overridesWindow });
  const names = started?.sources?.map(({ name }) => name) ?? [];
  const what = names.length > 1 ? `the sources ${names.join(', ')}` : git.remote.url;
  session.stderr.write(`Synchronizing with ${printableLine(what)}\n`);
  if (!started) {
    if (overridesWindow) throw cannotOverride();
    if (wait) throw cannotWait();
    const revision = await syncByJob(session, client, git);
    if (format !== 'table') session.stdout.write(await dataText(format, { revision, state: 'done' }));
    return 0;
  }
  const report = await reportSync(session, client, { branch: git.remote.branch, started, format });
  const trouble = [...headTrouble(report), ...[describeTrouble(report)].filter((text) => text !== '')].join('; ');
  if (trouble !== '') say(session, ignoreApplyErrors ? 'Warning' : 'Error', trouble);
  if (trouble !== '' && !ignoreApplyErrors) return 1;
  // With -o json or yaml, standard output has only the sync's data; health goes to standard error.
  return wait
    ? awaitHealth(session, client, { revision: report.revision, output: format === 'table' ? session.stdout : session.stderr })
    : 0;
}

/** The revision that was synced is not the head of the branch, in the words of Flux v1. */
function headTrouble({ revision = '', unverified }: SyncReportWire): readonly string[] {
  if (!unverified) return [];
  const last = `The last verified commit was ${revision.slice(0, 8)}. HEAD is ${printableLine(unverified.head.slice(0, 8))}.`;
  return [
    `The branch HEAD in the git repo is not verified, and fluxd is unable to sync to it. ${last} (${describeUnverified(unverified)})`,
  ];
}

function cannotOverride(): FluxError {
  return new FluxError('this daemon has no window of syncs to override', {
    code: 'cli/flux-v1',
    fault: 'user',
    help: 'It is a Flux v1, or older than fluxctl. Run fluxctl sync without --override-window.',
  });
}

function checkReady({ remote, status, errors }: GitConfig): void {
  if (status === 'ready') return;
  const detail = errors === '' ? '' : `\n\nFull error message: ${errors}`;
  const refuse = (message: string) => new FluxError(message, { code: 'cli/git-not-ready', fault: 'user' });
  if (status === 'unconfigured') throw refuse('no git repository is configured');
  if (status === 'unreachable') {
    throw refuse(`can not connect to git repository with URL ${remote.url}\n\nFull error message: ${errors}`);
  }
  throw refuse(`git repository ${remote.url} is not ready to sync${detail}`);
}

/** The protocol of Flux v1, whose daemon does not report which objects failed to apply. */
async function syncByJob(session: Session, client: ApiClient, { remote }: GitConfig): Promise<string> {
  const { stderr, env } = session;
  const cause = await causeFrom({ message: '' }, env);
  const job = await client.updateManifests({ type: 'sync', cause, spec: {} });
  const revision = await syncedRevision(session, client, job);
  stderr.write(`Revision of ${printableLine(remote.branch)} to apply is ${short(revision)}\n`);
  stderr.write(`Waiting for ${short(revision)} to be applied ...\n`);
  await awaitApplied(session, client, short(revision));
  stderr.write('Done.\n');
  return revision;
}

const UNVERIFIED = /branch HEAD in the git repo is not verified[\s\S]*last verified commit was ([0-9a-f]{7,64})/;

async function syncedRevision(session: Session, client: ApiClient, job: string): Promise<string> {
  try {
    const { revision } = await awaitJob(session, client, job);
    if (revision) return revision;
    throw new FluxError('the daemon returned no revision', { code: 'cli/job-failed' });
  } catch (error) {
    if (!hasCode(error, 'cli/job-failed')) throw error;
    const verified = UNVERIFIED.exec(error.message)?.[1];
    if (!verified) {
      session.stderr.write(`Failed to complete sync job (ID ${JSON.stringify(job)})\n`);
      throw error;
    }
    say(session, 'Warning', printableLine(error.message));
    return verified;
  }
}
