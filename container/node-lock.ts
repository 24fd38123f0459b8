import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';

const LOCK = new URL('node.lock.json', import.meta.url);
const Lock = z.strictObject({ version: z.string().regex(/^\d+\.\d+\.\d+$/), 'linux-x64': z.string().regex(/^[0-9a-f]{64}$/) });

/** The Node.js of the image: its version, and the SHA-256 of `bin/node` in lower-case hex. */
export interface NodeLock {
  readonly version: string;
  readonly sha256: string;
}

export async function readNodeLock(): Promise<NodeLock> {
  const { version, 'linux-x64': sha256 } = Lock.parse(JSON.parse(await readFile(LOCK, 'utf8')));
  return { version, sha256 };
}

/** @throws an Error that says what differs, and what to do */
export function compareWithLock(found: NodeLock, locked: NodeLock, from: string): void {
  if (found.version === locked.version && found.sha256 === locked.sha256) return;
  throw new Error(
    `${from} has Node.js ${found.version} with SHA-256 ${found.sha256}, but container/node.lock.json has ${locked.version} with ${locked.sha256}.
Download the release for linux-x64 from nodejs.org, check its signature, and compare:
  npm run verify:node -- node-v${found.version}-linux-x64.tar.xz`,
  );
}

/** Version and hash of the `bin/node` of a release archive, as nodejs.org publishes it. @throws an Error for any other file */
export async function nodeOfRelease(archive: string): Promise<NodeLock> {
  const release = /^node-v(\d+\.\d+\.\d+)-linux-x64\.tar\.(?:gz|xz)$/.exec(basename(archive));
  const version = release?.[1];
  if (version === undefined) throw new Error(`${archive} is not named as a release of Node.js for linux-x64`);
  const member = `node-v${version}-linux-x64/bin/node`;
  const tar = spawn('tar', ['--extract', '--to-stdout', `--file=${archive}`, member], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    tar.on('error', reject);
    tar.on('close', resolve);
  });
  const hash = createHash('sha256');
  await pipeline(tar.stdout, hash);
  if ((await ended) !== 0) throw new Error(`tar cannot read ${member} of ${archive}`);
  return { version, sha256: hash.digest('hex') };
}
