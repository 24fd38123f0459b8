import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { UpdateResult, UpdateSpec } from '../../../src/update/index.ts';
import { browserOfFile, createShop, REVISION } from './fixture.ts';
import { LOSSES } from './losses.ts';
import { violationsOn } from './violations.ts';

const open = browserOfFile();

const ID = 'shop:deployment/cart';
const TAGS = [
  { tag: '1.4.0', code: 'chosen', verdict: 'is chosen' },
  { tag: '1.3.0', code: 'banned', verdict: 'is banned' },
  { tag: '1.2.0', code: 'current', verdict: 'is in Git' },
] as const;

const success = (target: string): UpdateResult => ({
  [ID]: { Status: 'success', PerContainer: [{ Container: 'cart', Current: 'ghcr.io/acme/cart:1.2.0', Target: target }] },
  'shop:deployment/mail': { Status: 'ignored', Error: 'not included', PerContainer: null },
});

/** A daemon whose dry runs and updates have a result, and which remembers what it was asked for. */
function shopOfReleases(result: UpdateResult = success('ghcr.io/acme/cart:1.4.0')) {
  const shop = createShop();
  const sent: UpdateSpec[] = [];
  const isDry = (spec: UpdateSpec) => 'Kind' in spec.spec && spec.spec.Kind === 'plan';
  shop.others = {
    update: async (spec) => {
      sent.push(spec);
      return isDry(spec) ? 'dry' : 'real';
    },
    job: async (id) =>
      id === 'dry' ? { state: 'succeeded', error: '', result } : { state: 'succeeded', error: '', revision: REVISION, result },
    imageDecisions: async () => [
      {
        id: ID,
        container: 'cart',
        decide: () => ({
          ...{ image: 'ghcr.io/acme/cart:1.2.0', pattern: 'semver:*', automated: false, newest: '1.4.0' },
          ...{ state: 'held', code: 'not-automated', text: 'not automated' },
        }),
      },
    ],
    why: async () => ({
      answer: 'nothing is wrong',
      state: 'ok',
      cause: 'ok',
      id: ID,
      links: [
        { kind: 'policies', state: 'ok', code: 'ok', text: 'bans', facts: [{ name: 'ban.cart', value: '1.1.0, 1.3.0' }] },
        {
          ...{ kind: 'decision', container: 'cart', state: 'ok', code: 'not-automated', text: 'not automated' },
          facts: [{ name: 'image', value: 'ghcr.io/acme/cart:1.2.0' }],
        },
      ],
      tags: [{ container: 'cart', tags: TAGS }],
      others: [],
    }),
  };
  return { shop, executed: () => sent.filter((spec) => !isDry(spec)), sent };
}

const dialog = (page: Page) => page.getByRole('dialog');
const objectOf = (origin: string) => `${origin}/ui/#/objects/${encodeURIComponent(ID)}`;

