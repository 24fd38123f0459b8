import { describe, expect, test } from 'vitest';
import { parseYamlDocuments } from '../../src/base/index.ts';
import { fluxctl, ScriptedDaemon, SERVED_AT } from './daemon.ts';

const image = (ID: string) => ({ ID, Labels: {} });
const workload = (ID: string, containers: readonly (readonly [string, string])[], given: object = {}) => ({
  ID,
  Containers: containers.map(([Name, ref]) => ({ Name, Current: image(ref), LatestFiltered: image('') })),
  ReadOnly: '',
  Status: 'ready',
  Rollout: { Desired: 1, Updated: 1, Ready: 1, Available: 1, Outdated: 0, Messages: null },
  SyncError: '',
  Antecedent: '',
  Labels: null,
  Automated: false,
  Locked: false,
  Ignore: false,
  Policies: {},
  ...given,
});
const SHOP = [
  workload('shop:helmrelease/pay', [['chart-image', 'reg.example.org/acme/pay:1.1']], { Status: '', Automated: true }),
  workload(
    'shop:deployment/cart',
    [
      ['cart', 'reg.example.org/acme/cart:1.3'],
      ['setup', 'reg.example.org/acme/init:0.2'],
    ],
    { Automated: true, Locked: true },
  ),
];
const listWorkloads = async (answer: unknown, ...flags: string[]) => {
  await using daemon = await ScriptedDaemon.start({ 'GET /flux/v6/services': [answer] });
  const ran = await fluxctl(['list-workloads', '--url', daemon.url, ...flags]);
  return { ...ran, path: daemon.requests[0]?.path };
};

describe('list-workloads', () => {
  test.each<[string, unknown, string[], string, string]>([
    ['an empty list is the heading alone', null, [], 'WORKLOAD  CONTAINER  IMAGE  RELEASE  POLICY\n', 'default'],
    ['every namespace, whatever -n says', null, ['-a', '-n', 'x'], 'WORKLOAD  CONTAINER  IMAGE  RELEASE  POLICY\n', ''],
    ['widths without a heading', [workload('a:deployment/b', [])], ['--no-headers'], 'a:deployment/b      ready  \n', 'default'],
    [
      'workloads of one container',
      SHOP,
      ['-c', 'chart-image', '--no-headers'],
      'shop:helmrelease/pay  chart-image  reg.example.org/acme/pay:1.1    automated\n',
      'default',
    ],
    ['JSON of nothing', null, ['-o', 'json'], 'null\n', 'default'],
  ])('%s', async (_name, answer, flags, stdout, namespace) => {
    expect(await listWorkloads(answer, ...flags)).toMatchObject({
      code: 0,
      stdout,
      path: `/flux/v6/services?namespace=${namespace}`,
    });
  });

  test('prints JSON whole, as Go escapes it, and without marks that reorder text', async () => {
    const odd = workload('a:deployment/b', [], { SyncError: 'a<b \u202e', Extra: 1 });
    const { stdout } = await listWorkloads([odd], '-o', 'json');
    expect(JSON.parse(stdout)).toEqual([odd]);
    expect(stdout).toContain('"SyncError":"a\\u003cb \\u202e"');
    expect(stdout.endsWith(',"Extra":1}]\n')).toBe(true);
  });

  test('JSON has its keys in the order of Go, as the daemon sent them', async () => {
    const { stdout } = await listWorkloads(SHOP.slice(1), '-o', 'json');
    expect(stdout).toBe(`${JSON.stringify(SHOP.slice(1))}\n`);
  });

  test('the old name works', async () => {
    await using daemon = await ScriptedDaemon.start({ 'GET /flux/v6/services': [null] });
    expect((await fluxctl(['list-controllers', '--url', daemon.url])).code).toBe(0);
  });

  test('remote text cannot leave its cell (S-080)', async () => {
    const { stdout } = await listWorkloads([workload('a:deployment/b', [['c\u001b[31m\n\tx', 'i:\u202e1']])], '--no-headers');
    expect(stdout).toBe('a:deployment/b  c x  i:1  ready  \n');
  });
});

