import { createHash } from 'node:crypto';
import { FluxError } from '../base/index.ts';
import { gitFailed } from './failure.ts';
import type { Choice } from './follow.ts';
import type { Git } from './git.ts';
import type { RunOptions } from './git-process.ts';
import { isObjectId } from './names.ts';
import type { FilesOnDemand } from './partial-clone.ts';
import type { RemoteListing } from './remote-listing.ts';
import type { RemoteRefs } from './remote-refs.ts';

export interface Followed {
  /** The ref in the mirror; without its objects the whole fetch fails. */
  readonly branch: string;
  /** What it is on the remote. */
  readonly choose: (refs: RemoteRefs) => Choice;
  /** Our own refs; a rejected one keeps its value. */
  readonly marks: readonly string[];
  /** Called for each rejected mark. */
  readonly onRefused: (ref: string, why: FluxError) => void;
}

/** A bare repository and its remote. */
export interface Local {
  readonly git: Git;
  readonly address: string;
  readonly directory: string;
  /** Resolves an expression in it. */
  readonly resolve: (expression: string, run: RunOptions) => Promise<string | undefined>;
  readonly files: FilesOnDemand;
  readonly listing: RemoteListing;
}

/** A ref of the mirror, and what it is on the remote: a ref, or an object id. */
interface Changed {
  readonly ref: string;
  readonly from: string;
}

/** Requested refs are stored under a hash, so that their names cannot conflict. */
const ASKED = 'refs/fluxd/asked';
/** A commit that is needed besides. */
const KEPT = 'refs/fluxd/kept';
/** The branch while its files are fetched. */
const INCOMING = 'refs/fluxd/incoming';

/**
 * Fetches what is followed, and the marks to refs of the same names. Fetches no other ref. Resolves to the remote's list of refs.
 * @throws FluxError `git/bad-objects` for a branch with an object that git rejects, or the reason for a failed fetch
 */
export async function fetchFollowed(local: Local, followed: Followed, run: RunOptions, listed?: RemoteRefs): Promise<RemoteRefs> {
  const { git, resolve } = local;
  const names = [followed.branch, ...followed.marks];
  const [refs, present] = await Promise.all([
    listed ?? local.listing.list(git, local.address, run),
    Promise.all(names.map((ref) => resolve(ref, run))),
  ]);
  const choice = followed.choose(refs);
  const idOf = (ref: string) => (ref !== followed.branch ? refs.idOf(ref) : choice.kind === 'found' ? choice.id : undefined);
  // The revision of a tag that vanished stays in effect; only a branch has the name that it has on the remote.
  const isKept = (ref: string) => ref === followed.branch && !ref.startsWith('refs/heads/');
  const gone = names.filter((ref, index) => idOf(ref) === undefined && present[index] !== undefined && !isKept(ref));
  if (gone.length > 0)
    await git.updateRefs(
      gone.map((ref) => ({ ref, target: undefined })),
      run,
    );
  const changed = names
    .filter((ref, index) => idOf(ref) !== undefined && idOf(ref) !== present[index])
    .map((ref) => ({ ref, from: ref === followed.branch && choice.kind === 'found' ? choice.ref : ref }));
  const failure = await fetchChanged(local, followed.branch, changed, run);
  if (failure?.code === 'git/ref-removed' && !listed)
    return fetchFollowed(local, followed, run, await local.listing.list(git, local.address, run));
  if (failure?.code === 'git/blobs-refused' && choice.kind === 'found' && isObjectId(choice.ref)) throw commitMissing(failure);
  if (failure?.code === 'git/bad-objects' && changed.length > 1) await fetchOneByOne(local, followed, changed, run);
  else if (failure) throw failure;
  return refs;
}

/** Of a commit as of a single file, the server says that it is no ref of its own. */
function commitMissing({ message, cause }: FluxError): FluxError {
  return new FluxError(message, {
    code: 'git/commit-missing',
    fault: 'user',
    help: 'Check --git-ref: the repository has no such commit, or its host gives only commits that a branch or tag points to.',
    cause,
  });
}

