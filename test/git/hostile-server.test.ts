import { execFileSync } from 'node:child_process';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import type http from 'node:http';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../src/base/index.ts';
import { thorough } from '../support/sampled.ts';
import { until } from '../support/until.ts';
import { serveGitOverHttp } from './support/http-server.ts';
import { processesWith } from './support/processes.ts';
import { createRemote, failureOf, sourceOf, temporaryDirectory } from './support/repository.ts';
import { addZipBomb } from './support/zip-bomb.ts';

const MIB = 2 ** 20;

/** Bytes on disk below a directory. */
function onDisk(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

/** The requests of a fetch of a new commit, in their order. */
const STEPS = ['list: capabilities', 'list: refs', 'fetch: capabilities', 'fetch: refs', 'fetch: objects'] as const;
const HOLDS = ['nothing', 'headers', 'half'] as const;
const CASES = STEPS.flatMap((step, index) => HOLDS.map((hold) => [step, hold, index] as const));

describe('a server that hangs', () => {
  test.runIf(thorough('places where a server hangs')).each(CASES)(
    'at %s after %s is given up at the deadline, and used again',
    async (_, hold, step) => {
      let requests = Number.NEGATIVE_INFINITY;
      const remote = createRemote();
      const { origin } = await serveGitOverHttp(dirname(remote.path), {
        holdAnswer: () => (requests++ === step ? hold : undefined),
      });
      const directory = join(temporaryDirectory(), 'mirror');
      // What the server answers may take longer, on a machine with much else to do.
      const deadline: Clock['deadline'] = (ms, signal) => systemClock.deadline(requests >= 0 ? ms : 60_000, signal);
      const clock = { ...systemClock, deadline };
      const source = sourceOf(`${origin}/remote.git`, { directory, timeoutMs: 3_000, clock });
      const first = await source.fetch();
      const before = onDisk(directory);
      const second = remote.commit({ 'apps/a.yaml': 'a: 2\n' });
      requests = 0;
      expect(await failureOf(source.fetch())).toMatchObject({
        code: 'git/timeout',
        message: expect.stringContaining('within 3 s'),
      });
      // They are killed before the failure is reported; the system takes a moment to end them.
      await until('no process is left', () => processesWith(directory).every((line) => line.includes('cat-file')));
      requests = Number.NEGATIVE_INFINITY;
      expect(await source.files(first)).toHaveLength(1);
      expect(await source.fetch()).toBe(second);
      expect(onDisk(directory) - before).toBeLessThan(MIB / 16);
    },
  );
});

const pkt = (text: string) => `${(text.length + 4).toString(16).padStart(4, '0')}${text}`;

/** Answers a request for objects with messages for people, for ever. */
function talkForEver(request: http.IncomingMessage, response: http.ServerResponse): boolean {
  if (request.method !== 'POST') return false;
  let body = '';
  request.on('data', (chunk: Buffer) => {
    body += chunk.toString('latin1');
  });
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' });
    if (body.includes('command=ls-refs')) {
      response.end(`${pkt(`${'1'.repeat(40)} refs/heads/main\n`)}0000`);
      return;
    }
    response.write(pkt('packfile\n'));
    const message = pkt(`\x02${'counting objects '.repeat(500)}\n`).repeat(20);
    const more = () => {
      while (!response.destroyed && response.write(message));
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  });
  return true;
}

test('a server that talks for ever is ended by the limit of its messages, which the error names (S-013)', async () => {
  const remote = createRemote();
  let isHostile = true;
  const { origin } = await serveGitOverHttp(dirname(remote.path), {
    intercept: (request, response) => isHostile && talkForEver(request, response),
  });
  const directory = join(temporaryDirectory(), 'mirror');
  const source = sourceOf(`${origin}/remote.git`, { directory });
  const before = process.memoryUsage.rss();
  expect(await failureOf(source.fetch())).toMatchObject({
    code: 'git/too-many-messages',
    message: 'git fetch: messages of git and of the remote exceed 4 MiB',
  });
  expect(process.memoryUsage.rss() - before).toBeLessThan(50 * MIB);
  expect(processesWith(directory)).toEqual([]);
  expect(onDisk(directory)).toBeLessThan(MIB / 16);
  isHostile = false;
  expect(await source.files(await source.fetch())).toHaveLength(1);
});

