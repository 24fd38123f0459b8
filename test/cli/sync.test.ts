import { describe, expect, test } from 'vitest';
import { fluxctl, type Script, ScriptedDaemon } from './daemon.ts';

const CONFIG = 'POST /flux/v9/git-repo-config';
const START = 'POST /v1/syncs';
const STATUS = 'GET /v1/syncs/s-1';
const REVISION = '4be1f0c2a7d94c0f5a0f6a1cb5f2d1a1e7a9b001';

const config = (given: object = {}) => ({
  remote: { url: 'ssh://git@example.org/acme/conf', branch: 'master', path: '' },
  publicSSHKey: { key: '', fingerprints: null },
  status: 'ready',
  errors: '',
  ...given,
});
const report = (given: object = {}) => ({
  id: 's-1',
  state: 'done',
  revision: REVISION,
  counts: {},
  changes: [],
  errors: [],
  warnings: [],
  ...given,
});
const queued = report({ state: 'queued', revision: undefined });

const sync = async (script: Script, ...flags: string[]) => {
  await using daemon = await ScriptedDaemon.start({ [CONFIG]: [config()], ...script });
  const ran = await fluxctl(['sync', '--url', daemon.url, ...flags]);
  return { ...ran, requests: daemon.requests };
};
const PROGRESS = [
  '2 Synchronizing with ssh://git@example.org/acme/conf',
  '2 Revision of master to apply is 4be1f0c',
  '2 Waiting for 4be1f0c to be applied ...',
  '2 Done.',
];

