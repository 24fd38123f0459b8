import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { filterSyncs, isImage, type PastSync, parseSince } from '../../src/cli/past-syncs.ts';
import { createSyncRecord, formatSyncRecord, type SyncRecord, withHealth } from '../../src/record/index.ts';
import { builtCommands } from '../e2e/harness/build.ts';
import { run } from '../e2e/harness/process.ts';
import { createRemote, type Remote, sourceOf, temporaryDirectory } from '../git/support/repository.ts';
import { until } from '../support/until.ts';

const CART = 'shop:deployment/cart';
const NOON = Date.parse('2026-12-01T12:00:00Z');
const MINUTE = 60_000;

/** The record of a sync that changed the cart, some minutes after noon. */
function recordOf(revision: string, minutes: number, version: string, commit = revision): SyncRecord {
  const record = createSyncRecord({
    ...{ daemon: 'fluxd/1', revision, startedAt: NOON + minutes * MINUTE, durationMs: 1200 },
    counts: { configured: 1, unchanged: 8 },
    changes: [{ id: CART, outcome: 'configured', place: 'cart.yaml:1', reason: 'changed in Git' }],
    imageUpdates: [
      { commit, workload: CART, container: 'cart', from: 'quay.io/acme/cart:1.0', to: `quay.io/acme/cart:${version}` },
    ],
  });
  return withHealth(record, { [CART]: { state: 'healthy', images: { cart: `quay.io/acme/cart:${version}` } } });
}

describe('which syncs are shown', () => {
  const other: PastSync = { revision: 'o', startedAt: '2026-12-01T12:01:00Z', counts: {}, changes: [], imageUpdates: [] };
  const wire = (revision: string, minutes: number, version: string): PastSync => {
    const { version: _, ...record } = recordOf(revision, minutes, version);
    return { ...record, counts: {}, changes: [...record.changes], imageUpdates: [...record.imageUpdates], health: record.health };
  };
  const syncs = [wire('c', 10, '1.2'), other, wire('b', 0, '1.1')];
  test.each([
    ['all', {}, ['c', 'o', 'b']],
    ['since a time: also what was in force then', { since: NOON + 5 * MINUTE }, ['c', 'o']],
    ['of an object', { object: CART }, ['c', 'b']],
    ['of an object since a time', { object: CART, since: NOON + 5 * MINUTE }, ['c', 'b']],
    ['of another object', { object: 'shop:deployment/mail' }, []],
    ['of an image by its end', { image: 'cart:1.2' }, ['c']],
    ['of an image with its registry', { image: 'quay.io/acme/cart' }, ['c', 'b']],
  ])('%s', (_name, filter, expected) => {
    expect(filterSyncs(syncs, filter).map(({ revision }) => revision)).toEqual(expected);
  });

  test.each([
    ['quay.io/acme/cart:1.2', 'cart', true],
    ['quay.io/acme/cart:1.2', 'art', false],
    ['quay.io/acme/cart:1.2', 'acme/cart:1.2', true],
    ['localhost:5000/cart@sha256:00', 'cart', true],
    ['localhost:5000/cart', '5000', false],
  ])('%s is meant by %s: %j', (reference, name, expected) => expect(isImage(reference, name)).toBe(expected));

  test.each([
    ['2026-12-01T12:00:00Z', NOON],
    ['1h', NOON - 60 * MINUTE],
  ])('--since=%s', (text, expected) => expect(parseSince(text, NOON)).toBe(expected));
  test.each(['', 'yesterday', '2026-13-45'])('--since=%j is refused', (text) =>
    expect(() => parseSince(text, NOON)).toThrow('--since'),
  );
});

