import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import type { Daemon, ObjectDiffReport } from '../../../src/controller/index.ts';
import type { SyncRecord } from '../../../src/record/index.ts';
import { browserOfFile, createShop, type Opened, type OpenOptions, publish, REVISION } from './fixture.ts';
import { LOSSES } from './losses.ts';
import { violationsOn } from './violations.ts';

const open = browserOfFile();
const BEFORE = 'a'.repeat(40);
const CART = 'shop:deployment/cart';
const IMAGE = 'spec.template.spec.containers[name=cart].image';
const PLACE = { file: 'shop/cart.yaml', document: 1, line: 2 };

const record = (parts: Partial<SyncRecord> = {}): SyncRecord => ({
  version: 1,
  daemon: 'fluxd 1.2.3',
  revision: REVISION,
  previous: BEFORE,
  startedAt: new Date(Date.now() - 120_000).toISOString(),
  durationMs: 1_200,
  counts: { configured: 1 },
  changes: [{ id: CART, outcome: 'configured', place: 'shop/cart.yaml:2' }],
  imageUpdates: [],
  ...parts,
});

const compared = (parts: Partial<Extract<ObjectDiffReport, { state: 'compared' }>> = {}): ObjectDiffReport => ({
  state: 'compared',
  before: PLACE,
  after: PLACE,
  fields: [],
  isCut: false,
  ...parts,
});

/** The syncs of a shop, with the answer to what changed. */
async function look(
  objectDiff: Daemon['objectDiff'],
  parts: Partial<SyncRecord> = {},
  options: OpenOptions = {},
): Promise<Opened> {
  const shop = createShop();
  const entries = [{ kind: 'synced', record: record(parts) }] as const;
  shop.others = { objectDiff, history: async () => ({ entries }) };
  const opened = await open({ shop, ...options });
  await opened.page.goto(`${opened.origin}/ui/#/syncs`);
  await opened.page.getByText('1 change', { exact: true }).click();
  return opened;
}

test('a sync has what it changed of an object in Git, once it is opened, by keyboard alone', async () => {
  const asked: unknown[] = [];
  await using opened = await look(
    async (question) => {
      asked.push(question);
      return compared({
        before: { ...PLACE, file: 'shop/old.yaml' },
        fields: [
          { path: IMAGE, from: 'acme/cart:1', to: 'acme/cart:2' },
          { path: 'spec.paused', to: true },
          { path: 'spec.replicas', from: 3 },
          { path: 'data.conf', from: 'a: 1\nb: 2\n', to: 'a: 1\nb: 3\n' },
        ],
      });
    },
    {},
    { context: { bypassCSP: true } },
  );
  const { page, shop } = opened;
  expect(asked).toEqual([]);
  await page.getByText(`What changed of ${CART}`).focus();
  await page.keyboard.press('Enter');
  await page.getByText('4 fields changed in Git.').waitFor();
  expect(asked).toEqual([{ id: CART, from: BEFORE, to: REVISION }]);
  await page.getByText('It moved from shop/old.yaml to shop/cart.yaml.').waitFor();
  const texts = (await page.locator('.fields > li').allInnerTexts()).map((text) => text.replaceAll(/\s+/g, ' ').trim());
  expect(texts).toEqual([
    `${IMAGE} Changed Before acme/cart:1 After acme/cart:2`,
    'spec.paused Added Before not set After true',
    'spec.replicas Removed Before 3 After not set',
    'data.conf Changed a: 1 - b: 2 + b: 3',
  ]);
  const [field, line] = await Promise.all([page.locator('.fields > li').last().boundingBox(), page.locator('ins').boundingBox()]);
  expect(line?.y).toBeGreaterThan(field?.y ?? Number.NaN);
  expect(line?.x).toBeGreaterThan(field?.x ?? Number.NaN);
  expect(await violationsOn(page)).toEqual([]);
  // What two revisions have does not change: news ask for nothing.
  publish(shop);
  await page.waitForResponse('**/api/v1/history*');
  expect(asked).toHaveLength(1);
  expect(opened.complaints).toEqual([]);
});

