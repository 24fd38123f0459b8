// Draws the pictures of docs/ui.md: the demo's repository, in Chromium. Needs `npm run build`, and chromium.
import { join } from 'node:path';
import { startWorld } from '../../bin/demo/world.ts';
import { startChromium } from './browser/chromium.ts';

const DOCS = join(import.meta.dirname, '../../docs');

const world = await startWorld();
const browser = await startChromium();
try {
  const api = new URL('/', world.api);
  const page = await browser.newPage({ viewport: { width: 1200, height: 640 }, colorScheme: 'light' });
  await page.goto(await linkOf(api));
  await page.locator('.trouble').getByText('shop/broken.yaml:9').waitFor({ timeout: 60_000 });
  await page.getByText(/\d+ healthy/).waitFor({ timeout: 60_000 });
  await page.screenshot({ path: join(DOCS, 'ui.png') });
  await page.goto(`${new URL('/ui/', api)}#/objects/shop%3Adeployment%2Fcart`);
  await page.getByText('2 replicas available').first().waitFor({ timeout: 60_000 });
  await page.screenshot({ path: join(DOCS, 'ui-object.png') });
  world.registry.pushImage({ repository: 'shop/cart', tag: '2.0.0', created: new Date() });
  await page.getByRole('button', { name: 'Release 2.0.0' }).click({ timeout: 60_000 });
  await page.getByRole('list', { name: 'Images to commit' }).waitFor();
  await page.getByLabel('Your name').fill('Jane');
  await page.getByLabel('Why').fill('the new checkout');
  await page.screenshot({ path: join(DOCS, 'ui-release.png') });
  await page.keyboard.press('Escape');
  await page.goto(`${new URL('/ui/', api)}#/topology`);
  await page.setViewportSize({ width: 1500, height: 800 });
  await page.getByText('pod, ready').first().waitFor({ timeout: 60_000 });
  await page.screenshot({ path: join(DOCS, 'ui-topology.png') });
} finally {
  await browser.close();
  await world.stop();
}

/** A link with a code, once fluxd listens. */
async function linkOf(api: URL): Promise<string> {
  for (;;) {
    const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
    const answer = await fetch(new URL('/api/v1/ui/codes', api), request).catch(() => undefined);
    if (answer?.ok) return `${new URL('/ui/', api)}#code=${((await answer.json()) as { code: string }).code}`;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
