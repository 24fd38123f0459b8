import type { ApiClient, UpdateResult } from '../api/client/index.ts';
import { FluxError } from '../base/index.ts';
import { createOutage } from './outage.ts';
import { dataText, type ReportFormat } from './output-format.ts';
import { isTimeout, poll } from './poll.ts';
import { printableLine } from './printable.ts';
import { formatResult, resultRows, type Verbosity } from './result-table.ts';
import type { Session } from './session.ts';

export interface FinishedJob {
  readonly revision?: string;
  readonly result?: UpdateResult;
  /** Where the result waits to be merged. */
  readonly pullRequests?: readonly {
    readonly branch: string;
    readonly name?: string | undefined;
    readonly url?: string | undefined;
  }[];
}

/**
 * Waits until a job ends.
 * @throws FluxError `cli/job-failed` with the daemon's text; `cli/timeout` after a message on standard error.
 */
export async function awaitJob(session: Session, client: ApiClient, id: string): Promise<FinishedJob> {
  const { clock, timeoutMs, stderr, progress } = session;
  let state = 'queued';
  try {
    const asking = poll(
      async (options) => {
        const status = await client.jobStatus(id, options);
        state = status.StatusString;
        return status.StatusString === 'failed' || status.StatusString === 'succeeded' ? status : undefined;
      },
      { clock, timeoutMs, initialMs: 100, maxMs: 5000, outage: createOutage(session) },
    );
    const { Result, Err, StatusString } = await progress.during(asking, () => (state === 'queued' ? 'queued' : state));
    if (StatusString === 'failed') throw jobFailed(Err);
    const { revision, result, pullRequests } = Result;
    return {
      ...(revision ? { revision } : {}),
      ...(result ? { result } : {}),
      ...(pullRequests ? { pullRequests } : {}),
    };
  } catch (error) {
    if (isTimeout(error)) stderr.write(JOB_TIMEOUT);
    throw error;
  }
}

function jobFailed(message: string): FluxError {
  const help = message.startsWith(NO_CHANGES) ? { help: 'Run the same command with --dry-run -v to see why.' } : {};
  return new FluxError(message, { code: 'cli/job-failed', fault: 'user', ...help });
}

/** How a release without changes fails. A policy command without changes succeeds. */
const NO_CHANGES = 'no changes made in repo';

export interface ReportOptions {
  readonly verbosity: Verbosity;
  /** Whether to wait until the commit is applied. */
  readonly awaitApply: boolean;
  readonly format: ReportFormat;
}

/** Prints the result of a job: the table on standard output, the commit on standard error. */
export async function reportJob(
  session: Session,
  client: ApiClient,
  { revision, result, pullRequests }: FinishedJob,
  { verbosity, awaitApply, format }: ReportOptions,
): Promise<void> {
  const { stdout, stderr } = session;
  if (format !== 'table')
    stdout.write(
      await dataText(format, {
        ...(revision ? { revision } : {}),
        result: result ?? null,
        ...(pullRequests ? { pullRequests } : {}),
      }),
    );
  else if (result) stdout.write(formatResult(result, verbosity));
  if (revision) stderr.write(`Commit pushed:\t${short(revision)}\n`);
  for (const { branch, name, url } of pullRequests ?? [])
    stderr.write(
      url === undefined
        ? `Branch pushed:\t${printableLine(branch)}\n`
        : `Pull request:\t${printableLine(`${name ?? ''} ${url}`).trim()}\n`,
    );
  if (!result) stderr.write('Nothing to do\n');
  else if (isAllHidden(result, verbosity)) stderr.write('Nothing to do; use -v to see why\n');
  if (!revision || !awaitApply) return;
  try {
    await awaitApplied(session, client, revision);
    stderr.write(`Commit applied:\t${short(revision)}\n`);
  } catch (error) {
    if (!isTimeout(error)) throw error;
    // The commit is pushed, so the command succeeded.
    stderr.write(APPLY_TIMEOUT);
  }
}

/** Whether there are workloads, and all of them are hidden. */
function isAllHidden(result: UpdateResult, verbosity: Verbosity): boolean {
  return Object.keys(result).length > 0 && resultRows(result, verbosity).length === 0;
}

/** Waits until the daemon has applied a revision and its ancestors. @throws FluxError `cli/timeout`. */
export async function awaitApplied(session: Session, client: ApiClient, revision: string): Promise<void> {
  const { clock, timeoutMs, progress } = session;
  const asking = poll(async (options) => ((await client.syncStatus(revision, options)).length === 0 ? true : undefined), {
    clock,
    timeoutMs,
    initialMs: 1000,
    maxMs: 10_000,
    outage: createOutage(session),
  });
  await progress.during(asking, () => `applying ${short(revision)}`);
}

/** The first seven characters of a revision. */
export function short(revision: string): string {
  return printableLine(revision).slice(0, 7);
}

const JOB_TIMEOUT = `We timed out waiting for the result of the operation. It may still
be queued or running, and may yet succeed: check the commits of the
branch, or the workloads, for its result. It is safe to run the same
command again.

`;

const APPLY_TIMEOUT = `The commit is pushed, but we timed out waiting for it to be applied to
the cluster. The daemon will still apply it; to resume waiting, run

    fluxctl sync

`;
