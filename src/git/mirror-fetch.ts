import { createHash } from 'node:crypto';
import { FluxError } from '../base/index.ts';
import { gitFailed } from './failure.ts';
import type { Git } from './git.ts';
import type { RunOptions } from './git-process.ts';
import { isObjectId } from './names.ts';
import { type RemoteRefs, remoteRefs } from './remote-refs.ts';

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
 * Gives refs the objects that they have on the remote, by the same names. No other ref is fetched, whatever its name, size or
 * state. Resolves to what the remote listed.
 */
export async function fetchRefs(
  local: Local,
  followed: readonly string[],
  run: RunOptions,
  listed?: RemoteRefs,
): Promise<RemoteRefs> {
  const { git, address, directory, resolve } = local;
  const [refs, present] = await Promise.all([
    listed ?? listRemote(local, run),
    Promise.all(followed.map((ref) => resolve(ref, run))),
  ]);
  const gone = followed.filter((ref, index) => refs.idOf(ref) === undefined && present[index] !== undefined);
  if (gone.length > 0)
    await git.updateRefs(
      gone.map((ref) => ({ ref, target: undefined })),
      run,
    );
  const changed = followed.filter((ref, index) => refs.idOf(ref) !== undefined && refs.idOf(ref) !== present[index]);
  if (changed.length === 0) return refs;
  const output = await git.fetch(
    address,
    changed.map((ref) => [ref, ref] as const),
    run,
  );
  if (output.exitCode === 0) return refs;
  // One of them was removed between the listing and the fetch; a removed ref is not asked for again, so this ends.
  if (/couldn't find remote ref/.test(output.stderr) && !listed)
    return fetchRefs(local, followed, run, await listRemote(local, run));
  throw await gitFailed(output, directory);
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
