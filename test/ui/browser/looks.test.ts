import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import type { SyncRecord } from '../../../src/record/index.ts';
import { browserOfFile, createShop, failed, REVISION } from './fixture.ts';
import { violationsOn } from './violations.ts';

const open = browserOfFile();
function troubledShop() {
  const shop = createShop();
  const objects = [
    failed(`shop:deployment/${'long-name-'.repeat(6)}`, `denied: ${'x'.repeat(300)}`),
    ...Array.from({ length: 12 }, (_, index) =>
      failed(`shop:configmap/c-${index}`, `reason ${index} of some length, so that it wraps`),
    ),
  ];
  shop.objects = [...objects, { id: 'shop:configmap/old', state: 'held', since: 0, reason: 'too many deletions' }];
  const long = 'long-name-'.repeat(12);
  const record: SyncRecord = {
    version: 1,
    daemon: 'fluxd 1.2.3',
    revision: REVISION,
    startedAt: new Date().toISOString(),
    durationMs: 1,
    counts: { created: 1 },
    changes: [{ id: `shop:configmap/${long}`, outcome: 'created', reason: long }],
    imageUpdates: [
      { commit: REVISION, workload: `shop:deployment/${long}`, container: 'cart', from: `${long}:1`, to: `${long}:2` },
    ],
  };
  shop.others = {
    relations: async () => [{ from: 'shop:configmap/c-1', to: `shop:secret/${long}`, type: 'uses' }],
    objectCommits: async () => ({
      place: { revision: REVISION, file: `${long}/${long}.yaml`, line: 1 },
      commits: [
        { revision: REVISION, subject: long, author: { name: long, email: '' }, committedAt: 0, trailers: [], ours: false },
      ],
      isCut: true,
    }),
    heldDeletions: () => ({
      hash: '0123456789abcdef'.repeat(4),
      deletions: [{ id: `shop:configmap/${long}`, uid: 'u', reason: long }],
    }),
    history: async () => ({ entries: [{ kind: 'synced', record }] }),
    imageScans: () => [{ name: `ghcr.io/${long}`, tags: 3, scanning: false, error: new FluxError(long, { code: 'x' }) } as never],
    registryHosts: () => [{ name: `${long}.example`, repositories: 1, failed: 1, budgets: [] }],
    why: async () => ({
      answer: long,
      state: 'held',
      cause: 'x',
      links: [{ kind: 'place', state: 'ok', code: 'ok', text: long, facts: [{ name: long, value: long }] }],
      tags: [{ container: long, tags: [{ tag: long, code: 'banned', verdict: long }] }],
      others: [],
    }),
  };
  return shop;
}

const VIEWS = [
  '#/',
  '#/topology',
  '#/topology?as=tree',
  '#/objects',
  '#/objects/shop%3Adeployment%2Fcart',
  '#/images',
  '#/syncs',
  '#/deletions',
];

describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
  test.each([360, 768, 1280, 2560])('at %d px nothing is cut off, and axe finds nothing', async (width) => {
    await using opened = await open({
      shop: troubledShop(),
      context: { viewport: { width, height: 800 }, colorScheme, bypassCSP: true },
    });
    const { page } = opened;
    for (const view of VIEWS) {
      await page.goto(`${opened.origin}/ui/${view}`);
      await expect.poll(() => page.getByText('Loading…').count()).toBe(0);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), view).toBe(
        0,
      );
      const clipped = await page.evaluate(() =>
        [...document.querySelectorAll('main *')]
          .filter((element) => element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflow === 'hidden')
          .filter((element) => !element.classList.contains('unseen'))
          .map((element) => element.outerHTML.slice(0, 80)),
      );
      expect(clipped, view).toEqual([]);
      expect(await violationsOn(page), view).toEqual([]);
    }
  });
});

test('the doors have no violations either', async () => {
  for (const tls of [undefined, 'network'] as const) {
    await using opened = await open({ stay: true, context: { bypassCSP: true }, ...(tls ? { tls } : {}) });
    const { page } = opened;
    await page.goto(`${opened.origin}/ui/`);
    await page.getByRole('heading', { name: 'Flux' }).waitFor();
    expect(await violationsOn(page)).toEqual([]);
  }
});

test('everything can be reached by keyboard, in the order in which it stands', async () => {
  await using opened = await open();
  const { page } = opened;
  const reached: (string | null)[] = [];
  for (let index = 0; index < 3; index += 1) {
    await page.keyboard.press('Tab');
    reached.push(await page.evaluate(() => document.activeElement?.tagName ?? null));
  }
  expect(reached).toEqual(['A', 'SELECT', 'BUTTON']);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Topology' }).waitFor();
  await page.getByRole('button', { name: 'Sign out' }).press('Enter');
  await page.getByText('Open this page from a terminal').waitFor();
});
