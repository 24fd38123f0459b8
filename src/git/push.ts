import { FluxError, type Logger } from '../base/index.ts';
import { type GitOutput, gitFailed } from './failure.ts';
import type { Git, RefUpdate } from './git.ts';
import type { RunOptions } from './git-process.ts';

export interface Remote {
  readonly git: Git;
  readonly address: string;
  readonly directory: string;
}

/**
 * Pushes all updates or none; the order is that of importance. A server that cannot do so (seen once, then remembered by the
 * caller through `atomic`) gets them one by one in that order, so that a branch is never without its commit.
 * Resolves to undefined when everything arrived, else to what the far side or the connection said. The error does not say
 * whether something arrived: only a fetch does.
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
    log.warn({}, 'git server has no atomic push: refs are pushed one after the other');
  }
  for (const update of updates) {
    const { ok, output } = await git.push(address, [update], { ...run, atomic: false });
    if (!ok) return pushFailed(output, directory);
  }
  return undefined;
}

/** Whether the remote would take a push from us: asks for one that changes nothing, so nothing can stay behind. */
export async function checkWritable(
  { git, address, directory }: Remote,
  branch: string,
  head: string,
  run: RunOptions,
): Promise<FluxError | undefined> {
  const update = { ref: `refs/heads/${branch}`, target: head, expected: head };
  const ask = () => git.push(address, [update], { ...run, atomic: false, dryRun: true });
  const first = await ask();
  if (first.ok) return undefined;
  const { ok, output } = isUnanswered(first.output, await gitFailed(first.output, directory)) ? await ask() : first;
  if (ok) return undefined;
  const failure = await gitFailed(output, directory);
  return new FluxError(`attempt to push: ${failure.message}`, {
    code: 'git/not-writable',
    fault: 'user',
    help: `Could not write to the upstream repository. Syncing goes on, but releases, automation and the sync tag need write access.\n\n${failure.help ?? ''}`,
    cause: failure,
  });
}

/** The far side did not say no, nor did anybody on the way: what broke may hold the next time. */
function isUnanswered({ stdout }: GitOutput, { code }: FluxError): boolean {
  const isRefused = /^!\t.*\[(remote )?rejected\]/m.test(stdout.toString('utf8'));
  return !isRefused && (code === 'git/command-failed' || code === 'git/unreachable');
}

async function pushFailed(output: GitOutput, directory: string): Promise<FluxError> {
  const failure = await gitFailed(output, directory);
  if (isUnanswered(output, failure))
    return new FluxError(failure.message, {
      code: 'git/push-unanswered',
      help: `The connection broke, or git ended, before the server said that it took the push.\n\n${failure.help ?? ''}`,
      cause: failure,
    });
  return new FluxError(failure.message, {
    code: 'git/push-failed',
    fault: 'user',
    help: `Problem committing and pushing to git repository.\n\nThe server did not take the push; what it said is in the error. Protected branches, server hooks and read-only keys are the usual reasons.\n\n${failure.help ?? ''}`,
    cause: failure,
  });
}

/** Somebody else pushed first; the mirror is up to date again and the change can be planned anew. */
export function pushRaced(branch: string, base: string, head: string | undefined): FluxError {
  return new FluxError(
    `branch "${branch}" moved from ${base.slice(0, 7)} to ${head?.slice(0, 7) ?? 'nothing'} while the change was made`,
    {
      code: 'git/push-raced',
      help: 'The change is planned again on the new head.',
    },
  );
}
