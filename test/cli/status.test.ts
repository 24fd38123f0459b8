import { describe, expect, test } from 'vitest';
import { fluxctl, type Script, ScriptedDaemon } from './daemon.ts';

const OBJECTS = 'GET /v1/objects';
const HISTORY = 'GET /v1/history';
const REVISION = '4be1f0c2a7d94c0f5a0f6a1cb5f2d1a1e7a9b001';
const since = '2026-11-26T09:04:44.780Z';
const error = (message: string) => ({ code: 'x/y', message });
const failed = {
  id: 'shop:deployment/cart',
  state: 'failed',
  since,
  place: { file: 'cart.yaml', line: 2 },
  error: error('denied'),
};
const refused = { state: 'refused', since, place: { file: 'bad.yaml', line: 9, document: 1 }, error: error('not YAML') };
const held = { id: 'shop:configmap/old', state: 'held', since, reason: 'nobody knows' };
const states = (objects: readonly object[], more: object = {}) => ({ revision: REVISION, syncedAt: since, objects, ...more });

const run = async (script: Script, ...line: string[]) => {
  await using daemon = await ScriptedDaemon.start(script);
  const ran = await fluxctl([...line, '--url', daemon.url]);
  return { ...ran, paths: daemon.requests.map(({ path }) => path) };
};

describe('status', () => {
  test('lists what is wrong, the worst first, and asks only whether automation is suspended besides', async () => {
    const { code, stdout, paths } = await run({ [OBJECTS]: [states([held, refused, failed])] }, 'status');
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        'STATE    OBJECT                WHERE        WHY',
        'failed   shop:deployment/cart  cart.yaml:2  denied',
        'refused                        bad.yaml:9   not YAML',
        'held     shop:configmap/old                 nobody knows',
        '',
      ].join('\n'),
    );
    expect(paths).toEqual(['/v1/objects?state=failed%2Crefused%2Cheld%2Cwaiting&limit=1000', '/v1/automation']);
  });

  test('tells many deletions that are held for one reason in one line', async () => {
    const many = Array.from({ length: 131 }, (_, n) => ({ ...held, id: `shop:configmap/c${n}`, reason: 'too many' }));
    const { stdout } = await run({ [OBJECTS]: [states([...many, held])] }, 'status', '--no-headers');
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['held', 'shop:configmap/old', 'nobody knows'],
      ['held', '131 deletions', 'too many; fluxctl gc lists them'],
      [''],
    ]);
  });

  test('of everything in a namespace, on as many pages as there are', async () => {
    const { stdout, paths } = await run(
      { [OBJECTS]: [states([failed], { next: 'a' }), states([held])] },
      ...['status', '--all', '-n', 'shop', '--no-headers', '-o', 'wide'],
    );
    expect(stdout.split('\n').map((line) => line.split(/ +/).slice(0, 3))).toEqual([
      ['failed', 'shop:deployment/cart', since],
      ['held', 'shop:configmap/old', since],
      [''],
    ]);
    expect(paths).toEqual([
      '/v1/objects?namespace=shop&limit=1000',
      '/v1/objects?namespace=shop&limit=1000&cursor=a',
      '/v1/automation',
    ]);
  });

  test.each<[string[], object, string]>([
    [[], states([]), 'nothing failed, nothing is held\n'],
    [[], states([], { follows: [{ name: 'main', revision: REVISION }] }), 'nothing failed, nothing is held\n'],
    [
      [],
      states([], {
        follows: [{ name: 'tag v1.4.2 (semver:~1.4)', revision: REVISION }],
        unverified: {
          head: 'a',
          commit: 'c'.repeat(40),
          tag: 'v1.4.3',
          why: 'has no valid signature: x',
          key: '',
          signer: '',
          commits: 2,
        },
      }),
      [
        'follows tag v1.4.2 (semver:~1.4), at 4be1f0c',
        'not verified: tag v1.4.3 of commit ccccccc has no valid signature: x; it and what follows it, 2 commits, wait',
        'nothing failed, nothing is held',
        '',
      ].join('\n'),
    ],
    [
      [],
      states([], {
        follows: [
          { source: 'infra', name: 'tag prod' },
          { source: 'apps', name: 'main' },
        ],
      }),
      'source infra follows tag prod, nothing of it is synced\nnothing failed, nothing is held\n',
    ],
    [['--all'], states([]), 'no objects\n'],
    [[], { objects: [] }, 'nothing has been synced yet\n'],
    [['-o', 'name'], states([failed, refused]), 'shop:deployment/cart\nbad.yaml:9\n'],
    [[], states([], { failure: error('Git cannot be reached') }), 'sync failed: Git cannot be reached\n'],
    [['-o', 'json'], states([held]), `${JSON.stringify(states([held]))}\n`],
  ])('%j', async (flags, answer, stdout) => {
    expect(await run({ [OBJECTS]: [answer] }, 'status', ...flags)).toMatchObject({ code: 0, stdout, stderr: '' });
  });

  test('--watch tells what is new', async () => {
    const { stdout } = await run(
      { [OBJECTS]: [states([failed]), states([failed]), states([]), { status: 500, body: 'gone' }] },
      ...['status', '--watch', '-o', 'name'],
    );
    expect(stdout).toBe('shop:deployment/cart\n');
  });
});

