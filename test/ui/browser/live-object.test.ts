import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import type { LiveReads } from '../../../src/controller/index.ts';
import type { ResourceRight } from '../../../src/resource/index.ts';
import { liveReadsOf } from '../../api/live-reads.ts';
import { browserOfFile, createShop, type Opened, type OpenOptions, publish } from './fixture.ts';
import { violationsOn } from './violations.ts';

const open = browserOfFile();
const VIEW = '#/objects/shop%3Adeployment%2Fcart';
const RIGHT: ResourceRight = { verb: 'get', group: 'apps', resource: 'deployments', namespace: 'shop', name: 'cart' };

type Report = Awaited<ReturnType<LiveReads['object']>>;
const flux = { manager: 'flux', operation: 'Apply', at: Date.now() - 3_600_000 } as const;
const kubectl = { manager: 'kubectl-edit', operation: 'Update', at: Date.now() - 60_000 } as const;

function report(parts: Partial<Report> = {}): Report {
  return {
    exists: true,
    fields: [
      { path: 'metadata.annotations.note', state: 'added', live: 'by hand', owners: [kubectl] },
      { path: 'spec.replicas', state: 'differs', desired: 2, live: 5, owners: [kubectl] },
      {
        path: 'spec.template.spec.containers[name=cart].image',
        state: 'same',
        desired: 'acme/cart:1',
        live: 'acme/cart:1',
        owners: [flux],
      },
      { path: 'spec.template.spec.containers[name=cart].imagePullPolicy', state: 'default', live: 'IfNotPresent', owners: [] },
      { path: 'spec.template.spec.priorityClassName', state: 'missing', desired: 'high', owners: [] },
    ],
    isCut: false,
    events: {
      state: 'read',
      value: [
        {
          type: 'Warning',
          reason: 'FailedCreate',
          message: 'exceeded quota: pods=10',
          count: 7,
          from: 'replicaset-controller',
          lastAt: Date.now() - 30_000,
        },
        { type: 'Normal', reason: 'ScalingReplicaSet', message: 'Scaled up', count: 1, from: 'deployment-controller' },
      ],
    },
    ...parts,
  };
}

async function look(live: LiveReads['object'] | undefined, options: OpenOptions = {}): Promise<Opened> {
  const shop = createShop();
  if (live) shop.live = liveReadsOf({ object: live });
  const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'cart', namespace: 'shop' } };
  shop.others = { manifest: async () => ({ object }) };
  const opened = await open({ shop, ...options, ...(options.tls ? { stay: true } : {}) });
  if (!options.tls) await opened.page.goto(`${opened.origin}/ui/${VIEW}`);
  return opened;
}

test('the object of Git stands beside that of the cluster, with who set each field', async () => {
  await using opened = await look(async ({ permit }) => {
    await permit(RIGHT);
    return report();
  });
  const { page } = opened;
  const live = page.getByRole('region', { name: 'In Git and in the cluster' });
  await live.getByText('1 field differs from Git, 1 field of Git is missing, 1 field was set by others.').waitFor();
  const replicas = live.getByRole('listitem').filter({ hasText: 'spec.replicas' });
  expect((await replicas.innerText()).replace(/\s+/g, ' ')).toMatch(
    /spec.replicas Differs Git 2 Cluster 5 Set by kubectl-edit 1 minute ago/,
  );
  expect(await live.getByText('imagePullPolicy').count()).toBe(0);
  // By keyboard alone.
  await live.getByLabel('Show all 5 fields').focus();
  await page.keyboard.press('Space');
  await live.getByText('imagePullPolicy').waitFor();
  expect(await live.getByRole('listitem').filter({ hasText: 'imagePullPolicy' }).innerText()).toContain('the API server');
  const events = live.getByRole('region', { name: 'Events' });
  expect((await events.innerText()).replace(/\s+/g, ' ')).toMatch(
    /FailedCreate 7 times replicaset-controller .* exceeded quota: pods=10/,
  );
  expect(opened.complaints).toEqual([]);
});

