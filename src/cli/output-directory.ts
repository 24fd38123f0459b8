import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FluxError } from '../base/index.ts';

/** @throws FluxError `cli/bad-path`, in Go's words for what is not there; `notDirectory` words the other case. */
export async function checkDirectory(path: string, notDirectory: string): Promise<void> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw badPath(`stat ${path}: ${cause.message}`, { cause });
    throw badPath(`stat ${path}: no such file or directory`, { cause, help: 'Make the directory first.' });
  });
  if (!found.isDirectory()) throw badPath(notDirectory);
}

/** A part of a path that comes from afar: it must not lead anywhere else. */
const PLAIN_NAME = /^(?!\.\.?$)[A-Za-z0-9._:-]+$/;

/**
 * Writes a file below a directory, whose folders are made as needed; resolves to its path.
 * @throws FluxError `cli/bad-path`, also for a part that is not a plain name.
 */
export async function writeBelow(directory: string, parts: readonly string[], text: string): Promise<string> {
  const odd = parts.find((part) => !PLAIN_NAME.test(part));
  if (odd !== undefined) throw badPath(`cannot name a file after ${JSON.stringify(odd)}`);
  const path = join(directory, ...parts);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  } catch (cause) {
    throw badPath(`cannot output manifest file ${path}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  return path;
}

function badPath(message: string, more: { readonly cause?: unknown; readonly help?: string } = {}): FluxError {
  return new FluxError(message, { code: 'cli/bad-path', fault: 'user', ...more });
}
