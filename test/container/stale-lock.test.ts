import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { debianPart } from '../../container/parts/debian.ts';

let work: string;
let server: Server;

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'flux-stale-'));
  server = createServer((request, response) => {
    if (request.url === '/there.deb') response.end('another file');
    else response.writeHead(request.url === '/busy.deb' ? 503 : 404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  server.close();
  await rm(work, { recursive: true });
});

async function stage(file: string): Promise<unknown> {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${file}`;
  const locked = { name: 'git', version: '1:2.0', url, size: 'another file'.length, sha256: 'c'.repeat(64) };
  const part = await debianPart({ created: '2026-01-01T00:00:00Z', packages: [locked] }, join(work, 'downloads'));
  return part.stage(await mkdtemp(join(work, 'root-')));
}

test('a version that Debian has no more fails with the command that refreshes the lock', async () => {
  await expect(stage('gone.deb')).rejects.toThrow(
    /^Debian package git 1:2\.0 is locked, but it is no longer at http:\S+gone\.deb\.\n.*\n {2}npm run build:image -- --refresh$/,
  );
});

test('another file in its place is refused, and not kept', async () => {
  await expect(stage('there.deb')).rejects.toThrow(/has 12 bytes with SHA-256 [0-9a-f]{64}; locked are 12 bytes with c{64}/);
  await expect(readdir(join(work, 'downloads'))).rejects.toThrow('ENOENT');
});

test('a mirror in trouble is no reason to refresh', async () => {
  await expect(stage('busy.deb')).rejects.toThrow(/busy\.deb: 503 Service Unavailable$/);
});