/**
 * Fetches refs that changed on the remote. A revision counts as fetched when its files can be read: without blobs, the ref of the branch
 * is set only after they have been fetched.
 */
async function fetchChanged(
  local: Local,
  branch: string,
  changed: readonly Changed[],
  run: RunOptions,
): Promise<FluxError | undefined> {
  const { git, address, directory, resolve, files } = local;
  if (!files.lacksBlobs()) return changed.length === 0 ? undefined : fetchRefs(local, changed, run);
  const head = changed.find(({ ref }) => ref === branch);
  if (head) {
    const output = await git.fetch(address, [[head.from, INCOMING]], { ...run, blobs: 'leave' });
    if (output.exitCode !== 0) return gitFailed(output, directory);
    if (output.stderr.includes('filtering not recognized by server')) files.giveUp();
    // A mirror that is being built is not read yet, so that a process has to resolve names.
    const named = async (name: string) => (await resolve(name, run)) ?? (await git.revParse(name, run));
    const revision = await named(`${INCOMING}^{commit}`);
    if (revision === undefined) throw new FluxError('git fetch: fetched no commit', { code: 'git/command-failed' });
    await files.fetch(local, revision, run);
    await git.updateRefs([{ ref: branch, target: await named(INCOMING) }], run);
  } else {
    const present = await resolve(`${branch}^{commit}`, run);
    if (present !== undefined) await files.fetch(local, present, run);
  }
  const marks = changed.filter(({ ref }) => ref !== branch);
  return marks.length === 0 ? undefined : fetchRefs(local, marks, run);
}

/** Fetches refs separately, since an error of one must not affect the others. */
async function fetchOneByOne(local: Local, followed: Followed, changed: readonly Changed[], run: RunOptions): Promise<void> {
  for (const each of changed) {
    const { ref } = each;
    const failure = await fetchChanged(local, followed.branch, [each], run);
    if (failure && (ref === followed.branch || failure.code !== 'git/bad-objects')) throw failure;
    if (failure) followed.onRefused(ref, failure);
  }
}

async function fetchRefs(
  { git, address, directory }: Local,
  changed: readonly Changed[],
  run: RunOptions,
): Promise<FluxError | undefined> {
  const pairs = changed.map(({ ref, from }) => [from, ref] as const);
  const output = await git.fetch(address, pairs, run);
  return output.exitCode === 0 ? undefined : gitFailed(output, directory);
}

/** The commit, fetched by its id if necessary, and kept. Undefined where the remote has it not, or gives none but those of refs. */
export async function keepCommit({ git, address, resolve }: Local, id: string, run: RunOptions): Promise<string | undefined> {
  const present = await resolve(`${id}^{commit}`, run);
  if (present !== undefined) return present;
  await git.fetch(address, [[id, KEPT]], { ...run, blobs: 'leave' });
  return resolve(`${id}^{commit}`, run);
}

/** Finds a ref of the remote by branch, tag, full name, or object id. */
export function refNamed(refs: RemoteRefs, name: string): string | undefined {
  if (isObjectId(name)) return refs.refOf(name);
  return [`refs/heads/${name}`, `refs/tags/${name}`, name].find((candidate) => refs.idOf(candidate) !== undefined);
}

/**
 * The commit of a listed ref, fetched if necessary.
 * @throws FluxError if it cannot be fetched
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
  const output = await git.fetch(address, [[ref, kept]], { ...run, blobs: 'leave' });
  if (output.exitCode === 0) return resolve(`${kept}^{commit}`, run);
  const failure = await gitFailed(output, directory);
  throw new FluxError(`${ref.slice(0, 250)}: ${failure.message}`, {
    code: failure.code,
    cause: failure,
    ...(failure.help === undefined ? {} : { help: failure.help }),
  });
}
