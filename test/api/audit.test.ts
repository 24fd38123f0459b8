import { expect, test } from 'vitest';
import { FluxError } from '../../src/base/index.ts';
import { createTestLog } from '../support/test-log.ts';
import { daemonOf, send, serve, serveByTls } from './daemon-fixture.ts';
import { reviewByRbac } from './rbac.ts';

const json = { 'content-type': 'application/json' };
const CART = 'shop:deployment/cart';
const HASH = '0123456789abcdef';
const cause = { Message: 'because https://ann:hunter2@host', User: 'Ann <ann@example.org>' };
const by = { claims: 'Ann <ann@example.org>', message: 'because https://ann:***@host' };

const held = { hash: HASH, deletions: [{ id: 'shop:configmap/a', reason: 'limit' }] };
const orphans = { orphans: [{ id: 'shop:configmap/b', uid: 'u-2' }] };
const image = { ServiceSpecs: [CART], ImageSpec: 'acme/cart:1', Kind: 'execute', Excludes: null, Force: true };
const containers = { [CART]: [{ Container: 'cart', Target: 'acme/cart:1' }] };
const update = (type: string, spec: object) => ['/api/flux/v9/update-manifests', { type, cause, spec }] as const;

async function world(parts: Parameters<typeof daemonOf>[0] = {}) {
  const { log, lines } = await createTestLog();
  const api = await serve(daemonOf({ heldDeletions: () => held, ...parts }), { auditLog: log });
  const audited = () =>
    lines().map(({ level, msg, ts: _ts, time: _time, ...fields }) => {
      expect([level, msg]).toEqual(['info', 'act of a person']);
      return fields;
    });
  return { api, audited, [Symbol.asyncDispose]: () => api[Symbol.asyncDispose]() };
}

test.each<[string, readonly [path: string, body: object | boolean], object | undefined]>([
  ['a release', update('image', image), { act: 'release', on: CART, what: 'acme/cart:1 (forced)', id: 'job-1', ...by }],
  [
    'a release without signatures',
    update('image', { ...image, SkipVerify: true }),
    { act: 'release', on: CART, what: 'acme/cart:1 (forced) (signatures not verified)', id: 'job-1', ...by },
  ],
  [
    'a selected release',
    update('containers', { Kind: 'execute', ContainerSpecs: containers, SkipMismatches: false, Force: false }),
    { act: 'release', on: CART, what: 'acme/cart:1', id: 'job-1', ...by },
  ],
  ['a dry run', update('image', { ...image, Kind: 'plan' }), undefined],
  [
    'a rollback',
    update('rollback', { Kind: 'execute', Workload: CART, Container: '', To: '1.2.0' }),
    { act: 'rollback', on: CART, what: 'all containers to 1.2.0', id: 'job-1', ...by },
  ],
  [
    'a change of policies',
    update('policy', { [CART]: { add: { 'ban.cart': '1.3.0' }, remove: { locked: 'true' } } }),
    { act: 'policy', on: CART, what: 'ban.cart=1.3.0, locked-', id: 'job-1', ...by },
  ],
  ['a sync by the old API', update('sync', {}), { act: 'sync', id: 'job-1', ...by }],
  ['a sync', ['/api/v1/syncs', {}], { act: 'sync', id: 's-1' }],
  [
    'a sync outside of its window',
    ['/api/v1/syncs/override-window', {}],
    { act: 'sync', what: 'although the window of syncs is closed', id: 's-1' },
  ],
  ['an approval', ['/api/v1/gc/approvals', { hash: HASH }], { act: 'gc approve', what: HASH, on: 'shop:configmap/a', id: 's-1' }],
  ['the deletion of orphans', ['/api/v1/gc/orphan-deletions', orphans], { act: 'gc delete', on: 'shop:configmap/b', id: 's-1' }],
  [
    'a suspension',
    ['/api/v1/automation/suspend', { user: 'Ann', message: 'audit' }],
    { act: 'suspend', claims: 'Ann', message: 'audit' },
  ],
  ['its end', ['/api/v1/automation/resume', {}], { act: 'resume' }],
  ['a new deploy key', ['/api/flux/v9/git-repo-config', true], { act: 'identity' }],
  ['reading the deploy key', ['/api/flux/v9/git-repo-config', false], undefined],
])('%s leaves one line in the audit log', async (_name, [path, body], act) => {
  await using it = await world();
  const { status } = await it.api.post(path, JSON.stringify(body), json);
  expect(status).toBeLessThan(300);
  expect(it.audited()).toEqual(act === undefined ? [] : [{ caller: 'local', from: '127.0.0.1', outcome: 'accepted', ...act }]);
});

test('what is refused is audited too, with the reason, and reading is not', async () => {
  const approveDeletions = () => {
    throw new FluxError('the list at https://u:hunter2@h is another', { code: 'gc/changed', fault: 'user' });
  };
  await using it = await world({ approveDeletions });
  await it.api.get('/api/v1/gc');
  await it.api.post('/api/v1/gc/approvals', JSON.stringify({ hash: 'f'.repeat(16) }), json);
  expect(it.audited()).toEqual([
    {
      caller: 'local',
      from: '127.0.0.1',
      act: 'gc approve',
      what: 'f'.repeat(16),
      outcome: 'refused',
      reason: 'the list at https://u:***@h is another',
    },
  ]);
});

test('a line is bounded', async () => {
  await using it = await world();
  const ids = Array.from({ length: 1_000 }, (_, n) => `shop:deployment/cart-${n}`);
  const spec = { ...image, ServiceSpecs: ids, ImageSpec: `acme/${'c'.repeat(5_000)}:1` };
  const [path, body] = update('image', spec);
  await it.api.post(path, JSON.stringify(body), json);
  const [line] = it.audited();
  expect(JSON.stringify(line).length).toBeLessThan(4_500);
  expect(line?.on).toMatch(/^shop:deployment\/cart-0, .*, and 980 more$/);
});

test('a caller from the network has the name that the API server gives', async () => {
  const { log, lines } = await createTestLog();
  await using api = await serveByTls(daemonOf(), reviewByRbac, '10.1.2.3', { auditLog: log });
  const headers = { ...json, authorization: 'Bearer owner' };
  const { status } = await send(api.port, '/api/v1/syncs', { method: 'POST', headers, body: '{}', ca: api.ca });
  expect(status).toBe(202);
  expect(lines()).toMatchObject([{ caller: 'owner', act: 'sync', outcome: 'accepted' }]);
});
