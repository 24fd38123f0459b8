import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { SyncReport } from '../../../src/controller/index.ts';
import type { SyncRecord } from '../../../src/record/index.ts';
import type { UpdateSpec } from '../../../src/update/index.ts';
import { browserOfFile, createShop, failed, REVISION } from './fixture.ts';
import { byKeyboard, byMouse, type Hands } from './hands.ts';

// What people come to the page for, each by the keyboard alone and by the mouse. All begin at the overview.

const open = browserOfFile();

const ID = 'shop:deployment/cart';
const IMAGE = 'ghcr.io/acme/cart';

const synced: SyncReport = {
  ...{ id: 's-1', state: 'done', revision: REVISION, counts: { unchanged: 2 }, changes: [], errors: [], warnings: [] },
};

const record: SyncRecord = {
  version: 1,
  daemon: 'fluxd 1.2.3',
  revision: REVISION,
  startedAt: '2026-12-01T08:00:00Z',
  durationMs: 1_200,
  counts: { configured: 1 },
  changes: [{ id: ID, outcome: 'configured' }],
  imageUpdates: [],
};

/** A daemon that remembers what it was asked for. */
function createWorld() {
  const shop = createShop();
  shop.objects = [...shop.objects, failed('blog:job/migrate', 'denied by policy'), failed('blog:job/clean', 'the quota is used')];
  const acts: unknown[] = [];
  const isDry = (spec: UpdateSpec) => 'Kind' in spec.spec && spec.spec.Kind === 'plan';
  const result = {
    [ID]: { Status: 'success', PerContainer: [{ Container: 'cart', Current: `${IMAGE}:1.2.0`, Target: `${IMAGE}:1.4.0` }] },
  } as const;
  shop.others = {
    relations: async () => [{ from: 'shop:service/cart', to: ID, type: 'routes' }],
    owned: async () => ({
      isCut: false,
      uids: new Map(),
      objects: [
        {
          ...{ kind: 'Pod', name: 'cart-1-a', uid: 'a', owner: { kind: 'Deployment', name: 'cart', uid: 'cart' } },
          pod: { name: 'cart-1-a', phase: 'Running', ready: true, ending: false, containers: [] },
        },
      ],
    }),
    startSync: () => {
      acts.push('sync');
      return { ...synced, state: 'running' };
    },
    sync: () => synced,
    suspendAutomation: async () => {
      acts.push('suspend');
      return [];
    },
    heldDeletions: () => ({ hash: '0123456789abcdef', deletions: [{ id: 'shop:configmap/old', uid: 'u', reason: 'too many' }] }),
    approveDeletions: (hash) => {
      acts.push(hash);
      return { ...synced, state: 'running' };
    },
    history: async () => ({ entries: [{ kind: 'synced', record }] }),
    update: async (spec) => {
      if (!isDry(spec)) acts.push(spec.type);
      return isDry(spec) ? 'dry' : 'real';
    },
    job: async (id) => ({ state: 'succeeded', error: '', result, ...(id === 'real' ? { revision: REVISION } : {}) }),
    imageDecisions: async () => [
      {
        id: ID,
        container: 'cart',
        decide: () => ({
          ...{ image: `${IMAGE}:1.2.0`, pattern: 'semver:*', automated: true, newest: '1.4.0' },
          ...{ state: 'held', code: 'suspended', text: 'suspended by Ann' },
        }),
      },
    ],
    why: async (question) => ({
      ...{ answer: `why ${'id' in question ? question.id : ''} is so`, state: 'held', cause: 'decision/suspended' },
      ...('id' in question ? { id: question.id } : {}),
      links: [
        { kind: 'policies', state: 'ok', code: 'ok', text: 'automated', facts: [{ name: 'automated', value: 'true' }] },
        {
          ...{ kind: 'decision', container: 'cart', state: 'held', code: 'suspended', text: 'suspended by Ann' },
          facts: [{ name: 'image', value: `${IMAGE}:1.2.0` }],
        },
      ],
      tags: [
        {
          container: 'cart',
          tags: [
            { tag: '1.4.0', code: 'eligible', verdict: 'would be chosen' },
            { tag: '1.2.0', code: 'current', verdict: 'is in Git' },
          ],
        },
      ],
      others: [],
    }),
  };
  return { shop, acts };
}

interface Scene {
  readonly page: Page;
  readonly hands: Hands;
  /** What fluxd was asked to change. */
  readonly acts: readonly unknown[];
}

const view = ({ page }: Scene, name: string) => page.getByRole('navigation').getByRole('link', { name });
const button = ({ page }: Scene, name: string | RegExp) => page.getByRole('button', { name }).first();
const dialog = ({ page }: Scene) => page.getByRole('dialog');