test.runIf(thorough('a blob of a quarter of a gigabyte'))(
  'a few bytes that expand to gigabytes are never held in memory (S-013)',
  async () => {
    const remote = createRemote();
    const env = { ...process.env, GIT_DIR: remote.path };
    const blob = execFileSync('sh', ['-c', 'head -c 268435456 /dev/zero | git hash-object -w --stdin'], {
      env,
      encoding: 'utf8',
    });
    const tree = execFileSync('git', ['mktree'], {
      env,
      input: `100644 blob ${blob.trim()}\tbomb.yaml\n`,
      encoding: 'utf8',
    }).trim();
    const commit = remote.git('-c', 'user.name=A', '-c', 'user.email=a@b', 'commit-tree', '-p', 'main', '-m', 'bomb', tree);
    remote.git('update-ref', 'refs/heads/main', commit);
    const directory = join(temporaryDirectory(), 'mirror');
    const source = sourceOf(`file://${remote.path}`, { directory });
    const before = process.memoryUsage.rss();
    const [file] = await source.files(await source.fetch());
    expect(file).toMatchObject({ path: 'bomb.yaml', size: 268_435_456 });
    expect(await failureOf(source.blob(blob.trim()))).toMatchObject({ code: 'git/blob-too-large' });
    expect(process.memoryUsage.rss() - before).toBeLessThan(50 * MIB);
    expect(onDisk(directory)).toBeLessThan(4 * MIB);
  },
);

test.runIf(thorough('a blob of ten gigabytes'))(
  'ten megabytes that expand to ten gigabytes end at the deadline, which the error names, and leave nothing (S-013)',
  async () => {
    const remote = createRemote();
    const good = remote.git('rev-parse', 'main');
    const directory = join(temporaryDirectory(), 'mirror');
    const source = sourceOf(`file://${remote.path}`, { directory, timeoutMs: 10_000 });
    expect(await source.fetch()).toBe(good);
    const disk = onDisk(directory);
    const tree = execFileSync('git', ['mktree'], {
      env: { ...process.env, GIT_DIR: remote.path },
      input: `100644 blob ${addZipBomb(remote.path)}\tbomb.yaml\n`,
      encoding: 'utf8',
    }).trim();
    const commit = remote.git('-c', 'user.name=A', '-c', 'user.email=a@b', 'commit-tree', '-p', 'main', '-m', 'bomb', tree);
    remote.git('update-ref', 'refs/heads/main', commit);
    const before = process.memoryUsage.rss();
    expect(await failureOf(source.fetch())).toMatchObject({
      code: 'git/timeout',
      message: expect.stringContaining('no result within 10 s'),
    });
    expect(process.memoryUsage.rss() - before).toBeLessThan(50 * MIB);
    expect(processesWith(directory).filter((line) => !line.includes('cat-file'))).toEqual([]);
    expect(await source.files(good)).toHaveLength(1);
    remote.git('update-ref', 'refs/heads/main', good);
    const next = remote.commit({ 'apps/a.yaml': 'a: 2\n' });
    expect(await source.fetch()).toBe(next);
    expect(onDisk(directory) - disk).toBeLessThan(MIB / 16);
  },
);

test.runIf(thorough('a million refs'))('a million refs of others leave the memory of the daemon alone (S-013)', async () => {
  const remote = createRemote();
  const head = remote.git('rev-parse', 'main');
  const lines = Array.from({ length: 1_000_000 }, (_, n) => `${head} refs/pull/${n}/head\n`).sort();
  writeFileSync(join(remote.path, 'packed-refs'), `# pack-refs with: peeled fully-peeled sorted \n${lines.join('')}`);
  const source = sourceOf(`file://${remote.path}`, { timeoutMs: 60_000 });
  const before = process.memoryUsage.rss();
  expect(await source.fetch()).toBe(head);
  expect(process.memoryUsage.rss() - before).toBeLessThan(50 * MIB);
  const next = remote.commit({ 'apps/a.yaml': 'a: 2\n' });
  expect(await source.fetch()).toBe(next);
  expect(await source.find('no-such-branch')).toBeUndefined();
});

/** The input of fast-import for a commit of a million files. */
const MILLION = `awk 'BEGIN {
  for (n = 1; n <= 1000000; n++) printf "blob\\nmark :%d\\ndata %d\\n%d\\n", n, length(n ""), n
  printf "commit refs/heads/main\\ncommitter A <a@b> 1 +0000\\ndata 1\\nx\\n"
  for (n = 1; n <= 1000000; n++) printf "M 100644 :%d d%d/%d.txt\\n", n, n % 1000, n
}'`;

test.runIf(thorough('a million objects'))(
  'a million tiny objects leave the memory of the daemon alone (S-013)',
  { timeout: 180_000 },
  async () => {
    const remote = createRemote();
    // It is about what arrives, not about how the server packs it.
    remote.git('config', 'pack.window', '0');
    const env = { ...process.env, GIT_DIR: remote.path };
    execFileSync('sh', ['-c', `${MILLION} | git fast-import --quiet --force`], { env });
    const source = sourceOf(`file://${remote.path}`, { names: /\.yaml$/, timeoutMs: 120_000 });
    const before = process.memoryUsage.rss();
    const started = performance.now();
    const revision = await source.fetch();
    console.log(`a million objects: fetched in ${Math.round(performance.now() - started)} ms`);
    expect(await source.files(revision)).toEqual([]);
    expect(process.memoryUsage.rss() - before).toBeLessThan(50 * MIB);
  },
);
