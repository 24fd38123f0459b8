import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { FluxError, messageOf } from '../base/index.ts';

export interface ManifestFile {
  /** Below the directory, with `/`. */
  readonly path: string;
  readonly content: string;
}

const MANIFEST_NAME = /\.(?:yaml|yml|json)$/;
/** Never manifests, and large. */
const LEFT_OUT = new Set(['.git', 'node_modules']);

/**
 * The files below a directory that may hold manifests, in order of their paths. Symbolic links are not followed.
 * @throws FluxError `cli/bad-path` for a directory or a file that cannot be read, for a file that is not UTF-8, and as soon as
 * they take more than `maxBytes` together.
 */
export async function readManifestFiles(directory: string, maxBytes: number): Promise<readonly ManifestFile[]> {
  const files: ManifestFile[] = [];
  let bytes = 0;
  for await (const path of manifestsBelow(directory)) {
    bytes += (await reading(path, stat(path))).size;
    if (bytes > maxBytes)
      throw badPath(`${directory}: its manifests take more than ${maxBytes / 2 ** 20} MiB, the most that the daemon takes`);
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
    throw badPath(`${path}: is not UTF-8 text`, cause);
  }
}

function reading<T>(path: string, result: Promise<T>): Promise<T> {
  return result.catch((error: unknown) => {
    // Node names the system call and the path once more.
    throw badPath(`${path}: ${messageOf(error).replace(/^E[A-Z]+: (.*?), [a-z]+ .*$/s, '$1')}`, error);
  });
}

function badPath(message: string, cause?: unknown): FluxError {
  return new FluxError(message, { code: 'cli/bad-path', fault: 'user', ...(cause === undefined ? {} : { cause }) });
}