describe('a release', () => {
  test('of one tag shows what it changes, and commits exactly that', async () => {
    const { shop, executed } = shopOfReleases();
    await using opened = await open({ shop, may: 'full' });
    const { page } = opened;
    await page.goto(objectOf(opened.origin));
    await page.getByRole('button', { name: 'Release 1.4.0: cart of shop:deployment/cart' }).click();
    const updates = dialog(page).getByRole('list', { name: 'Images to commit' });
    await updates.waitFor();
    expect((await updates.innerText()).replaceAll(/\s+/g, ' ')).toContain(
      'shop:deployment/cart cart from ghcr.io/acme/cart:1.2.0 to ghcr.io/acme/cart:1.4.0',
    );
    expect(executed()).toEqual([]);
    await dialog(page).getByRole('button', { name: 'Release 1.4.0' }).click();
    await dialog(page).getByText('It is committed. 3f7ab57').waitFor();
    expect(executed()).toMatchObject([
      {
        type: 'containers',
        spec: { ContainerSpecs: { [ID]: [{ Current: 'ghcr.io/acme/cart:1.2.0', Target: 'ghcr.io/acme/cart:1.4.0' }] } },
      },
    ]);
    expect(opened.complaints).toEqual([]);
  });

  test('of all newest images, by keyboard alone', async () => {
    const { shop, sent } = shopOfReleases();
    await using opened = await open({ shop, may: 'full' });
    const { page } = opened;
    await page.keyboard.press('g');
    await page.keyboard.press('i');
    await page.getByRole('button', { name: 'Release newest images' }).press('Enter');
    await dialog(page).getByText('ghcr.io/acme/cart:1.4.0').waitFor();
    await dialog(page).getByRole('button', { name: 'Release newest images' }).press('Enter');
    await dialog(page).getByText('It is committed.').waitFor();
    expect(sent.map(({ type }) => type)).toEqual(['image', 'containers']);
    await page.keyboard.press('Escape');
    await dialog(page).waitFor({ state: 'detached' });
  });

  test('that changes nothing cannot be confirmed, and says why', async () => {
    const { shop } = shopOfReleases({ [ID]: { Status: 'skipped', Error: 'locked by Ann', PerContainer: null } });
    await using opened = await open({ shop, may: 'full' });
    const { page } = opened;
    await page.goto(objectOf(opened.origin));
    await page.getByRole('button', { name: 'Release newest images' }).click();
    await dialog(page).getByText('There is nothing to commit.').waitFor();
    await dialog(page).getByText('Locked by Ann.').waitFor();
    expect(await dialog(page).getByRole('button').allInnerTexts()).toEqual(['Close']);
  });

  test('that is proposed names the pull request', async () => {
    const { shop } = shopOfReleases();
    const proposed = { branch: 'flux/cart', name: '#12', url: 'https://github.com/acme/shop/pull/12' };
    const others = shop.others.job;
    shop.others = {
      ...shop.others,
      job: async (id, ...rest) =>
        id === 'real' ? { state: 'succeeded', error: '', pullRequests: [proposed] } : await (others?.(id, ...rest) as never),
    };
    await using opened = await open({ shop, may: 'full' });
    const { page } = opened;
    await page.goto(objectOf(opened.origin));
    await page.getByRole('button', { name: 'Release 1.4.0' }).click();
    await dialog(page).getByRole('button', { name: 'Release 1.4.0' }).click();
    await dialog(page).getByText('It waits to be merged.').waitFor();
    expect(await dialog(page).getByRole('link', { name: '#12' }).getAttribute('href')).toBe(proposed.url);
  });

  test.each(['light', 'dark'] as const)('has a dialog that axe finds nothing in (%s)', async (colorScheme) => {
    const { shop } = shopOfReleases();
    const context = { bypassCSP: true, colorScheme, viewport: { width: 360, height: 700 } };
    await using opened = await open({ shop, may: 'full', context });
    const { page } = opened;
    await page.goto(objectOf(opened.origin));
    await page.getByRole('button', { name: 'Release 1.4.0' }).click();
    await dialog(page).getByText('ghcr.io/acme/cart:1.4.0').waitFor();
    expect(await violationsOn(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0);
  });
});

test('a rollback commits what its dry run showed, or nothing', async () => {
  const { shop, executed } = shopOfReleases(success('ghcr.io/acme/cart:1.1.9'));
  await using opened = await open({ shop, may: 'full' });
  const { page } = opened;
  await page.goto(objectOf(opened.origin));
  await page.getByRole('button', { name: 'Roll back' }).click();
  await dialog(page).getByText('ghcr.io/acme/cart:1.1.9').waitFor();
  await dialog(page).getByRole('button', { name: 'Roll back' }).click();
  await dialog(page).getByText('It is committed.').waitFor();
  expect(executed()).toMatchObject([
    { type: 'rollback', spec: { Workload: ID, Expected: [{ Target: 'ghcr.io/acme/cart:1.1.9' }] } },
  ]);
});

test('a tag is banned, and a ban is lifted as it is written', async () => {
  const { shop, executed } = shopOfReleases();
  await using opened = await open({ shop, may: 'full' });
  const { page } = opened;
  await page.goto(objectOf(opened.origin));
  await page.getByRole('button', { name: 'Ban 1.4.0' }).click();
  await dialog(page).getByText('fluxcd.io/ban.cart: 1.4.0').waitFor();
  await dialog(page).getByRole('button', { name: 'Ban 1.4.0' }).click();
  await dialog(page).getByText('It is committed.').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Lift ban of 1.3.0' }).click();
  await dialog(page).getByRole('button', { name: 'Lift ban of 1.3.0' }).click();
  await dialog(page).getByText('It is committed.').waitFor();
  expect(executed().map(({ spec }) => spec)).toEqual([
    { [ID]: { add: { 'ban.cart': '1.4.0' }, remove: {} } },
    { [ID]: { add: {}, remove: { 'ban.cart': '1.3.0' } } },
  ]);
});

test('a page that may only read offers none of it', async () => {
  const { shop } = shopOfReleases();
  await using opened = await open({ shop });
  const { page } = opened;
  await page.goto(objectOf(opened.origin));
  await page.getByRole('cell', { name: '1.4.0' }).waitFor();
  expect(await page.getByRole('button', { name: /Release|Ban|Roll back/ }).count()).toBe(0);
});

describe.each(Object.entries(LOSSES))('a request that is lost %s', (_, lose) => {
  test.each([1, 2, 3, 4])('(number %d of a release) commits once or not at all, and the page says which', async (lost) => {
    const { shop, executed } = shopOfReleases();
    await using opened = await open({ shop, may: 'full' });
    const { page } = opened;
    let sent = 0;
    await page.route('**/api/flux/**', (route) => {
      sent += 1;
      return sent === lost ? lose(route) : route.continue();
    });
    await page.goto(objectOf(opened.origin));
    await page.getByRole('button', { name: 'Release 1.4.0' }).click();
    if (lost === 1) {
      await dialog(page).getByText('Nothing was changed; close this and try again.').waitFor();
      await dialog(page).getByRole('button', { name: 'Close' }).click();
      await page.getByRole('button', { name: 'Release 1.4.0' }).click();
    }
    await dialog(page).getByRole('button', { name: 'Release 1.4.0' }).click();
    await dialog(page)
      .getByText(lost === 3 ? 'The answer of fluxd was lost, so it may have been done.' : 'It is committed.')
      .waitFor();
    expect(executed().length).toBeLessThanOrEqual(1);
    if (lost !== 3) expect(executed()).toHaveLength(1);
  });
});
