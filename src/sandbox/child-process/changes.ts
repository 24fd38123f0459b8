import { constants } from 'node:fs';
import { lstat, open, opendir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { hasErrno } from '../../base/index.ts';
import type { ChangedFile, CommandFailure, CommandFiles, RefusedChange } from '../../repository/index.ts';
import { faultOfName, isExecutable } from '../layout.ts';
import { inBytes, MAX_NEW_ENTRIES, type RunLimits } from '../limits.ts';
import type { LaidOut } from './laid-out.ts';

export type Changes =
  | { readonly kind: 'changed'; readonly files: readonly ChangedFile[] }
  | { readonly kind: 'refused'; readonly failure: CommandFailure };

/** Thrown inside of this file, so that a walk ends where it is. */
class Refusal extends Error {
  readonly failure: CommandFailure;
  constructor(failure: CommandFailure) {
    super('refused');
    this.failure = failure;
  }
}

/** Finds the regular files that commands created, changed or deleted, by path; anything else that they changed is refused. */
export async function findChanges(laidOut: LaidOut, files: CommandFiles, limits: RunLimits): Promise<Changes> {
  try {
    return { kind: 'changed', files: await collect(laidOut, files, limits) };
  } catch (error) {
    if (error instanceof Refusal) return { kind: 'refused', failure: error.failure };
    throw error;
  }
}

async function collect(laidOut: LaidOut, files: CommandFiles, limits: RunLimits): Promise<readonly ChangedFile[]> {
  const { root, layout, links } = laidOut;
  if (!(await lstat(root).catch(() => undefined))?.isDirectory()) throw refuse('.', 'link');
  const before = new Map(layout.files.map((file) => [file.path, file]));
  const gone = new Set([...before.keys(), ...links.keys()]);
  const changed: ChangedFile[] = [];
  let bytesLeft = limits.changedBytes;
  const add = (file: ChangedFile) => {
    changed.push(file);
    if (changed.length > limits.changedFiles) throw exceeded(`${limits.changedFiles} files`);
  };
  for await (const path of entriesOf(laidOut)) {
    const stats = await lstat(join(root, path), { bigint: true });
    gone.delete(path);
    if (laidOut.changedAt.get(path) === stats.ctimeNs) continue;
    if (stats.isSymbolicLink()) {
      if (links.get(path) !== (await readlink(join(root, path)))) throw refuse(path, 'link');
      continue;
    }
    if (!stats.isFile()) throw refuse(path, 'special-file');
    if (links.has(path)) throw refuse(path, 'link');
    if (stats.nlink !== 1n) throw refuse(path, 'hard-link');
    const { content, executable } = await readRegular(join(root, path), path, bytesLeft, limits.changedBytes);
    const original = before.get(path);
    if (original && isExecutable(original) === executable && content.equals(await files.read(original))) continue;
    bytesLeft -= content.length;
    add({ path, kind: 'written', content, executable });
  }
  for (const path of gone) {
    if (links.has(path)) throw refuse(path, 'link');
    add({ path, kind: 'deleted' });
  }
  return changed.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Every entry that is not a folder, anywhere below the root. */
async function* entriesOf({ root, layout, links }: LaidOut): AsyncGenerator<string> {
  let left = layout.folders.size + layout.files.length + links.size + MAX_NEW_ENTRIES;
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const opened = await opendir(join(root, folder), { encoding: 'latin1' }).catch((error: unknown) => {
      throw hasErrno(error, 'EACCES', 'ENAMETOOLONG') ? refuse(folder, 'unreadable') : error;
    });
    for await (const entry of opened) {
      left -= 1;
      if (left < 0) throw exceeded(`${MAX_NEW_ENTRIES} new files`);
      const name = nameOf(entry.name);
      const path = folder === '' ? (name ?? entry.name) : `${folder}/${name ?? entry.name}`;
      if (name === undefined || faultOfName(path) !== undefined) throw refuse(path, 'name');
      if (layout.submodules.has(folder)) throw refuse(path, 'submodule');
      if (entry.isDirectory()) folders.push(path);
      else yield path;
    }
  }
}

/** A name of UTF-8 without control characters, from its bytes; undefined if it is none. */
function nameOf(latin1: string): string | undefined {
  const bytes = Buffer.from(latin1, 'latin1');
  const name = bytes.toString('utf8');
  return /\p{Cc}/u.test(name) || !Buffer.from(name).equals(bytes) ? undefined : name;
}

async function readRegular(place: string, path: string, bytesLeft: number, bound: number) {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  await using file = await open(place, flags).catch((error: unknown) => {
    if (hasErrno(error, 'EACCES')) throw refuse(path, 'unreadable');
    throw hasErrno(error, 'ELOOP', 'ENXIO') ? refuse(path, 'special-file') : error;
  });
  const stats = await file.stat();
  if (!stats.isFile()) throw refuse(path, 'special-file');
  if (stats.size > bytesLeft) throw exceeded(inBytes(bound));
  const content = Buffer.alloc(stats.size);
  let length = 0;
  for (let read = -1; read !== 0 && length < content.length; length += read) {
    ({ bytesRead: read } = await file.read(content, length, content.length - length));
  }
  return { content: content.subarray(0, length), executable: (stats.mode & 0o100) !== 0 };
}

function refuse(path: string, what: RefusedChange): Refusal {
  return new Refusal({ kind: 'change', path, what });
}

function exceeded(bound: string): Refusal {
  return new Refusal({ kind: 'limit', limit: 'changes', bound });
}