test('by TLS it is shown with the rights of the user, and the missing right is named', async () => {
  const needs: LiveReads['object'] = async ({ permit }) => {
    await permit(RIGHT);
    return report();
  };
  for (const [token, text] of [
    ['owner', '1 field differs from Git'],
    ['reader', 'reader may not get deployments.apps cart in namespace shop.'],
  ] as const) {
    await using opened = await look(needs, { tls: 'network' });
    const { page } = opened;
    await page.goto(`${opened.origin}/ui/${VIEW}`);
    await page.getByLabel(/token/i).fill(token);
    await page.keyboard.press('Enter');
    await page.getByText(text).waitFor();
  }
});

test('without a reader of the cluster the page says how to get one', async () => {
  await using opened = await look(undefined);
  await opened.page.getByText('This fluxd does not read the cluster for this page.').waitFor();
});

test.each<[string, Partial<Report>, string]>([
  ['is not in the cluster', { exists: false, fields: [] }, 'The cluster does not have this object.'],
  ['has nothing to say', { hidden: 'values', fields: [] }, 'Its values are not shown'],
  ['is as in Git', { fields: [] }, 'Every field is as in Git.'],
  ['has Events that may not be read', { events: { state: 'unread', reason: 'forbidden' } }, 'They could not be read: Forbidden.'],
  ['has no Events', { events: { state: 'read', value: [] } }, 'None. Kubernetes keeps them for about an hour.'],
  ['is too large', { fields: [], isCut: true }, 'The object is too large to be compared field by field.'],
  ['is larger than what is compared', { isCut: true }, 'The object has more fields than are compared.'],
])('an object that %s is shown as that', async (_, parts, text) => {
  await using opened = await look(async () => report(parts));
  await opened.page.getByText(text).waitFor();
});

test('a read that fails once is tried again', async () => {
  let reads = 0;
  await using opened = await look(async () => {
    reads += 1;
    if (reads === 1) throw new FluxError('API server: connection refused', { code: 'cluster/unreachable' });
    return report();
  });
  const { page } = opened;
  await page.getByText('API server: connection refused').waitFor();
  publish(opened.shop);
  await page.getByText('1 field differs from Git').waitFor();
  expect(await page.getByText('connection refused').count()).toBe(0);
});

const HOSTILE = [
  '<img src=x onerror="hit=1">',
  '</code><script>hit=1</script>',
  '\u202egnihton',
  '__proto__',
  'x'.repeat(5_000),
  '\n\n',
];

test('hostile text in fields, owners and Events runs nothing, and breaks no layout', async () => {
  await using opened = await look(
    async () =>
      report({
        fields: HOSTILE.map((text) => ({
          path: text,
          state: 'differs',
          desired: text,
          live: [text],
          owners: [{ manager: text, operation: 'Update', subresource: text }],
        })),
        events: {
          state: 'read',
          value: HOSTILE.map((text) => ({ type: text, reason: text, message: text, count: 2, from: text })),
        },
      }),
    { context: { viewport: { width: 360, height: 800 } } },
  );
  const { page } = opened;
  await page.getByText('6 fields differ from Git.').waitFor();
  expect(await page.evaluate(() => 'hit' in globalThis)).toBe(false);
  expect(await page.evaluate(() => document.querySelectorAll('main :is(script, img)').length)).toBe(0);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0);
  expect(opened.complaints).toEqual([]);
});

describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
  test.each([360, 768, 1280])('at %d px nothing is cut off, and axe finds nothing', async (width) => {
    await using opened = await look(async () => report(), {
      context: { viewport: { width, height: 900 }, colorScheme, bypassCSP: true },
    });
    const { page } = opened;
    await page.getByLabel('Show all 5 fields').check();
    await page.getByText('imagePullPolicy').waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0);
    expect(await violationsOn(page)).toEqual([]);
  });
});
