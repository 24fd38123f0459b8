import { createHash } from 'node:crypto';
import { FluxError } from '../base/index.ts';
import { gitFailed } from './failure.ts';
import type { Git } from './git.ts';
import type { RunOptions } from './git-process.ts';
import { isObjectId } from './names.ts';
import { type RemoteRefs, remoteRefs } from './remote-refs.ts';

export interface Followed {
  /** Full names; without its objects the whole fetch has failed. */
  readonly branch: string;
  /** Refs of ours; one that is refused stays as it was. */
  readonly marks: readonly string[];
  /** Told of each mark that is refused. */
  readonly onRefused: (ref: string, why: FluxError) => void;
}

/** A bare repository and where it is fetched from. */
export interface Local {
  readonly git: Git;
  readonly address: string;
  readonly directory: string;
  /** What an expression names in it now. */
  readonly resolve: (expression: string, run: RunOptions) => Promise<string | undefined>;
}

/** Refs that were asked about are named by a hash, so that none can stand in the way of another. */
const ASKED = 'refs/fluxd/asked';

export async function listRemote({ git, address }: Pick<Local, 'git' | 'address'>, run: RunOptions): Promise<RemoteRefs> {
  return remoteRefs(await git.lsRemote(address, run));
}

/**
 * Gives the branch and the marks the objects that they have on the remote, by the same names. No other ref is fetched, whatever its
 * name, size or state. Resolves to what the remote listed.
 * @throws FluxError `git/bad-objects` for a branch with an object that git does not accept, or why nothing could be fetched
 */
export async function fetchFollowed(local: Local, followed: Followed, run: RunOptions, listed?: RemoteRefs): Promise<RemoteRefs> {
  const { git, resolve } = local;
  const names = [followed.branch, ...followed.marks];
  const [refs, present] = await Promise.all([
    listed ?? listRemote(local, run),
    Promise.all(names.map((ref) => resolve(ref, run))),
  ]);
  const gone = names.filter((ref, index) => refs.idOf(ref) === undefined && present[index] !== undefined);
  if (gone.length > 0)
    await git.updateRefs(
      gone.map((ref) => ({ ref, target: undefined })),
      run,
    );
  const changed = names.filter((ref, index) => refs.idOf(ref) !== undefined && refs.idOf(ref) !== present[index]);
  const failure = changed.length === 0 ? undefined : await fetchRefs(local, changed, run);
  if (failure?.code === 'git/ref-removed' && !listed) return fetchFollowed(local, followed, run, await listRemote(local, run));
  if (failure?.code === 'git/bad-objects' && changed.length > 1) await fetchOneByOne(local, followed, changed, run);
  else if (failure) throw failure;
  return refs;
}

/** What one ref brings must not keep out the others. */
async function fetchOneByOne(local: Local, followed: Followed, changed: readonly string[], run: RunOptions): Promise<void> {
  for (const ref of changed) {
    const failure = await fetchRefs(local, [ref], run);
    if (failure && (ref === followed.branch || failure.code !== 'git/bad-objects')) throw failure;
    if (failure) followed.onRefused(ref, failure);
  }
}

async function fetchRefs(
  { git, address, directory }: Local,
  refs: readonly string[],
  run: RunOptions,
): Promise<FluxError | undefined> {
  const pairs = refs.map((ref) => [ref, ref] as const);
  const output = await git.fetch(address, pairs, run);
  return output.exitCode === 0 ? undefined : gitFailed(output, directory);
}

/** A ref of the remote that a branch, a tag, a full name, or the id of the object in it stands for. */
export function refNamed(refs: RemoteRefs, name: string): string | undefined {
  if (isObjectId(name)) return refs.refOf(name);
  return [`refs/heads/${name}`, `refs/tags/${name}`, name].find((candidate) => refs.idOf(candidate) !== undefined);
}

/**
 * The commit that a listed ref names, fetched if need be.
 * @throws FluxError when it cannot be fetched
 */
export async function fetchOther(
  { git, address, directory, resolve }: Local,
  refs: RemoteRefs,
  ref: string,
  run: RunOptions,
): Promise<string | undefined> {
  const present = await resolve(`${refs.idOf(ref)}^{commit}`, run);
  if (present !== undefined) return present;
  const kept = `${ASKED}/${createHash('sha1').update(ref).digest('hex')}`;
  const output = await git.fetch(address, [[ref, kept]], run);
  if (output.exitCode === 0) return resolve(`${kept}^{commit}`, run);
  const failure = await gitFailed(output, directory);
  throw new FluxError(`${ref.slice(0, 250)}: ${failure.message}`, {
    code: failure.code,
    cause: failure,
    ...(failure.help === undefined ? {} : { help: failure.help }),
  });
}
