import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import { browserOfFile, createShop, failed, publish } from './fixture.ts';

const open = browserOfFile();

test('a shop in order: what runs, at which commit, since when', async () => {
  await using opened = await open();
  const { page } = opened;
  await page.getByText('Nothing failed, and nothing is held.').waitFor();
  const source = page.getByRole('article');
  expect(await source.innerText()).toMatch(/git@github.com:acme\/shop\s+Follows\s+main\s+Synced\s+Release cart 1.4.0/);
  expect(await source.innerText()).toContain('3f7ab57 by Jane Doe, committed 4 minutes ago, synced 1 minute ago');
  expect(await source.getByRole('listitem').allInnerTexts()).toEqual(['2 synced']);
  expect(await source.locator('time').first().getAttribute('title')).toMatch(/^\d{1,2} \w{3} \d{4}, \d\d:\d\d:\d\d/);
  expect(await page.title()).toBe('Flux');
  expect(opened.complaints).toEqual([]);
});

test('what is wrong comes first, in sentences', async () => {
  const shop = createShop();
  shop.objects = [
    ...shop.objects,
    failed('shop:deployment/checkout', 'denied by policy'),
    ...Array.from({ length: 30 }, (_, index) => ({
      id: `shop:configmap/old-${index}`,
      state: 'held' as const,
      since: 0,
      reason: 'too many deletions',
    })),
  ];
  await using opened = await open({ shop });
  const items = await opened.page.getByRole('region', { name: 'Needs attention' }).locator('.trouble').allInnerTexts();
  expect(items.map((text) => text.replaceAll(/\s+/g, ' '))).toEqual([
    expect.stringContaining('shop:deployment/checkout Denied by policy. Correct the file. since 5 minutes ago'),
    expect.stringMatching(
      /shop:configmap\/old-12 and 25 others Too many deletions\. fluxctl gc lists what is held, and approves it\./,
    ),
  ]);
  expect(await opened.page.getByRole('img', { name: 'Failed' }).count()).toBe(1);
  expect(await opened.page.getByRole('img', { name: 'Held' }).count()).toBe(1);
});

test('news arrives by itself, in this tab and in others, which share one stream', async () => {
  const shop = createShop();
  await using opened = await open({ shop, stay: true });
  const { page } = opened;
  const streams: string[] = [];
  page.context().on('request', (request) => request.url().endsWith('/api/v1/events') && streams.push(request.url()));
  await page.goto(await opened.link());
  await page.getByText('Nothing failed').waitFor();
  const other = await page.context().newPage();
  await other.goto(await opened.link());
  await other.getByText('Nothing failed').waitFor();
  shop.objects = [failed('shop:deployment/cart', 'denied by policy')];
  publish(shop);
  // Sooner than the next poll.
  await page.locator('.trouble').getByText('Denied by policy.').waitFor({ timeout: 8_000 });
  await other.locator('.trouble').getByText('Denied by policy.').waitFor({ timeout: 8_000 });
  shop.objects = [];
  publish(shop);
  await page.getByText('Nothing failed').waitFor({ timeout: 8_000 });
  expect(streams.length).toBe(1);
  // The other one takes over.
  await page.close();
  await expect.poll(() => streams.length, { timeout: 8_000 }).toBe(2);
});

describe('without a state to show', () => {
  test('a daemon that starts says so', async () => {
    const shop = createShop();
    shop.others = {
      objects: () => ({ follows: [{ name: 'main' }], objects: [] }),
      health: () => Promise.reject(new FluxError('no sync', { code: 'health/none', fault: 'missing' })),
      readiness: () => ({ ready: false, reason: 'git repo has not been cloned yet' }),
      syncedCommit: async () => undefined,
    };
    await using opened = await open({ shop });
    await opened.page.getByRole('heading', { name: 'fluxd is starting' }).waitFor();
    expect(await opened.page.getByRole('article').innerText()).toContain('not yet');
  });

  test('an empty repository has no objects', async () => {
    const shop = createShop();
    shop.objects = [];
    await using opened = await open({ shop });
    expect(await opened.page.getByRole('article').innerText()).toMatch(/Objects\s+none yet/);
  });
});

test('a daemon that is gone leaves an old state that says so, and comes back', async () => {
  await using opened = await open();
  const { page } = opened;
  await opened.stop();
  await page.getByRole('alert').getByText('fluxd does not answer').waitFor();
  await page.getByText(/What is below was read (just now|1 minute ago)/).waitFor();
  // Its words would change, and be announced again, with each tick of the clock.
  expect(await page.locator('[role=alert] time, [role=status] time').count()).toBe(0);
  expect(await page.locator('.stale').innerText()).toContain('Release cart 1.4.0');
  await opened.start();
  // Sessions ended with the process, and the page does not show what is old as new.
  await page.getByText('Open this page from a terminal').waitFor();
  await page.goto(await opened.link());
  await page.getByText('Nothing failed').waitFor();
});

test('the page of an older fluxd is loaded again', async () => {
  const shop = createShop();
  await using opened = await open({ shop });
  const { page } = opened;
  const loaded = page.waitForEvent('load');
  shop.others = { version: () => '2.0.0' };
  publish(shop);
  await loaded;
  await page.getByText('fluxd 2.0.0').waitFor();
});

test('the theme is chosen, and kept', async () => {
  await using opened = await open();
  const { page } = opened;
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.getByLabel('Theme').selectOption('dark');
  expect(await ground()).not.toBe(light);
  await page.reload();
  await page.getByText('Nothing failed').waitFor();
  expect(await page.getByLabel('Theme').inputValue()).toBe('dark');
});
