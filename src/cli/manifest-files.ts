import { readdir, readFile } from 'node:fs/promises';
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
 * @throws FluxError `cli/bad-path` for a directory or a file that cannot be read, and for a file that is not UTF-8.
 */
export async function readManifestFiles(directory: string): Promise<readonly ManifestFile[]> {
  const paths = await list(directory);
  return Promise.all(
    paths.map(async (path) => ({ path: relative(directory, path).split(sep).join('/'), content: await readText(path) })),
  );
}

async function list(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    throw badPath(`${directory}: ${messageOf(error)}`, error);
  });
  const found = await Promise.all(
    entries.map(async (entry) => {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) return LEFT_OUT.has(entry.name) ? [] : list(path);
      return entry.isFile() && MANIFEST_NAME.test(entry.name) ? [path] : [];
    }),
  );
  return found.flat().sort();
}

async function readText(path: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await readFile(path));
  } catch (error) {
    throw badPath(error instanceof TypeError ? `${path}: is not UTF-8 text` : `${path}: ${messageOf(error)}`, error);
  }
}

function badPath(message: string, cause: unknown): FluxError {
  return new FluxError(message, { code: 'cli/bad-path', fault: 'user', cause });
}