describe('a repository without a daemon', () => {
  let commands: string;
  beforeAll(async () => {
    commands = await builtCommands();
  });
  const fluxctl = (home: string, ...args: readonly string[]) =>
    run(process.execPath, [join(commands, 'fluxctl.js'), 'history', ...args], {
      env: { HOME: home, TMPDIR: home, NODE_NO_WARNINGS: '1' },
    });

  /** Three syncs by a daemon, and a record that a person wrote. */
  async function synced(): Promise<{ readonly remote: Remote; readonly revisions: readonly string[] }> {
    const remote = createRemote();
    const source = sourceOf(remote.path);
    const revisions: string[] = [];
    for (const [index, version] of ['1.1', '1.2', '1.3'].entries()) {
      if (index > 0) remote.commit({ 'cart.yaml': version }, `Release ${version}`);
      const revision = await source.fetch();
      revisions.push(revision);
      await source.recordSync({ revision, record: formatSyncRecord(recordOf(revision, 10 * index, version)) });
    }
    const bad = remote.commit({ 'cart.yaml': 'x' }, 'Another one');
    remote.git('-c', 'user.name=a', '-c', 'user.email=a@b', 'notes', '--ref=flux-sync', 'add', '-m', '{"version":9}', bad);
    return { remote, revisions };
  }

  test('says what ran at a time, and which commit brought it; writes nothing', async () => {
    const { remote, revisions } = await synced();
    const home = temporaryDirectory();
    const before = remote.git('for-each-ref');
    const asked = ['--repo', remote.path, '--git-branch=main', '--since=2026-12-01T12:15:00Z', `--object=${CART}`];
    const { code, stdout, stderr } = await fluxctl(home, ...asked);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '1 record skipped: not in a form that this fluxctl reads\n' });
    const [heading, ...rows] = stdout.trimEnd().split('\n');
    expect(heading).toMatch(/^STARTED +REVISION +OBJECT +IMAGES$/);
    expect(rows.map((row) => row.split(/ {2,}/))).toEqual(
      [
        [2, '12:20', '1.3'],
        [1, '12:10', '1.2'],
      ].map(([index, time, version]) => {
        const revision = revisions[Number(index)]?.slice(0, 7);
        return [
          `2026-12-01T${time}:00Z`,
          revision,
          `configured cart.yaml:1 changed in Git; cart quay.io/acme/cart:${version}, healthy`,
          `cart to quay.io/acme/cart:${version} by ${revision}`,
        ];
      }),
    );
    const json = JSON.parse((await fluxctl(home, '--repo', `file://${remote.path}`, '--git-branch=main', '-o', 'json')).stdout);
    expect(json.map(({ revision }: PastSync) => revision)).toEqual(revisions.toReversed());
    expect(json[0]).not.toHaveProperty('version');
    expect(remote.git('for-each-ref')).toBe(before);
    expect(readdirSync(home)).toEqual([]);
  });

  test.each<[string, (remote: Remote) => readonly string[], string]>([
    ['another branch', ({ path }) => ['--repo', path], "configured branch 'master' does not exist; there is: main"],
    ['no repository', ({ path }) => ['--repo', `${path}.none`], 'does not appear to be a git repository'],
    ['a program in place of a URL', () => ['--repo=ext::sh -c true'], 'ext'],
    ['an empty one', () => ['--repo='], '--repo needs a URL or a path'],
  ])('%s is an error', async (_name, args, expected) => {
    const { code, stderr } = await fluxctl(temporaryDirectory(), ...args(createRemote()));
    expect(code).toBe(1);
    expect(stderr).toContain(expected);
  });

  test('Ctrl-C ends a fetch, and removes what was fetched', async () => {
    let asked = 0;
    // It never answers.
    const server = createServer(() => {
      asked += 1;
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const home = temporaryDirectory();
    const address = z.object({ port: z.number() }).parse(server.address());
    const line = ['history', `--repo=http://127.0.0.1:${address.port}/x.git`];
    const env = { PATH: process.env.PATH, HOME: home, TMPDIR: home };
    const child = spawn(process.execPath, [join(commands, 'fluxctl.js'), ...line], { env, stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = new Promise<NodeJS.Signals | null>((resolve) => child.on('exit', (_code, signal) => resolve(signal)));
    await until('the repository is fetched', () => asked > 0);
    expect(readdirSync(home)).toHaveLength(1);
    child.kill('SIGINT');
    expect(await ended).toBe('SIGINT');
    expect(readdirSync(home)).toEqual([]);
  });

  test('a password in the URL is in no message', async () => {
    const { code, stdout, stderr } = await fluxctl(temporaryDirectory(), '--repo=http://ann:s3cret@127.0.0.1:1/x.git');
    expect(code).toBe(1);
    expect(stdout + stderr).not.toContain('s3cret');
  });
});
