import { FluxError, type Logger } from '../base/index.ts';
import { gitFailed } from './failure.ts';
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
    if (!noAtomic) return pushFailed(await gitFailed(output, directory));
    server.atomic = false;
    log.warn({}, 'git server has no atomic push: refs are pushed one after the other');
  }
  for (const update of updates) {
    const { ok, output } = await git.push(address, [update], { ...run, atomic: false });
    if (!ok) return pushFailed(await gitFailed(output, directory));
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
  const { ok, output } = await git.push(address, [update], { ...run, atomic: false, dryRun: true });
  if (ok) return undefined;
  const failure = await gitFailed(output, directory);
  return new FluxError(`attempt to push: ${failure.message}`, {
    code: 'git/not-writable',
    fault: 'user',
    help: `Could not write to the upstream repository. Syncing goes on, but releases, automation and the sync tag need write access.\n\n${failure.help ?? ''}`,
    cause: failure,
  });
}

function pushFailed(failure: FluxError): FluxError {
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