/** Asks for a change, and confirms it. */
async function change(scene: Scene, name: string, done: string): Promise<void> {
  await scene.hands.use(button(scene, name));
  const confirm = dialog(scene).getByRole('button', { name });
  await confirm.waitFor();
  await scene.hands.use(confirm);
  await dialog(scene).getByText(done).waitFor();
  await scene.hands.use(dialog(scene).getByRole('button', { name: 'Close' }));
  await dialog(scene).waitFor({ state: 'detached' });
}

async function toCart(scene: Scene): Promise<void> {
  await scene.hands.use(view(scene, 'Objects'));
  await scene.hands.use(scene.page.getByRole('link', { name: ID }));
  await scene.page.getByRole('heading', { name: ID, level: 1 }).waitFor();
}

const TASKS: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  'find out why something failed': async (scene) => {
    await scene.hands.use(scene.page.getByRole('link', { name: 'blog:job/migrate' }));
    await scene.page.getByText('why blog:job/migrate is so').waitFor();
  },
  'find an object by a part of its name': async (scene) => {
    await scene.hands.use(view(scene, 'Objects'));
    await scene.hands.write(scene.page.getByLabel('Search'), 'service/ca');
    await scene.page.getByText('1 of 4 objects').waitFor();
    await scene.hands.choose(scene.page.getByLabel('Kind'), 'service');
    await scene.hands.use(scene.page.getByRole('link', { name: 'shop:service/cart' }));
    await scene.page.getByRole('heading', { name: 'shop:service/cart', level: 1 }).waitFor();
  },
  'follow a Service to its workload in the graph': async (scene) => {
    await scene.hands.use(view(scene, 'Topology'));
    await scene.hands.choose(scene.page.getByLabel('Namespace'), 'shop');
    const cards = scene.page.locator('.card');
    const workload = cards.filter({ hasText: 'deployment in shop' });
    // The graph of all namespaces, which has the workload as well, is gone.
    await scene.page.getByText('2 objects, with their pods.').waitFor();
    await scene.hands.walk(cards, workload);
    await scene.page.getByRole('heading', { level: 1, name: ID }).waitFor();
  },
  'see the pods of a workload in the tree': async (scene) => {
    await scene.hands.use(view(scene, 'Topology'));
    await scene.hands.use(scene.page.getByRole('link', { name: 'Tree' }));
    await scene.page.getByRole('treeitem').first().waitFor();
    await scene.hands.write(scene.page.getByLabel('Search'), 'deployment/cart');
    await scene.page.getByText('cart-1-a').waitFor();
  },
  'see why an image is not updated': async (scene) => {
    await scene.hands.use(view(scene, 'Images'));
    await scene.page.getByText('Suspended by Ann.').waitFor();
    await scene.hands.use(scene.page.getByRole('link', { name: ID }));
    await scene.page.getByText('would be chosen').waitFor();
  },
  'see what the last sync changed': async (scene) => {
    await scene.hands.use(view(scene, 'Syncs'));
    const sync = scene.page.getByRole('article');
    await scene.hands.use(sync.locator('summary'));
    await sync.getByRole('link', { name: ID }).waitFor();
  },
  'keep a favourite': async (scene) => {
    await toCart(scene);
    await scene.hands.use(button(scene, 'Favourite'));
    await scene.hands.use(view(scene, 'Overview'));
    await scene.page.getByRole('region', { name: 'Favourites' }).getByRole('link', { name: ID }).waitFor();
  },
  'sync now': async (scene) => {
    await change(scene, 'Sync now', 'Nothing had to be changed.');
    expect(scene.acts).toEqual(['sync']);
  },
  'suspend automation': async (scene) => {
    await change(scene, 'Suspend automation', 'Automation is suspended.');
    expect(scene.acts).toEqual(['suspend']);
  },
  'release an image': async (scene) => {
    await toCart(scene);
    await change(scene, 'Release 1.4.0', 'It is committed.');
    expect(scene.acts).toEqual(['containers']);
  },
  'roll back': async (scene) => {
    await toCart(scene);
    await change(scene, 'Roll back', 'It is committed.');
    expect(scene.acts).toEqual(['rollback']);
  },
  'approve held deletions': async (scene) => {
    await scene.hands.use(view(scene, 'Deletions'));
    await change(scene, 'Delete 1 object', 'Nothing had to be changed.');
    expect(scene.acts).toEqual(['0123456789abcdef']);
  },
};

describe.each(Object.entries({ keyboard: byKeyboard, mouse: byMouse }))('by %s alone, a person can', (_, handsOf) => {
  test.each(Object.entries(TASKS))('%s', async (_name, task) => {
    const { shop, acts } = createWorld();
    await using opened = await open({ shop, may: 'full' });
    const { page } = opened;
    await page.getByRole('heading', { name: 'Needs attention' }).waitFor();
    await task({ page, hands: handsOf(page), acts });
    expect(opened.complaints).toEqual([]);
  });
});
