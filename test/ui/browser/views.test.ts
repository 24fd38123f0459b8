import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import type { SyncRecord } from '../../../src/record/index.ts';
import { browserOfFile, createShop, failed, type ObjectEntry, REVISION } from './fixture.ts';

const open = browserOfFile();

const synced = (id: string, file: string): ObjectEntry => ({
  id,
  state: 'synced',
  since: 0,
  place: { file, document: 0, line: 1 },
});

function shopOf(...objects: readonly ObjectEntry[]) {
  const shop = createShop();
  shop.objects = objects;
  return shop;
}

describe('objects', () => {
  const shop = () =>
    shopOf(
      synced('shop:deployment/cart', 'shop/cart.yaml'),
      synced('shop:service/cart', 'shop/cart.yaml'),
      synced('blog:deployment/blog', 'blog/blog.yaml'),
      failed('blog:job/migrate', 'denied by policy'),
    );

  test('stand in their folders, and are found by what a person types', async () => {
    await using opened = await open({ shop: shop() });
    const { page } = opened;
    await page.getByRole('link', { name: 'Objects' }).click();
    await page.getByText('4 objects', { exact: true }).waitFor();
    expect(await page.locator('.folder-name').allInnerTexts()).toEqual([
      expect.stringMatching(/blog\s+1 synced/),
      expect.stringMatching(/shop\s+1 failed\s+2 synced/),
    ]);
    await page.keyboard.press('/');
    await page.keyboard.type(':SERVICE/');
    await page.getByText('1 of 4 objects').waitFor();
    await page.getByLabel('Search').fill('shop/cart.yaml');
    await page.getByText('3 of 4 objects').waitFor();
    await page.getByLabel('Kind').selectOption('service');
    await page.getByText('1 of 4 objects').waitFor();
    expect(await page.locator('.object').innerText()).toContain('shop:service/cart');
    // The link has the filter, and one step back leaves it.
    expect(page.url()).toContain('#/objects?text=shop%2Fcart.yaml&kind=service');
    await page.reload();
    await page.getByText('1 of 4 objects').waitFor();
    await page.goBack();
    await page.getByRole('heading', { name: 'Needs attention' }).waitFor();
  });

  test('folders open and close by keyboard', async () => {
    await using opened = await open({ shop: shop() });
    const { page } = opened;
    await page.goto(`${opened.origin}/ui/#/objects`);
    const folder = page.getByRole('button', { name: /blog/ });
    await folder.press('Enter');
    expect(await folder.getAttribute('aria-expanded')).toBe('false');
    expect(await page.getByText('blog:deployment/blog').count()).toBe(0);
    await folder.press('Enter');
    await page.getByText('blog:deployment/blog').waitFor();
  });

  test('5,000 are there within a second or so, and no task blocks the page for long', async () => {
    const many = Array.from({ length: 5_000 }, (_, index) =>
      synced(`ns-${index % 50}:configmap/c-${index}`, `folder-${index % 20}/c-${index}.yaml`),
    );
    await using opened = await open({ shop: shopOf(...many) });
    const { page } = opened;
    await page.evaluate(() => {
      const tasks: number[] = [];
      Object.assign(globalThis, { tasks });
      new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
        type: 'longtask',
      });
    });
    await page.getByRole('link', { name: 'Objects' }).click();
    await page.getByText('5,000 objects', { exact: true }).waitFor();
    expect(await page.locator('.object').count()).toBe(0);
    await page.getByRole('button', { name: /folder-3 / }).click();
    expect(await page.locator('.object').count()).toBe(200);
    await page.getByRole('button', { name: 'Show 50 more' }).click();
    expect(await page.locator('.object').count()).toBe(250);
    await page.getByLabel('Search').fill('c-4999');
    await page.getByText('1 of 5,000 objects').waitFor();
    // How long they took is in bench/; here, that they are bounded at all.
    const tasks = await page.evaluate(() => (globalThis as typeof globalThis & { tasks: number[] }).tasks);
    expect(tasks.filter((duration) => duration > 1_000)).toEqual([]);
  });
});

