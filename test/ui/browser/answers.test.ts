import { describe, expect, test } from 'vitest';
import { browserOfFile, createShop, failed, publish } from './fixture.ts';

const open = browserOfFile();

describe.each([
  [503, 'the repository is not cloned yet'],
  [429, 'too many requests'],
])('an answer of status %i', (status, detail) => {
  test('is that fluxd cannot answer now, and why, beside the last state', async () => {
    await using opened = await open();
    const { page } = opened;
    const body = JSON.stringify({ status, detail, code: 'api/busy' });
    await page.route('**/api/v1/overview', (route) => route.fulfill({ status, contentType: 'application/problem+json', body }));
    publish(opened.shop);
    const alert = page.getByRole('alert');
    await alert.getByRole('heading', { name: 'fluxd cannot answer now' }).waitFor();
    expect((await alert.innerText()).toLowerCase()).toContain(`${detail}.`);
    expect(await page.locator('.stale').innerText()).toContain('Release cart 1.4.0');
    await page.unroute('**/api/v1/overview');
    publish(opened.shop);
    await page.getByText('Nothing failed').waitFor();
    await expect.poll(() => page.getByRole('alert').count()).toBe(0);
  });
});

/** What a proxy with other JSON, or another version of fluxd, may answer. */
const OTHERS: Readonly<Record<string, string>> = {
  null: 'null',
  'an object without what is shown': '{"version":"9"}',
  'lists of something else': '{"version":"9","sources":[1,null],"troubles":[null],"objects":[null],"repositories":[{}]}',
};

describe.each(Object.entries(OTHERS))('another shape: %s', (_, body) => {
  test.each([
    ['overview', ''],
    ['objects', '#/objects'],
    ['images/scans', '#/images'],
    ['sources', '#/syncs'],
    ['gc', '#/deletions'],
  ])('of %s is said to be unreadable, and leaves the rest of the page', async (path, view) => {
    await using opened = await open({ stay: true });
    const { page } = opened;
    await page.route(`**/api/v1/${path}*`, (route) => route.fulfill({ contentType: 'application/json', body }));
    await page.goto(await opened.link());
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    if (view !== '') await page.goto(`${opened.origin}/ui/${view}`);
    await page
      .getByRole('alert')
      .getByText(/cannot be read/)
      .first()
      .waitFor();
    await page.getByRole('navigation', { name: 'Views' }).waitFor();
  });
});

test('a stream that is silent for longer than fluxd ever is, is opened again', async () => {
  await using opened = await open({ stay: true });
  const { page } = opened;
  let streams = 0;
  page.on('request', (request) => {
    if (request.url().endsWith('/api/v1/events')) streams += 1;
  });
  await page.clock.install();
  await page.goto(await opened.link());
  await page.getByText('Nothing failed').waitFor();
  await expect.poll(() => streams).toBe(1);
  await page.clock.fastForward(46_000);
  await expect.poll(() => streams).toBe(2);
});

test('what newly failed is announced once, and what was wrong before is not', async () => {
  const shop = createShop();
  const before = failed('shop:deployment/cart', 'denied by policy');
  shop.objects = [before];
  await using opened = await open({ shop });
  const { page } = opened;
  const log = page.getByRole('log');
  expect(await log.innerText()).toBe('');
  shop.objects = [before, failed('shop:job/migrate', 'the image is missing')];
  publish(shop);
  await expect.poll(() => log.innerText()).toBe('Needs attention: shop:job/migrate The image is missing.');
});

test('what is due is not said to have happened', async () => {
  const shop = createShop();
  const host = { name: 'ghcr.io', repositories: 3, failed: 3, budgets: [] };
  shop.others = { registryHosts: () => [{ ...host, blockedUntil: Date.now() - 90_000 }] };
  await using opened = await open({ shop });
  await opened.page.getByText('They are read again now.').waitFor();
});
