import { FluxError, type Logger } from '../base/index.ts';
import type { RefUpdate } from './commands/remote.ts';
import { type GitOutput, gitFailed } from './failure.ts';
import type { Git } from './git.ts';
import type { RunOptions } from './git-process.ts';

export interface Remote {
  readonly git: Git;
  readonly address: string;
  readonly directory: string;
}

/**
 * Pushes all updates or none, in order of importance. A server without atomic pushes (detected once, then passed in as `atomic`) gets
 * them one by one in that order, so that the branch comes first. Resolves to undefined if everything arrived, else to the error
 * of the server or the connection. The error does not prove that nothing arrived: only a fetch does.
 */
export async function pushRefs(
  { git, address, directory }: Remote,
  updates: readonly RefUpdate[],
  server: { atomic: boolean },
  log: Logger,
  run: RunOptions,
): Promise<FluxError | undefined> {
  if (server.atomic || updates.length === 1) {
    const { ok, noAtomic, output } = await git.push(address, updates, { ...run, atomic: server.atomic && updates.length > 1 });
    if (ok) return undefined;
    if (!noAtomic) return pushFailed(output, directory);
    server.atomic = false;
    log.warn({}, 'git server does not support atomic push; pushing refs one by one');
  }
  for (const update of updates) {
    const { ok, output } = await git.push(address, [update], { ...run, atomic: false });
    if (!ok) return pushFailed(output, directory);
  }
  return undefined;
}

/** Checks write access by a push that changes nothing, so that nothing can stay behind. */
export async function checkWritable(
  { git, address, directory }: Remote,
  branch: string,
  head: string,
  run: RunOptions,
): Promise<FluxError | undefined> {
  const update = { ref: `refs/heads/${branch}`, target: head, expected: head };
  const ask = () => git.push(address, [update], { ...run, atomic: false, dryRun: true });
  const first = await ask();
  if (first.ok || isStale(first.output)) return undefined;
  const { ok, output } = isUnanswered(first.output, await gitFailed(first.output, directory)) ? await ask() : first;
  if (ok || isStale(output)) return undefined;
  const failure = await gitFailed(output, directory);
  return new FluxError(`attempt to push: ${failure.message}`, {
    code: 'git/not-writable',
    fault: 'user',
    help: `Could not write to the upstream repository. Syncing continues, but releases, automation and the sync tag need write access.\n\n${failure.help ?? ''}`,
    cause: failure,
  });
}

/** Whether the branch has moved since it was fetched. The server let git get that far, as it does with a branch that has not. */
function isStale({ stdout }: GitOutput): boolean {
  return /^!\t.*\[rejected\] \(stale info\)/m.test(stdout.toString('utf8'));
}

/** Whether the failure may be temporary, because neither the server nor git rejected the push. */
function isUnanswered({ stdout }: GitOutput, { code }: FluxError): boolean {
  const isRefused = /^!\t.*\[(remote )?rejected\]/m.test(stdout.toString('utf8'));
  return !isRefused && (code === 'git/command-failed' || code === 'git/unreachable');
}

export async function pushFailed(output: GitOutput, directory: string): Promise<FluxError> {
  const failure = await gitFailed(output, directory);
  if (isUnanswered(output, failure))
    return new FluxError(failure.message, {
      code: 'git/push-unanswered',
      help: `The connection broke, or git ended, before the server confirmed the push.\n\n${failure.help ?? ''}`,
      cause: failure,
    });
  return new FluxError(failure.message, {
    code: 'git/push-failed',
    fault: 'user',
    help: `Problem committing and pushing to git repository.\n\nThe server rejected the push; its message is in the error. Protected branches, server hooks and read-only keys are the usual reasons.\n\n${failure.help ?? ''}`,
    cause: failure,
  });
}

/** Another push came first; the mirror is up to date, and the change can be planned again. */
export function pushRaced(branch: string, base: string, head: string | undefined): FluxError {
  return new FluxError(
    `branch "${branch}" moved from ${base.slice(0, 7)} to ${head?.slice(0, 7) ?? 'nothing'} during the change`,
    {
      code: 'git/push-raced',
      help: 'The change will be planned again on the new head.',
    },
  );
}