const available = [
  { ...image('reg.example.org/acme/cart:1.4'), CreatedAt: '2024-04-01T10:00:00Z' },
  { ...image('reg.example.org/acme/cart:1.3'), CreatedAt: '2024-02-10T10:00:00Z' },
  { ...image('reg.example.org/acme/cart:1.2'), CreatedAt: '2024-01-10T10:00:00Z' },
];
const cart = { Name: 'cart', Current: image('reg.example.org/acme/cart:1.3'), LatestFiltered: image(''), Available: available };
const images = (Containers: object[] | null) => [{ ID: 'shop:deployment/cart', Containers }];
const listImages = async (answer: unknown, ...flags: string[]) => {
  await using daemon = await ScriptedDaemon.start({ 'GET /flux/v10/images': [answer] });
  const ran = await fluxctl(['list-images', '--url', daemon.url, ...flags]);
  return { ...ran, path: daemon.requests[0]?.path };
};

describe('list-images', () => {
  test('brackets the tags newer than the one that runs', async () => {
    const aux = { Name: 'aux', Current: image(''), LatestFiltered: image('') };
    const { stdout, path } = await listImages(images([cart, aux]), '-w', 'shop:deployment/cart');
    expect(path).toBe('/flux/v10/images?containerFields=&namespace=&service=shop%3Adeployment%2Fcart');
    expect(stdout).toBe(
      [
        'WORKLOAD              CONTAINER  IMAGE                      CREATED',
        'shop:deployment/cart  cart       reg.example.org/acme/cart  ',
        '                                 |   1.4                    01 Apr 24 10:00 UTC',
        "                                 '-> 1.3                    10 Feb 24 10:00 UTC",
        '                                     1.2                    10 Jan 24 10:00 UTC',
        '                      aux                                   image data not available',
        "                                 '-> (untagged)             ?",
        '',
      ].join('\n'),
    );
  });

  test('marks banned tags, and says why a container is not updated', async () => {
    const [newest, ...others] = available;
    const held = { ...cart, Available: [{ ...newest, Banned: true }, ...others], NotUpdated: 'tag 1.4 is banned' };
    const { stdout } = await listImages(images([held]), '-w', 'shop:deployment/cart', '--no-headers');
    expect(
      stdout
        .split('\n')
        .slice(0, 2)
        .map((line) => line.trim().split(/ {2,}/)),
    ).toEqual([
      ['shop:deployment/cart', 'cart', 'reg.example.org/acme/cart', 'tag 1.4 is banned'],
      ['|', '1.4 (banned)', '01 Apr 24 10:00 UTC'],
    ]);
  });

  test.each<[string, object, string[], string[]]>([
    [
      'beyond the limit the running image still shows',
      { ...cart, Current: image('reg.example.org/acme/cart:1.2') },
      ['--limit', '1'],
      ['|   1.4', ': (1 image(s) omitted)', "'-> 1.2"],
    ],
    ['a limit of 0 shows all', cart, ['-l', '0'], ['|   1.4', "'-> 1.3", '    1.2']],
    [
      'a running tag nobody knows comes last',
      { ...cart, Current: image('reg.example.org/acme/cart:0.9') },
      [],
      ['|   1.4', '|   1.3', '|   1.2', "'-> 0.9"],
    ],
    [
      'a tag whose image cannot be read shows its tag',
      { ...cart, Available: [image(':1.9'), ...available] },
      [],
      ['|   1.9', '|   1.4', "'-> 1.3", '    1.2'],
    ],
  ])('%s', async (_name, container, flags, expected) => {
    const { stdout } = await listImages(images([container]), ...flags, '--no-headers');
    expect([...stdout.matchAll(/^ {28}(.{1,26})/gm)].map(([, cell]) => cell?.trimEnd())).toEqual(expected);
  });

  test('a time that Go writes for none is none', async () => {
    const undated = { ...image('reg.example.org/acme/cart:1.3'), CreatedAt: '0001-01-01T00:00:00Z' };
    const { stdout } = await listImages(images([{ ...cart, Available: [undated] }]), '--no-headers');
    expect(stdout).toMatch(/'-> 1\.3 +\n$/);
  });

  test('a workload without containers has a line', async () => {
    expect((await listImages(images(null), '--no-headers')).stdout).toBe('shop:deployment/cart      \n');
  });

  test('asks for a namespace when no workload is named', async () => {
    expect((await listImages(null, '-n', 'shop')).path).toBe(
      '/flux/v10/images?containerFields=&namespace=shop&service=%3Call%3E',
    );
  });

  test('JSON keeps to the limit', async () => {
    const many = { ...cart, Available: Array.from({ length: 100 }, (_, i) => image(`a:${i}`)) };
    const { stdout } = await listImages(images([many]), '-o', 'json', '--limit', '3');
    expect(JSON.parse(stdout)[0].Containers[0].Available).toEqual(many.Available.slice(0, 3));
  });
});

describe('list-images --scans', () => {
  const now = Date.parse(SERVED_AT);
  const at = (seconds: number) => new Date(now + seconds * 1000).toISOString();
  const FIRST = {
    repositories: [
      { name: 'reg/a', tags: 12, scannedAt: at(-4980), intervalMs: 10_080_000, scanning: false, nextAt: at(5400) },
      { name: 'reg/b', tags: 0, scanning: true, error: { code: 'registry/unauthorized', message: 'no\u202eaccess' } },
    ],
    next: 'more',
  };
  const budget = { limit: 100, remaining: 76, windowSeconds: 21_600 };
  const SECOND = {
    repositories: [{ name: 'reg2/c', tags: 1, scannedAt: at(-45), intervalMs: 60_000, scanning: false, nextAt: at(-1) }],
    hosts: [
      {
        name: 'reg',
        repositories: 2,
        failed: 1,
        rateLimitedUntil: at(90),
        budgets: [
          { ...budget, countsLists: true, resetAt: at(3600) },
          { ...budget, account: 'u (shop/pull)', countsLists: false },
        ],
      },
      { name: 'reg2', repositories: 1, failed: 0, budgets: [] },
    ],
  };
  const list = async (flags: readonly string[], answers: readonly unknown[] = [FIRST, SECOND]) => {
    await using daemon = await ScriptedDaemon.start({ 'GET /flux/v1/images/scans': answers, 'GET /v1/images/scans': answers });
    return await fluxctl(['list-images', '--scans', '--url', daemon.url, ...flags], {}, { startAt: now });
  };

  test('shows when each image is scanned, and what its host still answers', async () => {
    expect(await list([])).toMatchObject({
      code: 0,
      stdout: [
        'IMAGE   TAGS  SCANNED    EVERY  NEXT      ERROR',
        'reg/a   12    1h23m ago  2h48m  in 1h30m  ',
        'reg/b   0     never             now       noaccess',
        'reg2/c  1     45s ago    1m     now       ',
        '',
        'HOST  IMAGES  FAILED  REQUESTS LEFT                    ACCOUNT        PAUSED',
        'reg   2       1       76 of 100 in 6h, new in 1h       anonymous      1m30s more',
        '                      76 of 100 in 6h; scans are free  u (shop/pull)  ',
        'reg2  1       0       no limit reported                               ',
        '',
      ].join('\n'),
    });
  });

  test('says since when nothing is remembered, and what to do', async () => {
    const error = {
      code: 'registry/cache-failed',
      message: 'registry cache /c/x.db: disk\u202e is full',
      help: 'Enlarge the volume.',
    };
    const { stdout } = await list([], [{ ...SECOND, cacheFailure: { since: at(-7_500), error } }]);
    expect(stdout.split('\n').slice(-3)).toEqual([
      '',
      'Scans have not been remembered for 2h5m: registry cache /c/x.db: disk is full. Enlarge the volume.',
      '',
    ]);
    const { help: _, ...bare } = error;
    expect((await list([], [{ ...SECOND, cacheFailure: { since: at(0), error: bare } }])).stdout).toContain('is full\n');
  });

  test('as data is what the daemon says, of all pages', async () => {
    const { stdout } = await list(['-o', 'json']);
    expect(JSON.parse(stdout)).toMatchObject({
      repositories: [{ name: 'reg/a' }, { name: 'reg/b' }, { name: 'reg2/c' }],
      hosts: SECOND.hosts,
    });
    expect((await list(['-o', 'name'])).stdout).toBe('reg/a\nreg/b\nreg2/c\n');
  });

  test('needs a daemon that has it, and all images', async () => {
    expect((await list([], [{ status: 404, body: '404 page not found' }])).stderr).toContain(
      'this daemon cannot list image scans',
    );
    expect(await list(['--workload', 'deployment/x'])).toMatchObject({ code: 1 });
  });
});

describe('other forms of the lists', () => {
  const failing = [
    { ...SHOP[1], SyncError: 'denied\nby a webhook', ReadOnly: 'System', Rollout: { ...SHOP[1]?.Rollout, Ready: 0 } },
  ];

  test.each<[string, string]>([
    [
      'wide',
      [
        'WORKLOAD              CONTAINER  IMAGE                          RELEASE  REPLICAS  READY  READ-ONLY  POLICY            SYNC ERROR',
        'shop:deployment/cart  cart       reg.example.org/acme/cart:1.3  ready    1/1       0/1    System     automated,locked  denied by a webhook',
        '                      setup      reg.example.org/acme/init:0.2                                                         ',
        '',
      ].join('\n'),
    ],
    ['name', 'shop:deployment/cart\n'],
  ])('list-workloads -o %s', async (format, expected) => {
    expect((await listWorkloads(failing, '-o', format)).stdout).toBe(expected);
  });

  test.each([
    ['tab', 'table'],
    ['table', 'table'],
  ])('%s is Flux v1’s table', async (format) => {
    expect((await listWorkloads(SHOP, '-o', format)).stdout).toBe((await listWorkloads(SHOP)).stdout);
  });

  test('YAML holds what JSON holds', async () => {
    const [workloads, listed] = [await listWorkloads(SHOP, '-o', 'yaml'), await listImages(images([cart]), '-o', 'yaml')];
    expect([...parseYamlDocuments(workloads.stdout)]).toMatchObject([
      { value: JSON.parse((await listWorkloads(SHOP, '-o', 'json')).stdout) },
    ]);
    expect([...parseYamlDocuments(listed.stdout)]).toMatchObject([{ value: images([cart]) }]);
    expect((await listWorkloads(null, '-o', 'yaml')).stdout).toBe('null\n');
  });

  test('list-images -o wide shows digests, -o name the images that run', async () => {
    const Available = available.map((each, n) => ({ ...each, Digest: `sha256:${n}` }));
    const wide = (await listImages(images([{ ...cart, Available }]), '-o', 'wide')).stdout;
    expect(wide.split('\n').map((line) => line.slice(60))).toEqual([
      'CREATED              DIGEST',
      '                     ',
      '01 Apr 24 10:00 UTC  sha256:0',
      '10 Feb 24 10:00 UTC  sha256:1',
      '10 Jan 24 10:00 UTC  sha256:2',
      '',
    ]);
    expect((await listImages(images([cart, cart]), '-o', 'name')).stdout).toBe('reg.example.org/acme/cart:1.3\n');
  });

  test.each([
    [false, ''],
    [true, '\u001b[H\u001b[J'],
  ])('--watch lists again when something has changed (terminal: %s)', async (isTTY, clear) => {
    const [old] = [workload('a:deployment/b', [], { Status: 'updating' })];
    const done = { ...old, Status: 'ready' };
    await using daemon = await ScriptedDaemon.start({
      'GET /flux/v6/services': [[old], [old], [done], [done], { status: 500, body: 'gone' }],
    });
    const line = ['list-workloads', '--watch', '--no-headers', '--url', daemon.url];
    const { code, stdout, stderr } = await fluxctl(line, {}, { isTTY });
    expect(stdout).toBe(`${clear}a:deployment/b      updating  \n${clear}a:deployment/b      ready  \n`);
    expect(daemon.requests).toHaveLength(5);
    expect([code, stderr]).toEqual([
      1,
      "Error: executing HTTP request: 500 Internal Server Error gone\nRun 'fluxctl list-workloads --help' for usage.\n",
    ]);
  });

  test('--watch follows images, in documents that stay apart', async () => {
    const images = (tag: string) => [
      { ID: 'a:deployment/b', Containers: [{ Name: 'c', Current: { ID: `i:${tag}` }, Available: [] }] },
    ];
    await using daemon = await ScriptedDaemon.start({
      'GET /flux/v10/images': [images('1'), images('1'), images('2'), { status: 500, body: 'gone' }],
    });
    const { code, stdout } = await fluxctl(['list-images', '--watch', '-o', 'yaml', '--url', daemon.url]);
    expect(code).toBe(1);
    const documents = stdout.split('---\n').slice(1);
    expect(documents.map((each) => /ID: i:(\d)/.exec(each)?.[1])).toEqual(['1', '2']);
  });
});