describe('sync', () => {
  test('colours what was done and what went wrong, on a terminal', async () => {
    const changes = ['created', 'failed', 'skipped'].map((outcome) => ({ id: 'a:configmap/b', outcome }));
    const errors = [{ file: 'x.yaml', error: { code: 'yaml/bad-syntax', message: 'bad' } }];
    await using daemon = await ScriptedDaemon.start({ [CONFIG]: [config()], [START]: [report({ changes, errors })] });
    const { stdout } = await fluxctl(['sync', '--url', daemon.url], {}, { isTTY: true });
    expect(stdout.split('\n')).toEqual([
      '\u001b[32mcreated a:configmap/b\u001b[39m',
      'skipped a:configmap/b',
      '\u001b[31mfailed a:configmap/b\u001b[39m',
      '\u001b[31merror x.yaml: bad\u001b[39m',
      '1 refused',
      '',
    ]);
  });

  test('many deletions that are held for one reason are one line', async () => {
    const held = (count: number, reason: string) =>
      Array.from({ length: count }, (_, n) => ({ id: `a:configmap/${reason}${n}`, outcome: 'held', reason }));
    const { stdout } = await sync({ [START]: [report({ changes: [...held(131, 'many'), ...held(2, 'few')] })] });
    expect(stdout.split('\n').slice(0, 3)).toEqual([
      'held a:configmap/few0: few',
      'held a:configmap/few1: few',
      'held 131 deletions: many; fluxctl gc lists them',
    ]);
  });

  describe('of several sources', () => {
    const sources = [
      { name: 'infra', revision: REVISION },
      { name: 'apps', revision: 'beb49f6fd92bd0d738e6914eda21cc80a61bbdc2' },
    ];
    const bad = { file: 'x.yaml', line: 2, source: 'apps', error: { code: 'yaml/bad-syntax', message: 'bad' } };

    test('names them, and where each problem is', async () => {
      const early = report({ state: 'running', sources: [sources[0], { name: 'apps' }] });
      const { lines } = await sync({ [START]: [early], [STATUS]: [report({ sources, errors: [bad] })] });
      expect(lines).toBe(
        [
          '2 Synchronizing with the sources infra, apps',
          '2 Waiting for infra at 4be1f0c, apps at beb49f6 to be applied ...',
          '2 Done.',
          '1 error x.yaml:2 of source apps: bad',
          '1 1 refused',
          '2 Error: 1 manifest refused',
          '',
        ].join('\n'),
      );
    });

    test('syncs the others if one fails, and prints what they did', async () => {
      const failure = { code: 'git/unreachable', message: 'source apps: no route' };
      const unready = config({ status: 'unreachable', errors: 'no route' });
      const all = sources.map(({ name }) => ({ name, url: 'u', branch: 'main', paths: [], status: 'ready', ready: true }));
      const { code, stdout, stderr } = await sync({
        [CONFIG]: [unready],
        'GET /v1/sources': [{ sources: all }],
        [START]: [report({ sources, failure, counts: { created: 2 } })],
      });
      expect([code, stdout]).toEqual([1, '2 created\n']);
      expect(stderr).toContain('source apps: no route');
      expect(stderr).not.toContain('Done.');
    });
  });

  test('a reason that quotes its error is said once', async () => {
    const error = { code: 'x', message: 'forbidden' };
    const changes = [
      { id: 'a:configmap/a', outcome: 'held', reason: 'it could not be listed: forbidden', error },
      { id: 'a:configmap/b', outcome: 'failed', reason: 'changed in Git', error },
    ];
    const { stdout } = await sync({ [START]: [report({ changes })] });
    expect(stdout).toContain('held a:configmap/a: it could not be listed: forbidden\n');
    expect(stdout).toContain('failed a:configmap/b: changed in Git: forbidden\n');
  });

  test('waits for the daemon’s sync and prints what it did', async () => {
    const place = { file: 'shop/cart.yaml', document: 1, line: 1 };
    const done = report({
      counts: { unchanged: 30, created: 1, configured: 1, deleted: 1, skipped: 1, held: 1 },
      changes: [
        { id: 'shop:configmap/old', outcome: 'deleted' },
        { id: 'shop:deployment/cart', outcome: 'configured', place },
        {
          id: 'shop:deployment/own',
          outcome: 'skipped',
          place: { ...place, document: 2, line: 9 },
          reason: 'ignored by annotation',
        },
        { id: 'shop:service/cart', outcome: 'created', place },
        { id: '<cluster>:namespace/shop', outcome: 'held', reason: 'too many deletions' },
      ],
      warnings: [{ file: 'x.yaml', line: 3, error: { code: 'w', message: 'key "a" is given twice' } }],
    });
    const { code, lines, requests } = await sync({ [START]: [queued], [STATUS]: [report({ state: 'running' }), done] });
    expect(code).toBe(0);
    expect(lines).toBe(
      [
        ...PROGRESS,
        '1 created shop:service/cart',
        '1 configured shop:deployment/cart',
        '1 deleted shop:configmap/old',
        '1 skipped shop:deployment/own (shop/cart.yaml:9 document 2): ignored by annotation',
        '1 held <cluster>:namespace/shop: too many deletions',
        '1 warning x.yaml:3: key "a" is given twice',
        '1 1 created, 1 configured, 1 deleted, 30 unchanged, 1 skipped, 1 held',
        '',
      ].join('\n'),
    );
    expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      CONFIG,
      START,
      `${STATUS}?wait=0`,
      expect.stringMatching(/^GET \/v1\/syncs\/s-1\?wait=10$/),
    ]);
    expect(requests[1]?.headers['content-type']).toBe('application/json');
  });

  const broken = report({
    counts: { created: 1, failed: 1 },
    changes: [
      { id: 'a:service/b', outcome: 'created' },
      {
        id: 'a:deployment/b',
        outcome: 'failed',
        place: { file: 'b.yaml', document: 2, line: 7, item: 3 },
        error: { code: 'cluster/invalid', message: 'spec.replicas must be an integer\u001b[2J', help: 'x' },
      },
    ],
    errors: [
      { file: 'bad.yaml', document: 1, line: 4, column: 2, error: { code: 'manifests/yaml', message: 'tabs are not allowed' } },
    ],
  });
  const OBJECTS = [
    '1 created a:service/b',
    '1 failed a:deployment/b (b.yaml:7 document 2, item 3): spec.replicas must be an integer',
    '1 error bad.yaml:4:2 document 1: tabs are not allowed',
    '1 1 created, 1 failed, 1 refused',
  ];

  test('exits 1 with the errors, object by object', async () => {
    const { code, lines } = await sync({ [START]: [broken] });
    expect(code).toBe(1);
    expect(lines).toBe([...PROGRESS, ...OBJECTS, '2 Error: 1 object failed, 1 manifest refused', ''].join('\n'));
  });

  test('exits 0 all the same when told to, as Flux v1 did', async () => {
    const { code, lines } = await sync({ [START]: [broken] }, '--ignore-apply-errors');
    expect(code).toBe(0);
    expect(lines).toBe([...PROGRESS, ...OBJECTS, '2 Warning: 1 object failed, 1 manifest refused', ''].join('\n'));
  });

  test('says so when nothing is in the repository', async () => {
    expect((await sync({ [START]: [report()] })).stdout).toBe('nothing to apply\n');
  });

  test('fails when the sync could not be carried out', async () => {
    const failure = { code: 'git/unreachable', message: 'git repository is unreachable', help: 'Check the network.' };
    const { code, stderr, stdout } = await sync({ [START]: [queued], [STATUS]: [report({ revision: undefined, failure })] });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe(
      "Synchronizing with ssh://git@example.org/acme/conf\nError: git repository is unreachable\n\nCheck the network.\nRun 'fluxctl sync --help' for usage.\n",
    );
  });

  test('fails when it is not done in time', async () => {
    const { code, stderr } = await sync({ [START]: [queued], [STATUS]: [queued] }, '--timeout=2s');
    expect(code).toBe(1);
    expect(stderr).toMatch(/Error: timeout\nRun 'fluxctl sync --help' for usage\.\n$/);
  });

  test('shows why the daemon refused', async () => {
    const problem = {
      type: 'about:blank',
      title: 'Forbidden',
      status: 403,
      detail: 'this door is closed',
      code: 'api/forbidden',
      help: 'Use a port-forward.',
    };
    const { code, stderr } = await sync({ [START]: [{ status: 403, body: problem }] });
    expect(code).toBe(1);
    expect(stderr).toMatch(/== Error ==\n\nthis door is closed\n\nUse a port-forward\.\n\n$/);
  });
});

test('sync with a Go fluxd ends with a timeout when the tag does not move', async () => {
  const { code, stderr } = await sync({
    'POST /flux/v9/update-manifests': ['job-1'],
    'GET /flux/v6/jobs': [{ Result: { revision: REVISION }, Err: '', StatusString: 'succeeded' }],
    'GET /flux/v6/sync': [[REVISION]],
  });
  expect(code).toBe(1);
  expect(stderr).toMatch(/Error: timeout\nRun/);
});

test('identity -r asks for a new key, and prints it', async () => {
  const publicSSHKey = { key: 'new\n', fingerprints: null };
  await using daemon = await ScriptedDaemon.start({ [CONFIG]: [config({ publicSSHKey })] });
  expect(await fluxctl(['identity', '--url', daemon.url, '-r'])).toMatchObject({ code: 0, stdout: 'new\n' });
  expect(daemon.requests.map(({ body }) => body)).toEqual(['true']);
});
