import { expect, test } from 'vitest';
import { browserOfFile } from './fixture.ts';

const open = browserOfFile();

test('keys lead to each view, and a dialog lists them', async () => {
  await using opened = await open();
  const { page } = opened;
  for (const [key, heading] of [
    ['t', 'Topology'],
    ['b', 'Objects'],
    ['i', 'Images'],
    ['s', 'Syncs'],
    ['d', 'Deletions'],
    ['o', 'Source'],
  ] as const) {
    await page.keyboard.press('g');
    await page.keyboard.press(key);
    await page.getByRole('heading', { name: heading, exact: true }).waitFor();
  }
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  expect(await page.getByRole('dialog').innerText()).toMatch(/g\s*t\s+Topology/);
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  expect(opened.complaints).toEqual([]);
});

test('a slash searches from anywhere, and keys that are typed lead nowhere', async () => {
  await using opened = await open();
  const { page } = opened;
  await page.keyboard.press('/');
  await page.getByRole('heading', { name: 'Objects' }).waitFor();
  await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe('INPUT');
  await page.keyboard.type('gt?/cart');
  expect(await page.getByLabel('Search').inputValue()).toBe('gt?/cart');
  expect(await page.getByRole('dialog').count()).toBe(0);
  await page.getByRole('heading', { name: 'Objects' }).waitFor();
});

test('favourites are kept by the browser, in all tabs', async () => {
  await using opened = await open();
  const { page } = opened;
  await page.goto(`${opened.origin}/ui/#/objects/shop%3Adeployment%2Fcart`);
  const star = page.getByRole('button', { name: 'Favourite' });
  await star.press('Enter');
  expect(await star.getAttribute('aria-pressed')).toBe('true');
  await page.goto(`${opened.origin}/ui/#/`);
  await page.reload();
  const favourites = page.getByRole('region', { name: 'Favourites' });
  await favourites.getByRole('link', { name: 'shop:deployment/cart' }).click();
  const other = await page.context().newPage();
  await other.goto(await opened.link());
  await other.getByRole('region', { name: 'Favourites' }).waitFor();
  await star.click();
  await other.getByRole('region', { name: 'Favourites' }).waitFor({ state: 'detached' });
});
