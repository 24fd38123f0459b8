import { expect, test } from 'vitest';
import type { ContainerDecision, DecidedContainer } from '../../../src/controller/index.ts';
import { browserOfFile, createShop } from './fixture.ts';

const open = browserOfFile();

const of = (id: string, decision: Partial<ContainerDecision>): DecidedContainer => ({
  id,
  container: 'main',
  decide: () => ({
    ...{ image: 'ghcr.io/acme/cart:1.3', pattern: 'semver:~1', automated: true, state: 'current', code: 'newest' },
    text: 'image(s) up to date',
    ...decision,
  }),
});

const WAITING: Partial<ContainerDecision> = {
  ...{ state: 'waiting', code: 'window', newest: '1.4' },
  text: 'outside of its window, "0 9 * * mon-fri / 8h / UTC"; automation goes on at 2026-12-07T09:00:00Z',
};

function shopOf(...containers: readonly DecidedContainer[]) {
  const shop = createShop();
  shop.others = { imageDecisions: async () => containers };
  return shop;
}

test('the decision about each container, with its reason; what is not in order first', async () => {
  const shop = shopOf(
    of('shop:deployment/cart', {}),
    of('shop:deployment/checkout', WAITING),
    of('shop:deployment/search', { state: 'held', code: 'suspended', text: 'suspended by Ann', newest: '1.4' }),
    of('shop:deployment/web', { state: 'held', code: 'not-automated', text: 'not automated', automated: false, newest: '1.4' }),
  );
  await using opened = await open({ shop });
  const { page } = opened;
  await page.getByRole('link', { name: '2 newer images' }).waitFor();
  await page.getByText('not applied yet: 1 outside of their window, 1 suspended').waitFor();
  await page.getByRole('link', { name: '2 newer images' }).press('Enter');
  await page.getByText('4 containers', { exact: true }).waitFor();
  const rows = page.getByRole('table').first().locator('tbody tr');
  expect((await rows.allInnerTexts()).map((row) => row.replaceAll(/\s+/g, ' '))).toEqual([
    'shop:deployment/search main ghcr.io/acme/cart:1.3 1.4 Suspended by Ann.',
    expect.stringMatching(/^shop:deployment\/checkout main \S+ 1.4 Outside of its window, "0 9 .*; automation goes on at /),
    'shop:deployment/web main ghcr.io/acme/cart:1.3 1.4 Not automated.',
    'shop:deployment/cart main ghcr.io/acme/cart:1.3 the one in Git The newest that matches semver:~1.',
  ]);
  await page.getByLabel('Decision').selectOption('waiting');
  await page.getByText('1 of 4 containers').waitFor();
  await page.getByLabel('Decision').selectOption('');
  await page.keyboard.press('/');
  await page.keyboard.type('ANN');
  await page.getByText('1 of 4 containers').waitFor();
  await page.getByRole('link', { name: 'shop:deployment/search' }).click();
  await page.getByRole('heading', { name: 'shop:deployment/search' }).waitFor();
  expect(opened.complaints).toEqual([]);
});

test('no release is offered of a workload that is locked, which would refuse it', async () => {
  const locked: Partial<ContainerDecision> = { state: 'held', code: 'locked', text: 'locked', newest: '1.4' };
  const free: Partial<ContainerDecision> = { ...locked, code: 'not-automated', text: 'not automated', automated: false };
  const releasesOf = async (...containers: readonly DecidedContainer[]) => {
    await using opened = await open({ shop: shopOf(...containers), may: 'full' });
    await opened.page.getByRole('link', { name: 'Images', exact: true }).click();
    await opened.page.getByText('Locked.').waitFor();
    const buttons = await opened.page.getByRole('button', { name: 'Release' }).all();
    return await Promise.all(buttons.map(async (button) => (await button.getAttribute('aria-label')) ?? button.innerText()));
  };
  expect(await releasesOf(of('shop:deployment/cart', locked))).toEqual([]);
  expect(await releasesOf(of('shop:deployment/cart', locked), of('shop:deployment/web', free))).toEqual([
    'Release newest images',
    expect.stringContaining('shop:deployment/web'),
  ]);
});

test('the filter is in the address, so that a link, a reload and the way back have it', async () => {
  const held: Partial<ContainerDecision> = { state: 'held', code: 'suspended', text: 'suspended by Ann', newest: '1.4' };
  await using opened = await open({ shop: shopOf(of('shop:deployment/cart', {}), of('shop:deployment/search', held)) });
  const { page } = opened;
  await page.getByRole('link', { name: 'Images' }).click();
  await page.getByLabel('Decision').selectOption('held');
  await page.getByLabel('Search').fill('ann');
  const filtered = `${opened.origin}/ui/#/images?text=ann&decision=held`;
  const isFiltered = async () => {
    await page.getByText('1 of 2 containers').waitFor();
    const [text, decision] = await Promise.all(['Search', 'Decision'].map((name) => page.getByLabel(name).inputValue()));
    expect([page.url(), text, decision]).toEqual([filtered, 'ann', 'held']);
  };
  await isFiltered();
  await page.reload();
  await isFiltered();
  await page.getByRole('link', { name: 'shop:deployment/search' }).click();
  await page.getByRole('heading', { name: 'shop:deployment/search' }).waitFor();
  await page.goBack();
  await isFiltered();
  // What is typed is one entry of the history.
  await page.goBack();
  await page.getByRole('heading', { name: 'Source' }).waitFor();
  await page.goForward();
  await isFiltered();
  await page.getByLabel('Decision').selectOption('');
  await page.getByLabel('Search').fill('');
  await page.getByText('2 containers', { exact: true }).waitFor();
  expect(page.url()).toBe(`${opened.origin}/ui/#/images`);
});

test('5,000 containers are there, and no task blocks the page for long', async () => {
  const many = Array.from({ length: 5_000 }, (_, index) =>
    of(`ns-${index % 50}:deployment/d-${index}`, index % 3 ? {} : WAITING),
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
  await page.goto(`${opened.origin}/ui/#/images`);
  await page.getByText('5,000 containers', { exact: true }).waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('d-4999');
  await page.getByText('1 of 5,000 containers').waitFor();
  await page.getByLabel('Search').fill('');
  await page.getByRole('button', { name: 'Show 200 more' }).first().click();
  await expect.poll(() => page.getByRole('table').first().locator('tbody tr').count()).toBe(400);
  const tasks = await page.evaluate(() => (globalThis as typeof globalThis & { tasks: number[] }).tasks);
  expect(tasks.filter((duration) => duration > 1_000)).toEqual([]);
});
