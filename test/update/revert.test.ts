import { expect, test } from 'vitest';
import { type AutomatedSpec, planUpdate } from '../../src/update/index.ts';
import { contextOf, workload } from './world.ts';

const ID = 'shop:deployment/cart';
const SPEC: AutomatedSpec = {
  Changes: [{ WorkloadID: ID, Container: { Name: 'cart', Image: 'acme/cart:1.3.0' }, ImageID: 'acme/cart:1.2.0' }],
  Revert: { Commit: '4f1c2aa', Reasons: { [ID]: 'container cart: CrashLoopBackOff, exit code 1 (pod cart-1)' } },
};

function plan(annotations: Readonly<Record<string, string>>, image = 'acme/cart:1.3.0') {
  const cart = workload('Deployment', 'cart', { namespace: 'shop', annotations, containers: [['cart', image]] });
  const context = contextOf({
    files: { 'cart.yaml': cart.text },
    manifests: { [ID]: { file: 'cart.yaml', object: cart.object } },
    running: [ID],
    registry: {},
  });
  return planUpdate({ type: 'auto', cause: { Message: '', User: '' }, spec: SPEC }, context);
}

test('a revert puts the image back, bans the other, and says why', async () => {
  const { edits, message } = await plan({ 'fluxcd.io/automated': 'true' });
  expect(edits[0]?.content).toContain('image: acme/cart:1.2.0');
  expect(edits[0]?.content).toContain('fluxcd.io/ban.cart: 1.3.0');
  expect(message).toBe(`Revert image update of shop:deployment/cart

It was made in commit 4f1c2aa.

shop:deployment/cart: container cart: CrashLoopBackOff, exit code 1 (pod cart-1)
- cart: acme/cart:1.3.0 is banned, back to acme/cart:1.2.0
`);
});

test.each<[what: string, annotations: Readonly<Record<string, string>>, image: string, reason: string]>([
  ['locked', { 'fluxcd.io/automated': 'true', 'fluxcd.io/locked': 'true' }, 'acme/cart:1.3.0', 'locked'],
  ['ignored', { 'fluxcd.io/automated': 'true', 'fluxcd.io/ignore': 'true' }, 'acme/cart:1.3.0', 'ignore'],
  [
    'suspended',
    { 'fluxcd.io/automated': 'true', 'fluxcd.io/suspend': 'true' },
    'acme/cart:1.3.0',
    expect.stringContaining('suspended'),
  ],
  ['not automated any more', {}, 'acme/cart:1.3.0', 'not automated'],
  [
    'without reverts by now',
    { 'fluxcd.io/automated': 'true', 'fluxcd.io/revert-on-failure': 'false' },
    'acme/cart:1.3.0',
    'reverts are turned off',
  ],
  [
    'with an image that a person chose',
    { 'fluxcd.io/automated': 'true' },
    'acme/cart:1.2.5',
    'cart has another image by now: acme/cart:1.2.5',
  ],
])('a workload that is %s is left as it is', async (_what, annotations, image, reason) => {
  const { edits, result } = await plan(annotations, image);
  expect(edits).toEqual([]);
  expect(result).toEqual({ [ID]: { Status: 'skipped', Error: reason, PerContainer: null } });
});

test('a workload whose bans cannot be read does not keep another from being reverted', async () => {
  const both = ['cart', 'api'].map((name) => {
    const annotations = { 'fluxcd.io/automated': 'true', ...(name === 'api' ? { 'fluxcd.io/ban.api': 'not a tag' } : {}) };
    return { name, ...workload('Deployment', name, { namespace: 'shop', annotations, containers: [[name, `acme/${name}:2`]] }) };
  });
  const context = contextOf({
    files: Object.fromEntries(both.map(({ name, text }) => [`${name}.yaml`, text])),
    manifests: Object.fromEntries(both.map(({ name, object }) => [`shop:deployment/${name}`, { file: `${name}.yaml`, object }])),
    running: [],
    registry: {},
  });
  const Changes = both.map(({ name }) => ({
    WorkloadID: `shop:deployment/${name}`,
    Container: { Name: name, Image: `acme/${name}:2` },
    ImageID: `acme/${name}:1`,
  }));
  const spec = { Changes, Revert: { Commit: '4f1c2aa', Reasons: {} } };
  const { result, edits } = await planUpdate({ type: 'auto', cause: { Message: '', User: '' }, spec }, context);
  expect(edits.map(({ path }) => path)).toEqual(['cart.yaml']);
  expect(result).toMatchObject({
    'shop:deployment/api': { Status: 'failed', Error: 'invalid ban: "not a tag"' },
    'shop:deployment/cart': { Status: 'success' },
  });
});

test('a tag that moves is banned by the digest that failed', async () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const annotations = { 'fluxcd.io/automated': 'true' };
  const cart = workload('Deployment', 'cart', { namespace: 'shop', annotations, containers: [['cart', 'acme/cart:1.25']] });
  const context = contextOf({
    files: { 'cart.yaml': cart.text },
    manifests: { [ID]: { file: 'cart.yaml', object: cart.object } },
    running: [ID],
    registry: { 'index.docker.io/acme/cart': { '1.25': { digest: `sha256:${'b'.repeat(64)}` } } },
  });
  const change = { WorkloadID: ID, Container: { Name: 'cart', Image: 'acme/cart:1.25' }, ImageID: 'acme/cart:1.24' };
  const spec = { Changes: [{ ...change, Digest: digest }], Revert: { Commit: '4f1c2aa', Reasons: {} } };
  const { edits } = await planUpdate({ type: 'auto', cause: { Message: '', User: '' }, spec }, context);
  expect(edits[0]?.content).toContain(`1.25@${digest}`);
});