const past = (more: object = {}) => ({
  revision: REVISION,
  startedAt: since,
  durationMs: 1234,
  daemon: 'fluxd/0.1.0',
  counts: { unchanged: 8, configured: 1 },
  changes: [],
  imageUpdates: [],
  ...more,
});

describe('history', () => {
  test('lists syncs with what they did', async () => {
    const update = { commit: REVISION, workload: 'shop:deployment/cart', container: 'cart', from: 'cart:1', to: 'cart:2' };
    const syncs = [past({ imageUpdates: [update] }), past({ failure: error('no such branch'), counts: {} })];
    expect((await run({ [HISTORY]: [{ syncs }] }, 'history')).stdout).toBe(
      [
        'STARTED               REVISION  OBJECTS                      IMAGES',
        '2026-11-26T09:04:44Z  4be1f0c   1 configured, 8 unchanged    cart to cart:2',
        '2026-11-26T09:04:44Z  4be1f0c   sync failed: no such branch  ',
        '',
      ].join('\n'),
    );
    const { stdout } = await run(
      { [HISTORY]: [{ syncs: [past(), past({ durationMs: 7 })] }] },
      'history',
      '-o',
      'wide',
      '--no-headers',
    );
    expect(stdout).toContain(`${REVISION}  1.2s  fluxd/0.1.0`);
    expect(stdout).toContain(`${REVISION}  7ms   fluxd/0.1.0`);
  });

  test('counts the manifests that were refused', async () => {
    const refused = { outcome: 'refused', place: 'a.yaml:3', reason: 'not YAML' };
    const syncs = [past({ counts: { unchanged: 2 }, changes: [refused, refused] }), past({ counts: {}, changes: [refused] })];
    const { stdout } = await run({ [HISTORY]: [{ syncs }] }, 'history', '--no-headers');
    expect(stdout.split('\n').map((line) => / {2}(\d+ .*)$/.exec(line)?.[1]?.trim())).toEqual([
      '2 unchanged, 2 refused',
      '1 refused',
      undefined,
    ]);
  });

  test('asks for as many as are wanted, over pages that may be empty', async () => {
    const pages = [
      { syncs: [past()], next: 'a' },
      { syncs: [], next: 'b' },
      { syncs: [past(), past()], next: 'c' },
    ];
    const { stdout, paths } = await run({ [HISTORY]: pages }, 'history', '--limit=3', '-o', 'name');
    expect(stdout).toBe(`${REVISION}\n`.repeat(3));
    expect(paths).toEqual(['/v1/history?limit=3', '/v1/history?limit=2&cursor=a', '/v1/history?limit=2&cursor=b']);
  });

  test('as JSON it is the list', async () => {
    const { stdout } = await run({ [HISTORY]: [{ syncs: [past()] }] }, 'history', '-o', 'json');
    expect(JSON.parse(stdout)).toEqual([past()]);
  });

  test.each(['0', '-1', 'x', '1.5'])('a limit of %s is none', async (limit) => {
    const { code, stderr, paths } = await run({}, 'history', `--limit=${limit}`);
    expect([code, paths]).toEqual([1, []]);
    expect(stderr).toContain('-l, --limit');
  });
});

test.each([
  ['status', 'report the state of objects'],
  ['history', 'list past syncs'],
])('a Go fluxd cannot answer %s', async (command, ability) => {
  const { code, stderr } = await run({}, command);
  expect(code).toBe(1);
  expect(stderr).toMatch(new RegExp(`^Error: this daemon cannot ${ability}: it is a Flux v1, or older than this fluxctl\\n`));
});
