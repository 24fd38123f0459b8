import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { silentLogger } from '../../../src/base/index.ts';
import { createDiskStore } from '../../../src/registry-watch/cache/disk.ts';
import { DiskFile } from '../../../src/registry-watch/cache/disk-file.ts';
import { sampled, thorough } from '../../support/sampled.ts';
import { createTestLog, type TestLogLine } from '../../support/test-log.ts';

const FILE = 'registry-cache.db';
const { signal } = new AbortController();

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flux-cache-'));
  path = join(directory, FILE);
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
});

function open({ log = silentLogger(), now = (): number => 0, maxBytes = 2 ** 30 } = {}) {
  const store = createDiskStore({ directory, clock: { now }, log, maxBytes });
  onTestFinished(() => store.close());
  return store;
}

const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const entry = (key: string, text: string) => ({ key, value: bytes(text) });

async function textsIn(store: ReturnType<typeof open>, ...keys: string[]) {
  return Object.fromEntries([...(await store.read(keys, signal))].map(([key, value]) => [key, Buffer.from(value).toString()]));
}

describe('the disk cache', () => {
  test('gives back what was written, also after a restart, for its owner only', async () => {
    const store = open();
    expect(await textsIn(store, 'a')).toEqual({});
    await store.write([entry('a', '1'), entry('b', '2')], signal);
    await store.write([entry('b', '3')], signal);
    const { epoch } = store;
    expect(await textsIn(store, 'a', 'b', 'c')).toEqual({ a: '1', b: '3' });
    expect(store.epoch).toBe(epoch);
    await store.close();
    expect(await textsIn(open(), 'a', 'b', 'c')).toEqual({ a: '1', b: '3' });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('removes entries that were not written for a week', async () => {
    let day = 0;
    const store = open({ now: () => day * 86_400_000 });
    await store.write([entry('old', '1'), entry('used', '1')], signal);
    day = 6;
    await store.write([entry('used', '2')], signal);
    expect(await textsIn(store, 'old', 'used')).toEqual({ old: '1', used: '2' });
    day = 8;
    await store.write([entry('new', '3')], signal);
    expect(await textsIn(store, 'old', 'used', 'new')).toEqual({ used: '2', new: '3' });
  });

  const FOREIGN: readonly (readonly [what: string, make: () => void])[] = [
    ['is no database', () => writeFileSync(path, 'not a database, but long enough to be taken for one'.repeat(100))],
    ['is a directory', () => mkdirSync(path)],
    ['is of another program', () => withDatabase((database) => database.exec('CREATE TABLE notes (text)'))],
    [
      'is of another version',
      () =>
        withDatabase((database) =>
          database.exec('CREATE TABLE entry (key); PRAGMA application_id = 0x466c7578; PRAGMA user_version = 2'),
        ),
    ],
    [
      'is of another program with a write-ahead log',
      () => withDatabase((database) => database.exec('PRAGMA journal_mode = WAL; CREATE TABLE notes (text)')),
    ],
    ['has a damaged head', () => damage((file) => file.fill(7, 40, 100))],
    ['has a damaged page', () => damage((file) => file.fill(7, 4096, 8192))],
    ['is cut off', () => damage((file) => file.subarray(0, 6000))],
  ];

  function withDatabase(work: (database: DatabaseSync) => void): void {
    const database = new DatabaseSync(path);
    work(database);
    database.close();
  }

  function damage(change: (file: Buffer) => Buffer): void {
    const file = new DiskFile({ path, lifeMs: 1e9, maxBytes: 2 ** 30, onSetAside: () => undefined });
    file.write(
      Array.from({ length: 50 }, (_, n) => [`key ${n}`, bytes('x'.repeat(1000))]),
      0,
    );
    file.close();
    writeFileSync(path, change(readFileSync(path)));
  }

  test.for(sampled('files that cannot be used', FOREIGN, 3))('sets a file aside that %s, and says so', async ([, make]) => {
    make();
    const { log, lines } = await createTestLog();
    const store = open({ log });
    expect(await textsIn(store, ...Array.from({ length: 50 }, (_, n) => `key ${n}`))).toEqual({});
    await store.write([entry('key 1', 'new')], signal);
    expect(await textsIn(store, 'key 1')).toEqual({ 'key 1': 'new' });
    expect(existsSync(`${path}.unusable`)).toBe(true);
    expect(lines()).toEqual([expect.objectContaining({ file: path, reason: expect.any(String) })] satisfies TestLogLine[]);
    await store.close();
    expect(await textsIn(open(), 'key 1')).toEqual({ 'key 1': 'new' });
  });

  test('opens a file again that was damaged or removed meanwhile', async () => {
    const store = open();
    await store.write([entry('a', '1')], signal);
    const { epoch } = store;
    writeFileSync(path, Buffer.alloc(20_000, 7));
    expect(await textsIn(store, 'a')).toEqual({});
    expect(store.epoch).toBeGreaterThan(epoch);
    await store.write([entry('a', '2')], signal);
    expect(await textsIn(store, 'a')).toEqual({ a: '2' });
  });

  test('says why a directory cannot be used, and uses it as soon as it can', async () => {
    rmSync(directory, { recursive: true });
    writeFileSync(directory, '');
    const store = open();
    await expect(store.read(['a'], signal)).rejects.toMatchObject({
      code: 'registry/cache-failed',
      message: expect.stringContaining(path),
      help: expect.stringContaining('--registry-cache-dir'),
    });
    rmSync(directory);
    await store.write([entry('a', '1')], signal);
    expect(await textsIn(store, 'a')).toEqual({ a: '1' });
    expect(statSync(directory).mode & 0o777).toBe(0o700);
  });

  test.runIf(thorough('a cache on disk that another process uses'))(
    'waits for another process that writes, and says when it takes too long',
    async () => {
      const store = open();
      await store.write([entry('a', '1')], signal);
      const other = new DatabaseSync(path);
      other.exec('BEGIN EXCLUSIVE');
      await expect(store.write([entry('a', '2')], signal)).rejects.toThrow('database is locked');
      other.exec('ROLLBACK');
      other.close();
      await store.write([entry('a', '2')], signal);
      expect(await textsIn(store, 'a')).toEqual({ a: '2' });
    },
  );

  test('that is full keeps what it has', async () => {
    const store = open({ maxBytes: 100_000 });
    await store.write([entry('a', '1')], signal);
    await expect(store.write([{ key: 'b', value: new Uint8Array(100_001) }], signal)).rejects.toThrow('full');
    expect(await textsIn(store, 'a', 'b')).toEqual({ a: '1' });
  });

  test.for(sampled('moments of a kill', [5, 10, 15, 20, 30, 40, 50, 70, 90, 120, 150, 200], 2))(
    'killed %d ms into its writes leaves a file with whole writes',
    async (ms) => {
      const program = `
        import { DiskFile } from ${JSON.stringify(new URL('../../../src/registry-watch/cache/disk-file.ts', import.meta.url).href)};
        const file = new DiskFile({ path: ${JSON.stringify(path)}, lifeMs: 1e9, maxBytes: 2 ** 30, onSetAside: (reason) => { throw new Error(reason) } });
        for (let n = 0; ; n += 1) {
          const value = Buffer.alloc(20_000, String(n));
          file.write([['first', value], ['second', value], ['n' + n % 50, value]], 0);
          if (n === 3) process.stdout.write('begun');
        }`;
      const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      await new Promise((resolve) => setTimeout(resolve, ms));
      child.kill('SIGKILL');
      await once(child, 'exit');
      const { log, lines } = await createTestLog();
      const texts = await textsIn(open({ log }), 'first', 'second');
      expect(texts.first).toHaveLength(20_000);
      expect(texts.second).toBe(texts.first);
      expect(lines()).toEqual([]);
    },
  );
});
