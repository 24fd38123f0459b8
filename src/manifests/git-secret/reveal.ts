import { type Cancellable, FluxError } from '../../base/index.ts';
import type { TreeFile } from '../../repository/index.ts';
import type { FileProblem } from '../problem.ts';
import { isRegular } from '../regular-file.ts';
import type { Tree } from '../units/tree.ts';
import { badMapping, MAPPING_FILE, readMapping } from './mapping.ts';

/** As git-secret names hidden files by default. */
const HIDDEN = '.secret';
/** Where it keeps its list and its keys: without the list, it is not known what is hidden. */
const FOLDER = '.gitsecret';

/** A revision in which each file that git-secret hides has its encrypted content under its own name. */
export interface Revealed {
  readonly tree: Tree;
  /** The names of the hidden files. */
  readonly paths: readonly string[];
  /** Files that the list has and the revision has not, or a list that cannot be used: nothing may be deleted meanwhile. */
  readonly errors: readonly FileProblem[];
}

/**
 * What `git secret reveal` does to a checkout, but for decryption, which is for those who read a file. A file in clear that has the name
 * of a hidden one gives way, as with `--force`. The hidden files stay beside them.
 */
export async function reveal(tree: Tree, cancel: Cancellable): Promise<Revealed> {
  const mapping = tree.get(MAPPING_FILE);
  if (!mapping && tree.below(FOLDER).length === 0) return { tree, paths: [], errors: [] };
  let paths: readonly string[];
  try {
    if (!mapping || !isRegular(mapping)) throw badMapping('it is no regular file');
    paths = readMapping(await tree.read(mapping));
  } catch (error) {
    if (!(error instanceof FluxError)) throw error;
    return { tree, paths: [], errors: [{ file: MAPPING_FILE, error }] };
  }
  const files: TreeFile[] = [];
  const errors: FileProblem[] = [];
  for (const path of paths) {
    const hidden = tree.get(`${path}${HIDDEN}`);
    if (hidden && isRegular(hidden)) files.push({ ...hidden, path, hidden: true });
    else errors.push({ file: path, error: notHidden(path) });
  }
  return { tree: await tree.withFiles(files, cancel), paths, errors };
}

function notHidden(path: string): FluxError {
  return new FluxError(`git-secret lists ${path}, and there is no ${path}${HIDDEN}`, {
    code: 'git-secret/not-hidden',
    fault: 'user',
    help: 'Commit the file that "git secret hide" made, or run "git secret remove" for it. Nothing is deleted meanwhile.',
  });
}

/** @throws FluxError `git-secret/not-editable`, since what is decrypted never enters a commit */
export function refuseEdit(path: string): never {
  throw new FluxError(`${path} is hidden by git-secret, and no file of the repository can be edited for it`, {
    code: 'git-secret/not-editable',
    fault: 'user',
    help: 'Reveal it, change it, and hide it again: git secret reveal; git secret hide. What fluxd decrypts never enters a commit.',
  });
}