test('an object says why it is as it is, from Git to its pods', async () => {
  const shop = shopOf(failed('shop:deployment/cart', 'denied'));
  const asked: unknown[] = [];
  shop.others = {
    why: async (question) => {
      asked.push(question);
      return {
        answer: 'shop:deployment/cart is not updated: 2.0.0 is banned',
        state: 'held',
        cause: 'decision/banned',
        id: 'shop:deployment/cart',
        next: { text: 'The next tag is taken.', at: Date.now() + 7_260_000 },
        links: [
          { kind: 'place', state: 'ok', code: 'ok', text: 'shop/cart.yaml:2', facts: [{ name: 'author', value: 'Jane' }] },
          { kind: 'decision', container: 'cart', state: 'held', code: 'banned', text: '2.0.0 is banned', facts: [] },
        ],
        tags: [{ container: 'cart', tags: [{ tag: '2.0.0', code: 'banned', verdict: 'is banned' }] }],
        others: [],
      };
    },
  };
  await using opened = await open({ shop });
  const { page } = opened;
  await page.getByRole('link', { name: 'shop:deployment/cart' }).click();
  await page.getByRole('heading', { name: 'shop:deployment/cart', level: 1 }).waitFor();
  expect(await page.getByRole('region', { name: 'Answer' }).innerText()).toContain('The next tag is taken in 2 hours.');
  expect(await page.locator('.link').allInnerTexts()).toEqual([
    expect.stringMatching(/In Git\s+shop\/cart\.yaml:2\s+author\s+Jane/),
    expect.stringMatching(/Image\s+cart\s+2\.0\.0 is banned/),
  ]);
  expect(await page.getByRole('table').innerText()).toMatch(/2\.0\.0\s+is banned/);
  expect(asked[0]).toEqual({ by: 'id', id: 'shop:deployment/cart' });
});

test('an object has the commits of its file, with links to the Git host where that is known', async () => {
  const shop = createShop();
  const commit = {
    revision: REVISION,
    author: { name: 'Jane', email: '' },
    committedAt: Date.now() - 90_000,
    trailers: [],
    ours: false,
  };
  const gitConfig = { url: '', branch: 'main', paths: [], state: { status: 'ready', url: '' } as never, publicKey: '' };
  const web = 'https://github.com/acme/shop';
  shop.others = {
    objectCommits: async () => ({
      place: { revision: REVISION, file: 'shop/cart.yaml', line: 3 },
      commits: [{ ...commit, subject: 'Release cart 1.4.0' }],
      isCut: true,
    }),
    gitConfig: async () => ({
      ...gitConfig,
      webPages: { commit: `${web}/commit/{revision}`, line: `${web}/blob/{revision}/{path}#L{line}` },
    }),
  };
  await using opened = await open({ shop });
  const { page } = opened;
  await page.goto(`${opened.origin}/ui/#/objects/shop%3Adeployment%2Fcart`);
  const history = page.getByRole('region', { name: 'Commits of shop/cart.yaml:3' });
  expect(await history.innerText()).toMatch(/3f7ab57\s.*Release cart 1\.4\.0\s+Jane, .*Earlier ones are in Git\./s);
  const links = history.getByRole('link');
  expect(await links.evaluateAll((all) => all.map((link) => [link.getAttribute('href'), link.getAttribute('rel')]))).toEqual([
    [`${web}/blob/${REVISION}/shop/cart.yaml#L3`, 'noreferrer'],
    [`${web}/commit/${REVISION}`, 'noreferrer'],
  ]);
  shop.others = { ...shop.others, gitConfig: async () => gitConfig };
  await page.reload();
  await history.waitFor();
  expect(await links.count()).toBe(0);
});

