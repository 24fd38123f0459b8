import { homedir } from 'node:os';
import { join } from 'node:path';
import { below, type Cancellable, type Clock, FluxError } from '../../base/index.ts';
import type { TreeFile } from '../../repository/index.ts';
import { directGit } from '../direct-git.ts';
import { gitEnvironment } from '../environment.ts';
import { createGit } from '../git.ts';
import { ObjectReader } from '../object-reader.ts';
import { listFiles } from '../tree.ts';
import { DiskFiles } from './disk-files.ts';
import { badPath, findRoot, folderAsRoot, type LocalRoot } from './find-root.ts';
import { type LeftOut, listFolder, listWorkTree } from './list-files.ts';

export interface LocalTreeOptions {
  /** Absolute paths of folders and files of one work tree, or a folder outside of Git. */
  readonly paths: readonly string[];
  /** Of the repository of the work tree; without it, the files as they are on the disk. */
  readonly revision?: string;
  /** Larger files are listed, and not read. */
  readonly maxFileBytes: number;
  /** The environment of the person who asks: what they ignore is left out. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Files of a local repository: those of a revision, or those that a commit of everything would have. */
export interface LocalTree {
  /** Absolute path of the work tree, or of the folder that is none. */
  readonly root: string;
  /** Relative to the root, separated by `/`; empty for the root. */
  readonly paths: readonly string[];
  /** In the order of git, by path. */
  readonly files: readonly TreeFile[];
  /** What Git could not commit, or has not checked out. */
  readonly leftOut: readonly LeftOut[];
  readonly blob: (id: string, options?: Cancellable) => Promise<Buffer>;
  close(): void;
}

const EVERY_NAME = /(?:)/;

/**
 * Opens a local repository, or a folder that is none. Nothing is written, and nothing of the repository is run. A folder in which Git sees
 * no file, because all are ignored, is a root of its own, like one outside of Git.
 * @throws FluxError `git/bad-path`, `git/bad-revision`, `git/file-unreadable`, `git/too-many-files`; those of a git command
 */
export async function openLocalTree(options: LocalTreeOptions): Promise<LocalTree> {
  const { paths, revision } = options;
  const found = await findRoot(paths);
  const tree = revision === undefined ? await filesOnDisk(found, options) : await filesOfRevision(found, revision, options);
  const missing = paths[found.paths.findIndex((path) => !tree.files.some((file) => below(path)(file.path)))];
  if (missing === undefined) return tree;
  tree.close();
  if (revision !== undefined) throw badPath(`${missing}: there is no such file or folder in revision ${revision}`);
  const ignored = found.isGit && paths.length === 1 ? await ignoredFolder(found, missing, options) : undefined;
  if (ignored) return ignored;
  throw badPath(`${missing}: there is no file to read`, found.isGit ? 'Git would commit none: see git status.' : undefined);
}

async function filesOnDisk(found: LocalRoot, options: LocalTreeOptions): Promise<LocalTree> {
  const { root, isGit, paths } = found;
  const { maxFileBytes, signal } = options;
  const disk = new DiskFiles(root, maxFileBytes);
  const { files, leftOut } = isGit
    ? await listWorkTree(await createGit(gitOptions(found, options)).lsFiles(root, { signal }), disk, signal)
    : await listFolder(disk, signal);
  return { root, paths, files, leftOut, blob: (id) => disk.read(id), close: () => undefined };
}

/** The files of a folder that Git does not see; undefined if it has none, or a link leads there. */
async function ignoredFolder(found: LocalRoot, path: string, options: LocalTreeOptions): Promise<LocalTree | undefined> {
  const [inside = ''] = found.paths;
  const entry = inside === '' ? undefined : await new DiskFiles(found.root, options.maxFileBytes).look(inside);
  if (entry?.kind !== 'folder') return undefined;
  const tree = await filesOnDisk(await folderAsRoot(path), options);
  return tree.files.length === 0 ? undefined : tree;
}

async function filesOfRevision(found: LocalRoot, revision: string, options: LocalTreeOptions): Promise<LocalTree> {
  const { root, isGit, paths } = found;
  const { maxFileBytes, signal } = options;
  if (!isGit) throw badPath(`${root}: it is in no Git repository, so it has no revisions`);
  const repository = gitOptions(found, options);
  const git = createGit(repository);
  const commit = revision === '' ? undefined : await git.revParse(`${revision}^{commit}`, { signal });
  if (commit === undefined) throw unknownRevision(revision, root);
  const files = await listFiles(git, commit, { names: EVERY_NAME, below: [] }, { signal });
  const reader = new ObjectReader({ ...repository, maxBytes: maxFileBytes, onDamage: () => undefined });
  return { root, paths, files, leftOut: [], blob: (id, cancel) => reader.read(id, cancel), close: () => reader.close() };
}

function gitOptions({ root }: LocalRoot, { environment, clock }: LocalTreeOptions) {
  const inherited = { GIT_CONFIG_GLOBAL: join(environment.HOME ?? homedir(), '.gitconfig'), ...environment };
  return {
    gitDir: join(root, '.git'),
    cwd: root,
    environment: gitEnvironment({ inherited, asPerson: true, ssh: {} }),
    runner: directGit,
    clock,
  };
}

function unknownRevision(revision: string, root: string): FluxError {
  return new FluxError(`${root}: there is no revision ${JSON.stringify(revision.slice(0, 200))}`, {
    code: 'git/bad-revision',
    fault: 'user',
    help: 'Give a commit, branch or tag of this clone; git fetch gets new ones.',
  });
}
