import { constants } from 'node:fs';
import { lstat, mkdir, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FluxError } from '../base/index.ts';

/** @throws FluxError `cli/bad-path`, worded as Go does for a missing path, or as `notDirectory` for anything else. */
export async function checkDirectory(path: string, notDirectory: string): Promise<void> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw badPath(`stat ${path}: ${cause.message}`, { cause });
    throw badPath(`stat ${path}: no such file or directory`, { cause, help: 'Create the directory first.' });
  });
  if (!found.isDirectory()) throw badPath(notDirectory);
}

/** A path segment from remote data: it must not lead out of the directory. */
const PLAIN_NAME = /^(?!\.\.?$)[A-Za-z0-9._:-]+$/;

/**
 * Writes a file below a directory, creating folders as needed, and resolves to its path. Links below the directory are not followed,
 * since they could lead out of it.
 * @throws FluxError `cli/bad-path`, also for a part that is not a plain name, and for a link.
 */
export async function writeBelow(directory: string, parts: readonly string[], text: string): Promise<string> {
  const odd = parts.find((part) => !PLAIN_NAME.test(part));
  if (odd !== undefined) throw badPath(`cannot name a file after ${JSON.stringify(odd)}`);
  const path = join(directory, ...parts);
  try {
    for (let depth = 1; depth < parts.length; depth += 1) await makeFolder(join(directory, ...parts.slice(0, depth)));
    await using file = await open(path, NEW_OR_EMPTIED, 0o666);
    await file.writeFile(text);
  } catch (cause) {
    if (cause instanceof FluxError) throw cause;
    if (isLink(cause)) throw badPath(`cannot output manifest file ${path}: it is a symbolic link`, { cause, help: REMOVE_LINK });
    throw badPath(`cannot output manifest file ${path}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  return path;
}

/** O_NONBLOCK: opening a named pipe must not wait for a reader. */
const NEW_OR_EMPTIED =
  constants.O_WRONLY |
  constants.O_CREAT |
  constants.O_TRUNC |
  // Windows has neither flag.
  (constants.O_NOFOLLOW ?? 0) |
  (constants.O_NONBLOCK ?? 0);
const REMOVE_LINK = 'Remove the link, or use another directory: link targets are not overwritten.';

async function makeFolder(path: string): Promise<void> {
  await mkdir(path).catch(async (cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EEXIST') throw cause;
    const found = await lstat(path);
    if (found.isSymbolicLink()) throw badPath(`cannot output to ${path}: it is a symbolic link`, { cause, help: REMOVE_LINK });
    if (!found.isDirectory()) throw cause;
  });
}

function isLink(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ELOOP';
}

function badPath(message: string, more: { readonly cause?: unknown; readonly help?: string } = {}): FluxError {
  return new FluxError(message, { code: 'cli/bad-path', fault: 'user', ...more });
}
