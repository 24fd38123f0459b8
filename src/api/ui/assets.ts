import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { FluxError } from '../../base/index.ts';
import { etagOf } from '../etag.ts';

/** A file of the page, in memory. */
export interface Asset {
  readonly contentType: string;
  readonly plain: Buffer;
  readonly gzipped: Buffer;
  readonly etag: string;
}

/** By name: `index.html`, `page-3f9c0a1b.js`. */
export type Assets = ReadonlyMap<string, Asset>;

export const INDEX = 'index.html';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * Reads the files that the build has left in a directory.
 * @throws FluxError `ui/not-built` where there is no page, or a file of an unknown kind.
 */
export async function readAssets(directory: string): Promise<Assets> {
  try {
    const names = await readdir(directory);
    if (!names.includes(INDEX)) throw new Error(`${INDEX} is missing`);
    return new Map(await Promise.all(names.map(async (name) => [name, await readAsset(join(directory, name))] as const)));
  } catch (cause) {
    throw new FluxError(`the web page cannot be read from ${directory}`, {
      code: 'ui/not-built',
      help: 'Run npm run build, or start fluxd with --ui=off.',
      cause,
    });
  }
}

async function readAsset(path: string): Promise<Asset> {
  const contentType = CONTENT_TYPES[extname(path)];
  if (contentType === undefined) throw new Error(`${path} is of no kind that is served`);
  const plain = await readFile(path);
  return { contentType, plain, gzipped: await promisify(gzip)(plain, { level: 9 }), etag: etagOf(plain) };
}
