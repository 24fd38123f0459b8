import { afterAll, beforeAll, expect, test } from 'vitest';
import { manifest, openShop, path, startWorld, until, type World } from '../../e2e/harness/index.ts';
import { startChromium } from './chromium.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

test('a person opens the page by fluxctl ui, and watches what fluxd does', async () => {
  const shop = world.namespace('shop');
  const repository = await world.repository();
  const files = { 'shop.yaml': manifest.namespace(shop), 'text.yaml': manifest.configMap(shop, 'text', { text: 'hello' }) };
  const first = await repository.commit('Open the shop', files);
  const fluxd = await world.fluxd(repository);
  await repository.synced(first);

  await using browser = await startChromium();
  const page = await browser.newPage();
  const { stdout } = await fluxd.fluxctl('ui', '--no-browser');
  await page.goto(/^Open (\S+) /.exec(stdout)?.[1] ?? '');
  await page.getByText('Nothing failed, and nothing is held.').waitFor();
  expect(await page.getByRole('article').innerText()).toContain('Open the shop');

  await repository.commit('Break a file', { 'broken.yaml': 'a: [' });
  await fluxd.sync();
  await page.getByText('broken.yaml:1', { exact: true }).waitFor();
  await page.getByText('Break a file').waitFor();

  await repository.commit('Mend it', { 'broken.yaml': manifest.configMap(shop, 'mended', {}) });
  await fluxd.sync();
  await page.getByText('Nothing failed, and nothing is held.').waitFor();
  expect(await world.kube.get(path.configMap(shop, 'mended'))).toBeDefined();

  await fluxd.kill();
  await page.getByRole('alert').getByText('fluxd does not answer').waitFor();
  expect(await page.locator('.stale').innerText()).toContain('Mend it');
  await fluxd.restart();
  await page.getByText('Open this page from a terminal').waitFor();
});

test('a person releases an image by the page, rolls it back, and lifts the ban', async () => {
  const { fluxd, repository, workload, text, first, ...shop } = await openShop(world, {
    versions: ['1.0.0', '1.1.0'],
    annotations: {},
    fluxd: { args: ['--ui=full'] },
  });
  const image = (tag: string) => `${shop.image}:${tag}`;
  await until('1.0.0 is recorded as healthy', async () =>
    (await repository.git('notes', '--ref=flux-sync', 'show', first)).includes('"healthy"'),
  );
  await using browser = await startChromium();
  const page = await browser.newPage();
  const { stdout } = await fluxd.fluxctl('ui', '--no-browser');
  await page.goto(/^Open (\S+) /.exec(stdout)?.[1] ?? '');
  await page.getByRole('link', { name: 'Objects', exact: true }).click();
  await page.getByRole('link', { name: workload }).click();
  const dialog = page.getByRole('dialog');

  await page.getByRole('button', { name: 'Release 1.1.0' }).click();
  await dialog.getByText(image('1.1.0')).waitFor();
  expect(await dialog.getByRole('list', { name: 'Images to commit' }).innerText()).toContain(image('1.0.0'));
  expect(repository.head()).toBe(first);
  await dialog.getByLabel('Your name').fill('Ann');
  await dialog.getByLabel('Why').fill('the new basket');
  await dialog.getByRole('button', { name: 'Release 1.1.0' }).click();
  await dialog.getByText('It is committed.').waitFor();
  expect(await text()).toContain(image('1.1.0'));
  expect(await repository.git('log', '-1', '--format=%B')).toContain('the new basket');
  await dialog.getByRole('button', { name: 'Close' }).click();

  await page.getByRole('button', { name: 'Roll back' }).click();
  await dialog.getByText('Banned: 1.1.0 of web.').waitFor();
  expect(await dialog.getByRole('list', { name: 'Images to commit' }).innerText()).toContain(image('1.0.0'));
  await dialog.getByRole('button', { name: 'Roll back' }).click();
  await dialog.getByText('It is committed.').waitFor();
  expect(await text()).toContain(image('1.0.0'));
  expect(await text()).toContain('fluxcd.io/ban.web: 1.1.0');
  await dialog.getByRole('button', { name: 'Close' }).click();

  await page.getByRole('button', { name: 'Lift ban of 1.1.0' }).click();
  await dialog.getByRole('button', { name: 'Lift ban of 1.1.0' }).click();
  await dialog.getByText('It is committed.').waitFor();
  expect(await text()).not.toContain('ban.web');
});
