import { afterAll, beforeAll, expect, test } from 'vitest';
import { manifest, path, startWorld, type World } from '../../e2e/harness/index.ts';
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
