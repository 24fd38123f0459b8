import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FluxError } from '../base/index.ts';
import type { Identity } from './commands/write.ts';
import type { Git } from './git.ts';
import type { RunOptions } from './git-process.ts';
import type { ObjectReader } from './object-reader.ts';
import { treeEntries } from './tree.ts';

export interface CommitContent {
  readonly base: string;
  readonly edits: readonly { readonly path: string; readonly content: string }[];
  readonly message: string;
  readonly author: Identity;
  readonly committer: Identity;
}

/** Where commits are made. */
interface Repository {
  readonly git: Git;
  readonly reader: Pick<ObjectReader, 'resolve'>;
  /** For temporary files. */
  readonly directory: string;
}

/**
 * Creates a commit on `base` without a checkout. No ref points to the commit until it is pushed.
 * @throws FluxError `git/no-changes` if the tree stays the same, `git/bad-path` for an edit of something other than a file
 */
export async function makeCommit(place: Repository, content: CommitContent, run: RunOptions): Promise<string> {
  return commitOfTree(place, { ...content, tree: await makeTree(place, content, run) }, run);
}

/** @throws FluxError `git/no-changes` if the tree is that of the base */
export async function commitOfTree(
  { git, reader }: Pick<Repository, 'git' | 'reader'>,
  { tree, base, message, author, committer }: Omit<CommitContent, 'edits'> & { readonly tree: string },
  run: RunOptions,
): Promise<string> {
  if (tree === (await reader.resolve(`${base}^{tree}`, run)))
    throw new FluxError('no changes made in repo', { code: 'git/no-changes', fault: 'user' });
  return git.commitTree({ tree, parent: base, message, author, committer }, run);
}

/**
 * The tree of `base` with edits: the edited files become blobs, and a private index adds them with their previous modes.
 * @throws FluxError `git/bad-path` for an edit of something other than a file
 */
export async function makeTree(
  { git, directory }: Pick<Repository, 'git' | 'directory'>,
  { base, edits }: Pick<CommitContent, 'base' | 'edits'>,
  run: RunOptions,
): Promise<string> {
  for (const { path } of edits) checkPath(path);
  const modes = await modesOf(
    git,
    base,
    edits.map(({ path }) => path),
    run,
  );
  for (const { path } of edits) {
    if (!modes.has(path)) await checkAncestors(git, base, path, edits, run);
    if (!modeAt(path, modes).startsWith('100'))
      throw badPath(path, 'it is a directory, a symbolic link or a submodule, not a file');
  }
  const folder = await mkdtemp(join(directory, 'commit-'));
  try {
    const blobs = await storeBlobs(git, folder, edits, run);
    const entries = edits.map(({ path }, index) => ({ mode: modeAt(path, modes), blob: blobs[index] ?? '', path }));
    return await git.writeTree(base, entries, { ...run, indexFile: join(folder, 'index') });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** More paths are not passed as arguments, whose total length is limited; the whole tree is listed then. */
const MAX_ARGUMENTS = 500;

async function modesOf(git: Git, base: string, paths: readonly string[], run: RunOptions): Promise<ReadonlyMap<string, string>> {
  const wantsAll = paths.length > MAX_ARGUMENTS;
  const listed = await git.lsTree(base, wantsAll ? [] : paths, { ...run, recursive: wantsAll });
  return new Map(Array.from(treeEntries(listed), ({ path, mode }) => [path, mode]));
}

/** A new file is a regular one. */
function modeAt(path: string, modes: ReadonlyMap<string, string>): string {
  return modes.get(path) ?? '100644';
}

/** Git reads the contents from temporary files, so that one process stores all of them. */
async function storeBlobs(git: Git, folder: string, edits: CommitContent['edits'], run: RunOptions): Promise<readonly string[]> {
  const files = edits.map((_, index) => join(folder, String(index)));
  for (const [index, { content }] of edits.entries()) await writeFile(files[index] ?? '', content, { mode: 0o600 });
  return git.hashFiles(files, run);
}

/** A new file must not have a file as its folder: an index would silently drop that file. */
async function checkAncestors(
  git: Git,
  base: string,
  path: string,
  edits: CommitContent['edits'],
  run: RunOptions,
): Promise<void> {
  const inside = edits.find((edit) => path.startsWith(`${edit.path}/`));
  if (inside) throw badPath(path, `"${inside.path}" is not a directory`);
  const parts = path.split('/');
  for (let depth = 1; depth < parts.length; depth += 1) {
    const folder = parts.slice(0, depth).join('/');
    const [entry] = treeEntries(await git.lsTree(base, [folder], { ...run, recursive: false }));
    if (!entry) return;
    if (entry.mode !== '040000') throw badPath(path, `"${folder}" is not a directory`);
  }
}

function checkPath(path: string): void {
  const parts = path.split('/');
  if (path.includes('\0') || path.includes('\ufffd') || !path.isWellFormed()) throw badPath(path, 'it is not plain UTF-8 text');
  if (parts.some((part) => part === '' || part === '.' || part === '..' || part.toLowerCase() === '.git'))
    throw badPath(path, 'it leads out of the tree');
}

function badPath(path: string, why: string): FluxError {
  return new FluxError(`file ${JSON.stringify(path.slice(0, 300))} cannot be edited: ${why}`, {
    code: 'git/bad-path',
    fault: 'user',
  });
}
