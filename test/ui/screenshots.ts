// Draws the pictures of docs/ui.md: the demo's repository, in Chromium. Needs `npm run build`, and chromium.
import { join } from 'node:path';
import { startWorld } from '../../bin/demo/world.ts';
import { openPageProxy } from '../../src/api/proxy/index.ts';
import { systemClock } from '../../src/base/index.ts';
import { openLiveReads } from '../../src/cluster/live/index.ts';
import { startChromium } from './browser/chromium.ts';

const DOCS = join(import.meta.dirname, '../../docs');

/** What a shopping cart writes. */
const LOG = `listening on :8080
GET /cart 200 4ms
POST /cart/items 201 11ms sku=tea-assam quantity=2
GET /cart 200 3ms
POST /cart/items 201 9ms sku=cup-blue quantity=1
POST /checkout 502 3004ms
checkout failed: payments did not answer within 3 s, trying again (1 of 3)
POST /checkout 200 182ms order=10482
GET /cart 200 3ms
`;

const world = await startWorld();
const browser = await startChromium();
const reads = await openLiveReads({ kubeconfigFile: world.kubeconfig });
const proxy = await openPageProxy({ upstream: new URL('/', world.api).origin, reads, clock: systemClock });
try {
  const api = new URL(`${proxy.url}/`);
  const page = await browser.newPage({ viewport: { width: 1200, height: 640 }, colorScheme: 'light' });
  await page.goto(await linkOf(api));
  await page.locator('.trouble').getByText('shop/broken.yaml:9').waitFor({ timeout: 60_000 });
  await page.getByText(/\d+ healthy/).waitFor({ timeout: 60_000 });
  await page.screenshot({ path: join(DOCS, 'ui.png') });
  await page.goto(`${new URL('/ui/', api)}#/objects/shop%3Adeployment%2Fcart`);
  await page.getByText('2 replicas available').first().waitFor({ timeout: 60_000 });
  await page.screenshot({ path: join(DOCS, 'ui-object.png') });
  await page.setViewportSize({ width: 1200, height: 860 });
  const log = page.getByRole('link', { name: /^Log of cart in / }).first();
  const [, pod = ''] = /^Log of cart in (.+)$/.exec((await log.getAttribute('aria-label')) ?? '') ?? [];
  world.kubernetes.logs.write({ namespace: 'shop', pod, container: 'cart' }, LOG);
  await log.click();
  await page.getByText('checkout failed').waitFor();
  await page.locator('.log').hover();
  await page.locator('#pods-title').evaluate((title) => title.scrollIntoView());
  await page.screenshot({ path: join(DOCS, 'ui-logs.png') });
  await page.getByRole('link', { name: 'Close' }).click();
  await world.edit('/apis/apps/v1/namespaces/shop/deployments/cart', {
    metadata: { annotations: { 'example.com/on-call': 'jane' } },
  });
  const live = page.getByRole('region', { name: 'In Git and in the cluster' });
  await live.getByText('on-call').waitFor({ timeout: 60_000 });
  await live
    .getByRole('heading')
    .first()
    .evaluate((title) => title.scrollIntoView());
  await page.screenshot({ path: join(DOCS, 'ui-live.png') });
  await page.goto(`${new URL('/ui/', api)}#/images`);
  await page.getByRole('heading', { name: 'Containers' }).waitFor();
  await page.screenshot({ path: join(DOCS, 'ui-images.png') });
  await page.setViewportSize({ width: 1200, height: 640 });
  await page.goto(`${new URL('/ui/', api)}#/objects/shop%3Adeployment%2Fcart`);
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
  proxy.close();
  reads.close();
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