test('an object that is not there is said not to be', async () => {
  const shop = createShop();
  const error = new FluxError('there is no object nonsense', { code: 'why/nothing-found', fault: 'missing' });
  shop.others = { why: () => Promise.reject(error) };
  await using opened = await open({ shop });
  await opened.page.goto(`${opened.origin}/ui/#/objects/nonsense`);
  await opened.page.getByRole('alert').waitFor();
  expect(await opened.page.getByRole('alert').innerText()).toMatch(/There is nothing here\s+There is no object nonsense\./);
});

test('syncs have what each changed', async () => {
  const shop = createShop();
  const record: SyncRecord = {
    version: 1,
    daemon: 'fluxd 1.2.3',
    revision: REVISION,
    startedAt: new Date(Date.now() - 120_000).toISOString(),
    durationMs: 1_200,
    counts: { created: 1, unchanged: 7 },
    changes: [{ id: 'shop:deployment/cart', outcome: 'created', place: 'shop/cart.yaml:2' }],
    imageUpdates: [
      { commit: REVISION, workload: 'shop:deployment/cart', container: 'cart', from: 'acme/cart:1', to: 'acme/cart:2' },
    ],
  };
  shop.others = { history: async () => ({ entries: [{ kind: 'synced', record }] }) };
  await using opened = await open({ shop });
  const { page } = opened;
  await page.getByRole('link', { name: 'Syncs' }).click();
  const sync = page.getByRole('article');
  await sync.getByText('1 change').click();
  const text = (await sync.innerText()).replaceAll(/\s+/g, ' ');
  expect(text).toContain('3f7ab57 2 minutes ago, in 1.2 s');
  expect(text).toContain('1 created 7 unchanged');
  expect(text).toContain('shop:deployment/cart cart: acme/cart:1 → acme/cart:2');
  expect(text).toContain('created shop:deployment/cart');
});

test('held deletions have their reasons, and how to approve them', async () => {
  const shop = createShop();
  const deletions = Array.from({ length: 120 }, (_, index) => ({
    id: `shop:configmap/old-${index}`,
    uid: 'u',
    reason: 'too many',
  }));
  shop.others = {
    heldDeletions: () => ({ hash: '0123456789abcdef', deletions, orphans: [{ id: 'shop:secret/left', uid: 'u' }] }),
  };
  await using opened = await open({ shop });
  const { page } = opened;
  await page.getByRole('link', { name: 'Deletions' }).click();
  await page.getByRole('heading', { name: 'Held Too many.' }).waitFor();
  await page.getByText('and 20 others; fluxctl gc lists all.').waitFor();
  await page.getByText('fluxctl gc approve 0123456789abcdef').waitFor();
  await page.getByText('shop:secret/left').waitFor();
});

test('without held deletions there is nothing to approve', async () => {
  await using opened = await open();
  await opened.page.goto(`${opened.origin}/ui/#/deletions`);
  await opened.page.getByText('No deletion is held.').waitFor();
  expect(await opened.page.getByText('fluxctl gc approve').count()).toBe(0);
});

test('images have when they are read, and what their registries still answer', async () => {
  const shop = createShop();
  const scan = { tags: 3, scannedAt: Date.now() - 60_000, nextAt: Date.now() + 125_000, scanning: false };
  shop.others = {
    imageScans: () => [{ name: 'ghcr.io/acme/cart', ...scan } as never],
    registryHosts: () => [
      {
        name: 'ghcr.io',
        repositories: 1,
        failed: 0,
        budgets: [{ limit: 100, remaining: 42, windowMs: 21_600_000, countsLists: false } as never],
      },
    ],
  };
  await using opened = await open({ shop });
  const { page } = opened;
  await page.getByRole('link', { name: 'Images' }).click();
  await page.getByText('1 image repository', { exact: true }).waitFor();
  const [hosts = '', repositories = ''] = (await page.getByRole('table').allInnerTexts()).map((text) =>
    text.replaceAll(/\s+/g, ' '),
  );
  expect(hosts).toContain('ghcr.io 1 0 42 of 100, anonymous');
  expect(repositories).toContain('ghcr.io/acme/cart 3 1 minute ago in 2 minutes');
});
