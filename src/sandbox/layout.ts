import { posix } from 'node:path';
import { FluxError, yieldTurn } from '../base/index.ts';
import { faultOfLength, type TreeFile } from '../repository/index.ts';
import { inBytes, MAX_FILE_BYTES, MAX_FILES, MAX_FILES_BYTES } from './limits.ts';

/** What is written to a disk for the files of a revision. Every path is relative, and below the root. */
export interface Layout {
  /** Each after the one that contains it; without the root. */
  readonly folders: ReadonlySet<string>;
  /** Folders in which nothing can be committed. */
  readonly submodules: ReadonlySet<string>;
  readonly files: readonly TreeFile[];
  /** Their targets are still to be read. */
  readonly links: readonly TreeFile[];
}

const LINK = '120000';
const SUBMODULE = '160000';

/** Files checked between two turns of the event loop. */
const PER_TURN = 1_000;

/** @throws FluxError `sandbox/refused` for names that do not stay below the root, a file that is too large, or too many */
export async function layOut(files: readonly TreeFile[], signal?: AbortSignal): Promise<Layout> {
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  if (files.length > MAX_FILES || bytes > MAX_FILES_BYTES) {
    throw refused(
      `the repository has ${files.length} files of ${bytes} bytes; commands can be given ${MAX_FILES} of ${inBytes(MAX_FILES_BYTES)}`,
    );
  }
  const folders = new Set<string>();
  const submodules = new Set<string>();
  const others = new Map<string, TreeFile>();
  for (const [index, file] of files.entries()) {
    if (index % PER_TURN === 0) await yieldTurn(signal);
    const fault = faultOf(file);
    if (fault) throw refused(`file ${JSON.stringify(file.path)} cannot be laid out for commands: ${fault}`);
    addFolders(file.mode === SUBMODULE ? file.path : posix.dirname(file.path), folders);
    if (file.mode === SUBMODULE) submodules.add(file.path);
    else others.set(file.path, file);
  }
  const twice = [...folders].find((folder) => others.has(folder));
  if (twice !== undefined) throw refused(`${JSON.stringify(twice)} is both a file and a folder of the repository`);
  return {
    folders,
    submodules,
    files: [...others.values()].filter(({ mode }) => mode !== LINK),
    links: [...others.values()].filter(({ mode }) => mode === LINK),
  };
}

export function isExecutable({ mode }: TreeFile): boolean {
  return mode === '100755';
}

export function refused(message: string): FluxError {
  return new FluxError(message, {
    code: 'sandbox/refused',
    fault: 'user',
    help: 'Change the repository, or turn off manifest generation for it.',
  });
}

/** What keeps a name from being used on a disk; undefined if nothing does. */
function faultOf(file: TreeFile): string | undefined {
  return file.size > MAX_FILE_BYTES ? `it has more than ${inBytes(MAX_FILE_BYTES)}` : faultOfPath(file);
}

function faultOfPath({ path, undecodable }: TreeFile): string | undefined {
  if (undecodable) return 'its name is not UTF-8';
  return faultOfName(path);
}

/** What keeps a path from being used below a root; undefined if nothing does. */
export function faultOfName(path: string): string | undefined {
  if (path.includes('\0')) return 'its name has a NUL';
  for (const name of path.split('/')) {
    if (name === '' || name === '.' || name === '..') return 'its path is not a plain relative one';
    if (name.toLowerCase() === '.git') return 'it is in a folder .git';
  }
  return faultOfLength(path);
}

function addFolders(path: string, folders: Set<string>): void {
  if (path === '.' || folders.has(path)) return;
  addFolders(posix.dirname(path), folders);
  folders.add(path);
}

/** As in Linux. */
const MAX_LINKS = 40;
const MAX_TARGET = 2048;
/** Parts of paths that are followed for all links together; each takes about a microsecond. */
const MAX_STEPS = 1_000_000;
const STEPS_PER_TURN = 1_000;

/**
 * The links, by path, that lead to a place below the root, whether or not there is something.
 * @throws FluxError `sandbox/refused` when it takes too many steps to follow them
 */
export async function linksInside(
  targets: ReadonlyMap<string, string>,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const inside = new Map<string, string>();
  let steps = 0;
  for (const [path, target] of targets) {
    const walk = follow(path, targets);
    let step = walk.next();
    for (; !step.done; step = walk.next()) {
      steps += 1;
      if (steps > MAX_STEPS) throw refused('the links of the repository lead to one another in too many ways');
      if (steps % STEPS_PER_TURN === 0) await yieldTurn(signal);
    }
    if (step.value) inside.set(path, target);
  }
  return inside;
}

/** Follows a path as the kernel does, and pauses after each part; returns whether it stays below the root. */
function* follow(path: string, targets: ReadonlyMap<string, string>): Generator<void, boolean> {
  const rest = path.split('/').reverse();
  /** The path to each folder on the way. */
  const way: string[] = [];
  let followed = 0;
  for (let name = rest.pop(); name !== undefined; name = rest.pop()) {
    yield;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      if (way.pop() === undefined) return false;
      continue;
    }
    const parent = way.at(-1);
    const here = parent === undefined ? name : `${parent}/${name}`;
    const target = targets.get(here);
    if (target === undefined) {
      way.push(here);
      continue;
    }
    followed += 1;
    if (followed > MAX_LINKS || /^$|^\/|\0/.test(target) || target.length > MAX_TARGET) return false;
    for (const part of target.split('/').reverse()) rest.push(part);
  }
  return true;
}
