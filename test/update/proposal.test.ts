import { describe, expect, test } from 'vitest';
import { type ProposedImage, pendingImages, planProposal } from '../../src/update/index.ts';
import { repositoryOf } from './repository.ts';

const CART = 'shop:deployment/cart';
const deployment = (annotations: string, image = 'acme/cart:1.0.0') => ({
  'cart.yaml': `apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop, annotations: ${annotations}}
spec: {template: {spec: {containers: [{name: cart, image: "${image}"}]}}}
`,
});
const AUTOMATED = "{fluxcd.io/automated: 'true', fluxcd.io/tag.cart: 'semver:*'}";
const tags = { '1.0.0': { createdAt: 1 }, '1.1.0': { createdAt: 2 }, '1.2.0': { createdAt: 3 } };
const image = (tag: string, released = false): ProposedImage => ({
  workload: CART,
  container: 'cart',
  target: `acme/cart:${tag}`,
  released,
});
const found = (tag: string) => [
  { WorkloadID: CART, Container: { Name: 'cart', Image: 'acme/cart:1.0.0' }, ImageID: `acme/cart:${tag}` },
];
const context = (annotations: string, now?: string, scanned = true) =>
  repositoryOf(deployment(annotations, now), {
    running: [CART],
    registry: scanned ? { 'index.docker.io/acme/cart': tags } : {},
  });

describe('what is pending', () => {
  test.each<[string, ReturnType<typeof context>, readonly ProposedImage[], ReturnType<typeof found>, readonly ProposedImage[]]>([
    ['keeps what automation proposed, although it is not the time', context(AUTOMATED), [image('1.1.0')], [], [image('1.1.0')]],
    ['has the newest image found', context(AUTOMATED), [image('1.1.0')], found('1.2.0'), [image('1.2.0')]],
    ['drops what is merged', context(AUTOMATED, 'acme/cart:1.1.0'), [image('1.1.0')], [], []],
    ['drops what is older than what is merged', context(AUTOMATED, 'acme/cart:1.2.0'), [image('1.1.0')], [], []],
    [
      'keeps it while the registry has not been read',
      context(AUTOMATED, undefined, false),
      [image('1.1.0')],
      [],
      [image('1.1.0')],
    ],
    ['drops what automation proposed for a workload that is not automated', context('{}'), [image('1.1.0')], [], []],
    [
      'drops it when the workload is locked',
      context("{fluxcd.io/automated: 'true', fluxcd.io/locked: 'true'}"),
      [image('1.1.0')],
      [],
      [],
    ],
    [
      'drops a tag that is banned',
      context("{fluxcd.io/automated: 'true', fluxcd.io/ban.cart: '1.1.0'}"),
      [image('1.1.0')],
      [],
      [],
    ],
    [
      'drops a tag that no longer matches',
      context("{fluxcd.io/automated: 'true', fluxcd.io/tag.cart: 'semver:~2'}"),
      [image('1.1.0')],
      [],
      [],
    ],
    [
      'keeps it while automation is suspended',
      context("{fluxcd.io/automated: 'true', fluxcd.io/suspend: 'true'}"),
      [image('1.1.0')],
      [],
      [image('1.1.0')],
    ],
    ['keeps a release of a workload that is not automated', context('{}'), [image('1.1.0', true)], [], [image('1.1.0', true)]],
    [
      'keeps a release of a locked workload',
      context("{fluxcd.io/locked: 'true'}"),
      [image('1.1.0', true)],
      [],
      [image('1.1.0', true)],
    ],
    [
      'replaces a release by a newer image of an automated workload',
      context(AUTOMATED),
      [image('1.1.0', true)],
      found('1.2.0'),
      [image('1.2.0')],
    ],
    [
      'keeps the release of the image that automation wants, too',
      context(AUTOMATED),
      [image('1.2.0', true)],
      found('1.2.0'),
      [image('1.2.0', true)],
    ],
    ['drops what is of no workload any more', context(AUTOMATED), [{ ...image('1.1.0', true), container: 'gone' }], [], []],
  ])('%s', async (_what, given, carried, changes, expected) => {
    expect(await pendingImages({ carried, found: changes, released: {} }, await given)).toEqual(expected);
  });

  test('has what a person releases now in place of the rest', async () => {
    const update = { Container: 'cart', Current: 'acme/cart:1.0.0', Target: 'acme/cart:1.1.0' };
    const released = {
      [CART]: { Status: 'success', PerContainer: [update] },
      'shop:deployment/mail': { Status: 'skipped', PerContainer: null },
    } as const;
    expect(await pendingImages({ carried: [image('1.2.0')], found: [], released }, await context(AUTOMATED))).toEqual([
      image('1.1.0', true),
    ]);
  });
});

describe('the plan of a branch', () => {
  test('edits the images alone, with the message of automation', async () => {
    const plan = await planProposal([image('1.1.0')], await context(AUTOMATED));
    expect(plan.edits).toEqual([{ path: 'cart.yaml', content: deployment(AUTOMATED, 'acme/cart:1.1.0')['cart.yaml'] }]);
    expect(plan.message).toBe('Auto-release acme/cart:1.1.0');
  });

  test('says that a person released', async () => {
    expect((await planProposal([image('1.1.0', true)], await context('{}'))).message).toBe('Release acme/cart:1.1.0');
    expect((await planProposal([image('1.1.0', true)], await context('{}'), 'By Ann')).message).toBe('By Ann');
  });
});