test('what the repository says is text', async () => {
  const text = '<img src=x onerror=alert(1)>\u202e';
  await using opened = await look(async () =>
    compared({
      before: { ...PLACE, file: text },
      fields: [
        { path: text, from: text, to: { [text]: text } },
        { path: 'data.page', from: `${text}\na`, to: `${text}\nb` },
      ],
    }),
  );
  const { page } = opened;
  await page.getByText('What changed').click();
  await page.getByText('2 fields changed in Git.').waitFor();
  expect(await page.locator('img').count()).toBe(0);
  expect(opened.complaints).toEqual([]);
});

describe('what it says', () => {
  const rendered = {
    unit: 'web/kustomization.yaml',
    file: 'web/kustomization.yaml',
    document: 1,
    renderer: 'kustomize',
  } as const;
  const encrypted = new FluxError('document is encrypted by SOPS', { code: 'manifests/encrypted', fault: 'user' });
  const broken = new FluxError('malformed YAML', { code: 'yaml/bad-syntax', fault: 'user' });
  const fields = [{ path: 'data.password', from: '***', to: '*** (changed)' }];

  test.each<readonly [string, ObjectDiffReport, string]>([
    ['of a new object', { state: 'compared', after: PLACE, fields: [], isCut: false }, 'The object is new in Git.'],
    ['of one that left', { state: 'compared', before: PLACE, fields: [], isCut: false }, 'The object was removed from Git.'],
    ['of a correction', compared(), 'Git has the same before and after.'],
    ['of a large object', compared({ isCut: true }), 'The object is too large to be compared field by field.'],
    ['of a Secret', compared({ hidden: 'values', fields }), 'Its values are not shown, because the object is a Secret'],
    ['of what is rendered', { state: 'rendered', place: rendered }, 'It is rendered by kustomize from web/kustomization.yaml'],
    [
      'of what is encrypted',
      { state: 'unread', revision: REVISION, file: 'a.yaml', error: encrypted },
      'is encrypted, and is not decrypted for',
    ],
    [
      'of a broken file',
      { state: 'unread', revision: BEFORE, file: 'a.yaml', error: broken },
      'It may be in a.yaml at aaaaaaa, which cannot be read: Malformed YAML.',
    ],
  ])('%s, also on a small screen', async (_, report, text) => {
    await using opened = await look(
      async () => report,
      {},
      { context: { viewport: { width: 360, height: 640 }, bypassCSP: true } },
    );
    const { page } = opened;
    await page.getByText('What changed').click();
    await page.getByText(text).waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    expect(await violationsOn(page)).toEqual([]);
  });

  test('of a revision that is gone, and where there is nothing to compare with', async () => {
    const gone = new FluxError('revision aaaaaaa: not in the mirror', { code: 'git/revision-missing', fault: 'missing' });
    await using opened = await look(() => Promise.reject(gone));
    await opened.page.getByText('What changed').click();
    await opened.page.getByText('Revision aaaaaaa: not in the mirror. See commit 3f7ab57.').waitFor();

    await using again = await look(async () => compared(), { previous: REVISION });
    await again.page.getByText('The same revision was synced before: Git did not change.').waitFor();
    expect(await again.page.getByText('What changed').count()).toBe(0);
  });
});

describe('a lost request', () => {
  const ways: typeof LOSSES = {
    ...LOSSES,
    'by a proxy that says 200 to everything': (route) =>
      route.fulfill({ status: 200, contentType: 'text/html', body: '<h1>Sign in</h1>' }),
    'because others are looking': (route) =>
      route.fulfill({
        status: 429,
        contentType: 'application/problem+json',
        body: '{"status":429,"detail":"busy","code":"objects/diff-busy"}',
      }),
  };
  test.each(Object.entries(ways))('%s is sent again', async (_, lose) => {
    await using opened = await look(async () => compared({ fields: [{ path: 'spec.replicas', from: 1, to: 2 }] }));
    const { page, shop } = opened;
    // Until it is seen: on a loaded machine the next try may come first.
    let isLost = true;
    await page.route('**/api/v1/objects/diff*', (route) => (isLost ? lose(route) : route.continue()));
    await page.getByText('What changed').click();
    await page.getByText('The page tries again every few seconds.').waitFor();
    isLost = false;
    publish(shop);
    await page.getByText('1 field changed in Git.').waitFor();
    expect(opened.complaints).toEqual([]);
  });
});
