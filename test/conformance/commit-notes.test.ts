import { describe, expect, test } from 'vitest';
import { type Clock, createMetrics, silentLogger } from '../../src/base/index.ts';
import { applyUpdate, type UpdateOptions } from '../../src/controller/jobs/apply-update.ts';
import type { Cluster } from '../../src/controller/ports/cluster.ts';
import type { ImageWatch } from '../../src/controller/ports/image-watch.ts';
import type { Source } from '../../src/controller/ports/source.ts';
import { createRepositoryReader } from '../../src/controller/repository/view.ts';
import { accept } from '../../src/git/accept.ts';
import { createManifests, ManifestThread } from '../../src/manifests/index.ts';
import { createGates } from '../../src/schedule/index.ts';
import { planAutomation, type UpdateSpec } from '../../src/update/index.ts';
import { partOf } from '../support/part-of.ts';
import { idOf, repositoryOf } from '../update/repository.ts';

const deployment = (name: string, annotations: string) => `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: shop, annotations: ${annotations}}
spec: {template: {spec: {containers: [{name: ${name}, image: "acme/${name}:1.3"}]}}}
`;
const FILES = {
  'cart.yaml': deployment('cart', "{fluxcd.io/automated: 'true'}"),
  'mail.yaml': deployment('mail', '{}'),
};
const CART = 'shop:deployment/cart';

const world = (files: Readonly<Record<string, string>>) =>
  repositoryOf(files, {
    running: [CART, 'shop:deployment/mail'],
    registry: { 'index.docker.io/acme/cart': { '1.3': { createdAt: 3 }, '1.4': { createdAt: 4 } } },
  });

const ROLLED_OUT = { desired: 1, updated: 1, ready: 1, available: 1, outdated: 0, messages: [] };
const thread = new ManifestThread();

/** What an update that is carried out writes into Git beside the files. */
async function committed(
  spec: UpdateSpec,
  files: Readonly<Record<string, string>> = FILES,
): Promise<{ readonly note: string; readonly message: string }> {
  const { workloads, images } = await world(files);
  const requests: { readonly note: string; readonly message: string }[] = [];
  const source = partOf<Source>({
    requireWritable: () => undefined,
    fetch: async () => accept('r-1'),
    unverified: () => undefined,
    files: async () => Object.entries(files).map(([path, text]) => ({ path, mode: '100644', blob: path, size: text.length })),
    blob: async (path: string) => Buffer.from(files[path] ?? ''),
    commit: async (request: { readonly note: string; readonly message: string }) => {
      requests.push(request);
      return 'r-2';
    },
  });
  const running = async ({ ids = [] }: { readonly ids?: readonly string[] }) =>
    (await workloads.workloads({ ids })).map((workload) => ({ ...workload, status: 'ready', rollout: ROLLED_OUT, labels: {} }));
  const cluster = partOf<Cluster>({ workloads: running, idOf, namesBy: () => idOf });
  const desired = createManifests({ thread });
  const reader = createRepositoryReader(source, desired, cluster);
  // Of the ports an update uses these parts alone.
  const notifier = { notify: () => {} };
  const clock = { now: () => 0, monotonic: () => 0 };
  const shared = await createMetrics({ version: 'test' });
  const metrics = { ...shared, ...shared.ofSource('default') };
  const options = partOf<UpdateOptions>({
    source,
    reader,
    desired,
    cluster,
    images: partOf<ImageWatch>(images),
    timing: () => ({ gates: createGates({}), now: 0 }),
    pinning: {},
    notifier,
    metrics,
    clock: partOf<Clock>(clock),
    log: silentLogger(),
  });
  await applyUpdate({ jobId: '5b0d9a34', spec }, options);
  const [request] = requests;
  if (!request) throw new Error('nothing was committed');
  return request;
}

