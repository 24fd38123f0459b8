import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { FluxError, messageOf } from '../base/index.ts';

export interface ManifestFile {
  /** Relative to the directory, separated by `/`. */
  readonly path: string;
  readonly content: string;
}

const MANIFEST_NAME = /\.(?:yaml|yml|json)$/;
/** Large directories that never hold manifests. */
const LEFT_OUT = new Set(['.git', 'node_modules']);

/**
 * The possible manifest files below a directory, sorted by path. Symbolic links are not followed.
 * @throws FluxError `cli/bad-path` for an unreadable directory or file, for a file that is not UTF-8, and when the files together
 * exceed `maxBytes`.
 */
export async function readManifestFiles(directory: string, maxBytes: number): Promise<readonly ManifestFile[]> {
  const files: ManifestFile[] = [];
  let bytes = 0;
  for await (const path of manifestsBelow(directory)) {
    bytes += (await reading(path, stat(path))).size;
    if (bytes > maxBytes) throw badPath(`${directory}: manifests exceed ${maxBytes / 2 ** 20} MiB, the daemon's limit`);
    files.push({ path: relative(directory, path).split(sep).join('/'), content: await readText(path) });
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function* manifestsBelow(directory: string): AsyncGenerator<string> {
  for (const entry of await reading(directory, readdir(directory, { withFileTypes: true }))) {
    const path = join(directory, entry.name);
    if (entry.isDirectory() && !LEFT_OUT.has(entry.name)) yield* manifestsBelow(path);
    else if (entry.isFile() && MANIFEST_NAME.test(entry.name)) yield path;
  }
}

async function readText(path: string): Promise<string> {
  const bytes = await reading(path, readFile(path));
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw badPath(`${path}: not UTF-8 text`, cause);
  }
}

function reading<T>(path: string, result: Promise<T>): Promise<T> {
  return result.catch((error: unknown) => {
    // Node appends the system call and the path, which the message already has.
    throw badPath(`${path}: ${messageOf(error).replace(/^E[A-Z]+: (.*?), [a-z]+ .*$/s, '$1')}`, error);
  });
}

function badPath(message: string, cause?: unknown): FluxError {
  return new FluxError(message, { code: 'cli/bad-path', fault: 'user', ...(cause === undefined ? {} : { cause }) });
}