describe('the note of a commit, byte for byte', () => {
  const anonymous = { Message: '', User: '' };
  const ann = { Message: '', User: 'Ann <ann@example.org>' };
  const update = '{"Container":"cart","Current":"acme/cart:1.3","Target":"acme/cart:1.4"}';
  const result = `{"${CART}":{"Status":"success","PerContainer":[${update}]},"shop:deployment/mail":{"Status":"ignored","Error":"not included","PerContainer":null}}`;

  test('of an automated update names job, changes, and every workload', async () => {
    const { spec } = await planAutomation(await world(FILES));
    if (!spec) throw new Error('no newer image was found');
    expect(await committed({ type: 'auto', cause: anonymous, spec })).toMatchObject({
      message: 'Auto-release acme/cart:1.4',
      note: `{"jobID":"5b0d9a34","spec":{"type":"auto","cause":{"Message":"","User":""},"spec":{"Changes":[{"WorkloadID":"${CART}","Container":{"Name":"cart","Image":"acme/cart:1.3"},"ImageID":"acme/cart:1.4"}]}},"result":${result}}`,
    });
  });

  test('of a release names who asked for what', async () => {
    const spec = { ServiceSpecs: [CART], ImageSpec: 'acme/cart:1.4', Kind: 'execute', Excludes: null, Force: false };
    expect(await committed({ type: 'image', cause: ann, spec })).toMatchObject({
      message: `Release acme/cart:1.4 to ${CART}`,
      note: `{"jobID":"5b0d9a34","spec":{"type":"image","cause":{"Message":"","User":"Ann \\u003cann@example.org\\u003e"},"spec":{"ServiceSpecs":["${CART}"],"ImageSpec":"acme/cart:1.4","Kind":"execute","Excludes":null,"Force":false}},"result":${result}}`,
    });
  });

  test('of a change of policies has no result', async () => {
    const add = { locked: 'true', locked_msg: '', locked_user: 'Ann <ann@example.org>' };
    expect(await committed({ type: 'policy', cause: ann, spec: { [CART]: { add, remove: {} } } })).toMatchObject({
      message: `Updated workload policies\n\n- Locked: ${CART}\n- Updated policies: ${CART}\n`,
      note: `{"jobID":"5b0d9a34","spec":{"type":"policy","cause":{"Message":"","User":"Ann \\u003cann@example.org\\u003e"},"spec":{"${CART}":{"add":{"locked":"true","locked_msg":"","locked_user":"Ann \\u003cann@example.org\\u003e"},"remove":{}}}},"result":null}`,
    });
  });
});

test('a release of a workload that cannot be edited fails with the reason, unless another one is released', async () => {
  const pod =
    '    spec:\n      containers:\n      - name: cart\n        image: &i |-\n          acme/cart:1.3\n        env: [{name: I, value: *i}]\n';
  const cart = `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: cart, namespace: shop}\nspec:\n  template:\n${pod}`;
  const release = { ServiceSpecs: ['<all>'], ImageSpec: 'acme/cart:1.4', Kind: 'execute', Excludes: null, Force: false };
  const spec: UpdateSpec = { type: 'image', cause: { Message: '', User: '' }, spec: release };
  const message = expect.stringMatching(/^applying changes: updating resource shop:deployment\/cart in cart.yaml/);
  await expect(committed(spec, { ...FILES, 'cart.yaml': cart })).rejects.toMatchObject({ code: 'update/edit-failed', message });
  const mail = FILES['mail.yaml'].replace('acme/mail', 'acme/cart');
  const { note } = await committed(spec, { 'cart.yaml': cart, 'mail.yaml': mail });
  expect(JSON.parse(note)).toMatchObject({
    result: { [CART]: { Status: 'failed' }, 'shop:deployment/mail': { Status: 'success' } },
  });
});

test.each<[string, readonly string[], string]>([
  ['that is locked', [CART], `: ${CART}: locked`],
  ['that Git does not have', ['shop:deployment/crat'], ': shop:deployment/crat: not found in repository'],
  ['that has another image', ['shop:deployment/mail'], ': shop:deployment/mail: a different image'],
  ['of several', [CART, 'shop:deployment/crat'], `: ${CART}: locked; shop:deployment/crat: not found in repository`],
  ['of all', ['<all>'], ''],
])('a release that changes nothing of a workload %s says why', async (_name, ServiceSpecs, why) => {
  const release = { ServiceSpecs, ImageSpec: 'acme/cart:1.4', Kind: 'execute', Excludes: null, Force: false };
  const spec: UpdateSpec = { type: 'image', cause: { Message: '', User: '' }, spec: release };
  const files = { ...FILES, 'cart.yaml': deployment('cart', "{fluxcd.io/locked: 'true'}") };
  const message = `no changes made in repo${why}`;
  await expect(committed(spec, files)).rejects.toMatchObject({ code: 'update/no-changes', message });
});
