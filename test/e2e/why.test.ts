import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { WhyWire } from '../../src/api/wire/index.ts';
import { thorough } from '../support/sampled.ts';
import {
  type Fault,
  type Files,
  type Fluxd,
  manifest,
  path,
  type Recorded,
  startWorld,
  until,
  type World,
} from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** The answer as data. */
async function whyOf(fluxd: Fluxd, ...words: readonly string[]): Promise<WhyWire> {
  const { stdout, stderr } = await fluxd.fluxctl('why', ...words, '-o', 'json');
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
}

/** Waits until the cause of an object's state is found, and returns the answer. */
async function untilCause(fluxd: Fluxd, cause: string, ...words: readonly string[]): Promise<WhyWire> {
  let found: WhyWire | undefined;
  await until(`why says ${cause}`, async () => {
    found = await whyOf(fluxd, ...words);
    return found.cause === cause;
  });
  if (!found) throw new Error('no answer');
  return found;
}

test.runIf(thorough('why an automated workload runs what it does'))(
  'the chain of an automated workload, from the line in Git to the sync',
  async () => {
    const shop = world.namespace('shop');
    const name = world.unique('acme/web');
    const image = `${world.registry}/${name}`;
    for (const version of ['1.0.0', '1.1.0', '1.2.0']) await world.push(name, version, { version });
    const repository = await world.repository();
    const web = (annotations: Readonly<Record<string, string>>) =>
      manifest.deployment({
        namespace: shop,
        name: 'web',
        image: `${image}:1.0.0`,
        annotations: { 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.web': 'semver:~1', ...annotations },
      });
    await repository.commit('Open the shop', {
      'namespace.yaml': manifest.namespace(shop),
      'deploy/web.yaml': web({ 'fluxcd.io/ban.web': '1.2.0' }),
    });
    const fluxd = await world.fluxd(repository);
    const id = `${shop}:deployment/web`;
    await until('automation commits', async () => (await repository.text('deploy/web.yaml')).includes('1.1.0'));
    const banned = await untilCause(fluxd, 'decision/banned', id);
    expect(banned.answer).toBe(`${id} is not updated: tag 1.2.0 is banned.`);
    await until('the commit is applied', async () => {
      const { links } = await whyOf(fluxd, id);
      return links.find(({ kind }) => kind === 'sync')?.code === 'in-sync';
    });
    const { links } = await whyOf(fluxd, id);
    expect(links.find(({ kind }) => kind === 'commit')?.text).toMatch(/^[0-9a-f]{7} by automation$/);
    expect(links.find(({ kind }) => kind === 'place')?.text).toBe('deploy/web.yaml:2');
    expect(await whyOf(fluxd, '--image', `${image}:1.2.0`)).toMatchObject({ id, cause: 'decision/tag-banned' });
    expect(await whyOf(fluxd, '--file', 'deploy/web.yaml:10')).toMatchObject({ id, cause: 'decision/banned' });
    const { code, stdout } = await fluxd.fluxctl('why', id);
    expect({ code, first: stdout.split('\n')[0] }).toEqual({ code: 0, first: banned.answer });
  },
);

test.runIf(thorough('why a rollout fails'))('a rollout that fails is explained by its pods', async () => {
  const shop = world.namespace('shop');
  const name = world.unique('acme/web');
  const image = `${world.registry}/${name}`;
  await world.push(name, '1.0.0', { version: '1.0.0' });
  await world.push(name, 'crash', { version: '1.0.0', exitCode: 3 });
  const repository = await world.repository();
  const web = (workload: string, tag: string) =>
    manifest.deployment({ namespace: shop, name: workload, image: `${image}:${tag}` });
  const first = await repository.commit('Open the shop', {
    'namespace.yaml': manifest.namespace(shop),
    'deploy/web.yaml': [web('good', '1.0.0'), web('gone', 'missing'), web('crash', 'crash')].join('---\n'),
  });
  const fluxd = await world.fluxd(repository);
  await repository.synced(first);
  const gone = await untilCause(fluxd, 'rollout/image-pull', `${shop}:deployment/gone`);
  expect(gone.answer).toContain(`its image ${image}:missing cannot be pulled`);
  const crash = await untilCause(fluxd, 'rollout/crash-loop', `${shop}:deployment/crash`);
  expect(crash.answer).toContain('exit code 3, its program failed');
  expect(await untilCause(fluxd, 'ok', `${shop}:deployment/good`)).toMatchObject({ state: 'ok' });
  // The worst of the file comes first.
  const inFile = await whyOf(fluxd, '--file', 'deploy/web.yaml');
  expect(inFile.id).not.toBe(`${shop}:deployment/good`);
  expect(inFile.others.map(({ id }) => id)).toContain(`${shop}:deployment/good`);
});

/** One situation, by the name of its workload or object. */
interface Seed {
  /** The cause that is found, and what the first line says. */
  readonly cause: string;
  readonly says: string | RegExp;
}

/** Annotations of an automated workload whose image is `1.0.0`, in a repository that has 1.0.0 and 1.1.0. */
const DECISIONS: Readonly<Record<string, Seed & { readonly annotations: Readonly<Record<string, string>> }>> = {
  'wrong-pattern': {
    annotations: { 'fluxcd.io/tag.web': 'semver:~3' },
    cause: 'decision/no-match',
    says: 'none of the 2 tags that are known matches the pattern semver:~3',
  },
  'invalid-pattern': {
    annotations: { 'fluxcd.io/tag.web': 'semver:x.y' },
    cause: 'decision/bad-pattern',
    says: 'invalid tag pattern: "semver:x.y"',
  },
  ban: { annotations: { 'fluxcd.io/ban.web': '1.1.0' }, cause: 'decision/banned', says: 'tag 1.1.0 is banned' },
  window: {
    annotations: { 'fluxcd.io/window': '0 0 29 2 * / 1m / UTC' },
    cause: 'decision/window',
    says: 'outside of its window, "0 0 29 2 * / 1m / UTC"',
  },
  freeze: {
    annotations: { 'fluxcd.io/freeze': '0 0 * * * / 24h / UTC' },
    cause: 'decision/freeze',
    says: 'in a freeze, "0 0 * * * / 24h / UTC"',
  },
  'minimum-age': {
    annotations: { 'fluxcd.io/min-age': '72h' },
    cause: 'decision/min-age',
    says: 'tag 1.1.0 has not the minimum age of 72h, first seen at',
  },
  lock: { annotations: { 'fluxcd.io/locked': 'true' }, cause: 'decision/locked', says: 'is not updated: locked' },
  suspended: {
    annotations: { 'fluxcd.io/suspend': 'true' },
    cause: 'decision/suspended',
    says: 'automation of the workload is suspended in Git',
  },
  newest: { annotations: { 'fluxcd.io/tag.web': 'semver:~1.0.0' }, cause: 'ok', says: 'nothing is wrong with' },
};

test.runIf(thorough('why an image is not updated'))('an image that is not updated is explained by its decision', async () => {
  const shop = world.namespace('shop');
  const name = world.unique('acme/web');
  const image = `${world.registry}/${name}`;
  for (const version of ['1.0.0', '1.1.0']) await world.push(name, version, { version });
  const repository = await world.repository();
  const files = Object.entries(DECISIONS).map(([workload, { annotations }]) => {
    const automated = { 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.web': 'semver:*', ...annotations };
    return [
      `${workload}.yaml`,
      manifest.deployment({ namespace: shop, name: workload, image: `${image}:1.0.0`, annotations: automated }),
    ];
  });
  const first = await repository.commit('Open the shop', {
    'namespace.yaml': manifest.namespace(shop),
    ...Object.fromEntries(files),
  });
  const fluxd = await world.fluxd(repository);
  await repository.synced(first);
  for (const [workload, { cause, says }] of Object.entries(DECISIONS)) {
    const id = `${shop}:deployment/${workload}`;
    const { answer } = await untilCause(fluxd, cause, id);
    expect(answer).toContain(id);
    expect(answer).toMatch(says);
  }
});

const denial: Fault = {
  kind: 'answer',
  status: 403,
  body: {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    reason: 'Forbidden',
    message: 'admission webhook "tags.acme.io" denied the request: not today',
    code: 403,
  },
};

test.runIf(thorough('why an object is not applied'))('an object that is not applied is explained by its sync', async () => {
  const [shop, going] = [world.namespace('shop'), world.namespace('going')];
  const repository = await world.repository();
  const map = (name: string, text = 'hello') => manifest.configMap(shop, name, { greeting: text });
  const name = world.unique('acme/web');
  await world.push(name, '1.0.0', { version: '1.0.0' });
  const web = manifest.deployment({ namespace: shop, name: 'web', image: `${world.registry}/${name}:1.0.0`, replicas: 1 });
  const files: Files = {
    'namespace.yaml': manifest.namespace(shop),
    'fixed.yaml': `${map('fixed')}immutable: true\n`,
    'fine.yaml': map('fine'),
    'ignored.yaml': map('ignored'),
    'denied.yaml': map('denied'),
    'left.yaml': map('left'),
    'web.yaml': web,
  };
  const first = await repository.commit('Open the shop', files);
  const fluxd = await world.fluxd(repository, {
    args: ['--registry-disable-scanning', '--sync-garbage-collection', '--sync-garbage-collection-limit=1'],
  });
  await repository.synced(first);

  // A namespace that does not go: something in it has a finalizer that nothing removes.
  await world.kube.create('api/v1/namespaces', { metadata: { name: going } });
  const stuck = path.configMap(going, 'stuck');
  await world.kube.create(path.configMaps(going), { metadata: { name: 'stuck', finalizers: ['acme.example.org/cleanup'] } });
  onTestFinished(async () => {
    await world.kube.patch(stuck, { metadata: { finalizers: null } });
  });
  await world.kube.delete(path.namespace(going));
  // And an object of a controller that is not there.
  const kept = path.configMap(shop, 'kept');
  await world.kube.apply(
    kept,
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kept', finalizers: ['acme.example.org/cleanup'] } },
    'acme-operator',
  );
  onTestFinished(async () => {
    await world.kube.patch(kept, { metadata: { finalizers: null } });
  });
  await world.kube.delete(kept);
  await world.kube.create(path.configMaps(shop), { metadata: { name: 'foreign' } });
  await world.kube.patch(path.configMap(shop, 'ignored'), { metadata: { annotations: { 'fluxcd.io/ignore': 'true' } } });
  await world.kube.patch(`${path.deployment(shop, 'web')}/scale`, { spec: { replicas: 3 } });
  fluxd.proxy.intercept = ({ method, path: where }: Recorded) =>
    method === 'PATCH' && where.endsWith('/configmaps/denied') ? denial : undefined;
  await repository.commit('Trouble', {
    'fixed.yaml': `${map('fixed', 'changed')}immutable: true\n`,
    'denied.yaml': map('denied', 'changed'),
    'kind.yaml': `apiVersion: acme.example.org/v1\nkind: Widget\nmetadata:\n  name: one\n  namespace: ${shop}\n`,
    'twice.yaml': `${map('twice')}---\n${map('twice')}`,
    'bad.yaml': `${map('bad')}  number: 1\n  greeting: [\n`,
    'going.yaml': manifest.configMap(going, 'late'),
    'left.yaml': null,
    'fine.yaml': map('fine', 'changed'),
  });

  const seeds: Readonly<Record<string, Seed>> = {
    [`${shop}:configmap/fixed`]: { cause: 'sync/immutable', says: 'field is immutable' },
    [`${shop}:configmap/denied`]: { cause: 'sync/denied', says: 'denied the request: not today' },
    [`${shop}:widget/one`]: { cause: 'sync/unknown-kind', says: 'is its CRD installed?' },
    [`${shop}:configmap/twice`]: { cause: 'place/duplicate', says: 'defined 2 times, at twice.yaml:1 and twice.yaml:' },
    [`${going}:configmap/late`]: { cause: 'sync/namespace-terminating', says: 'being terminated' },
    [`${shop}:configmap/left`]: { cause: 'sync/held-deletion', says: 'its deletion is held' },
    [`${shop}:configmap/ignored`]: { cause: 'sync/skipped', says: 'ignore' },
    [`${shop}:configmap/foreign`]: { cause: 'place/not-in-git', says: 'it is in the cluster, but not in revision' },
    [`${shop}:configmap/nothing`]: { cause: 'place/nowhere', says: 'it is not in revision' },
    [`${shop}:deployment/web`]: { cause: 'sync/replicas-held', says: 'holds 3 through the scale subresource' },
    [`${shop}:configmap/fine`]: { cause: 'ok', says: 'nothing is wrong with' },
    [`${shop}:configmap/kept`]: {
      cause: 'rollout/finalizer',
      says: /waits for the finalizer acme\.example\.org\/cleanup: acme-operator set it, .*; no workload of that name runs/,
    },
    [`${going}:configmap/stuck`]: { cause: 'rollout/namespace-terminating', says: 'is being deleted since' },
  };
  for (const [id, { cause, says }] of Object.entries(seeds)) expect((await untilCause(fluxd, cause, id)).answer).toMatch(says);
  const fine = `${shop}:configmap/fine`;
  let fought = '';
  await until('corrections back off', async () => {
    await world.kube.patch(path.configMap(shop, 'fine'), { data: { greeting: 'mine' } });
    const { cause, answer } = await whyOf(fluxd, fine);
    if (cause === 'sync/fight') fought = answer;
    return fought !== '';
  });
  expect(fought).toContain('kubectl-edit changes it again after each correction');
  const refused = await untilCause(fluxd, 'place/refused', '--file', 'bad.yaml');
  expect(refused.answer).toMatch(/the manifest at bad\.yaml:\d+(:\d+)? is refused/);
});

test.runIf(thorough('why Git rejects a push'))('a Git host that rejects pushes is named', async () => {
  const shop = world.namespace('shop');
  const name = world.unique('acme/web');
  const image = `${world.registry}/${name}`;
  for (const version of ['1.0.0', '1.1.0']) await world.push(name, version, { version });
  const repository = await world.repository();
  const annotations = { 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.web': 'semver:~1' };
  repository.hook('update', 'case "$1" in refs/heads/*) echo "GH006: Protected branch update failed" >&2; exit 1;; esac');
  const first = await repository.commit('Open the shop', {}).catch(() => undefined);
  expect(first).toBeUndefined();
  repository.hook('update', undefined);
  await repository.commit('Open the shop', {
    'namespace.yaml': manifest.namespace(shop),
    'web.yaml': manifest.deployment({ namespace: shop, name: 'web', image: `${image}:1.0.0`, annotations }),
  });
  repository.hook('update', 'case "$1" in refs/heads/*) echo "GH006: Protected branch update failed" >&2; exit 1;; esac');
  const fluxd = await world.fluxd(repository);
  const id = `${shop}:deployment/web`;
  expect((await untilCause(fluxd, 'commit/branch-protected', id)).answer).toContain('branch main is protected');
  repository.hook('update', 'case "$1" in refs/tags/*) exit 1;; esac');
  await until('automation commits', async () => (await repository.text('web.yaml')).includes('1.1.0'));
  expect((await untilCause(fluxd, 'sync/not-recorded', id)).answer).toContain('Git rejects the sync tag and the record');
});

test.runIf(thorough('why a standby daemon does not sync'))('a daemon on standby names the one that leads', async () => {
  const home = world.namespace('flux');
  const shop = world.namespace('shop');
  for (const name of [home, shop]) await world.kube.create('api/v1/namespaces', { metadata: { name } });
  const repository = await world.repository();
  const first = await repository.commit('Open the shop', { 'a.yaml': manifest.configMap(shop, 'a') });
  const args = ['--registry-disable-scanning'];
  await world.fluxd(repository, { pod: { namespace: home, name: 'flux-1' }, args });
  await repository.synced(first);
  const standby = await world.fluxd(repository, { pod: { namespace: home, name: 'flux-2' }, args });
  const { answer } = await untilCause(standby, 'sync/another-leader', `${shop}:configmap/a`);
  expect(answer).toContain('flux-1 leads and syncs; this daemon is on standby');
});

/** Pods that only a real node and its controllers refuse. */
const POD_SEEDS: Readonly<Record<string, Seed & { readonly change: (yaml: string) => string }>> = {
  'never-ready': {
    change: (yaml) => yaml.replace('{ path: /healthz, port: 8080 }', '{ path: /healthz, port: 9 }'),
    cause: 'rollout/probe',
    says: 'runs, but is not ready: Readiness probe failed: connection refused',
  },
  'no-volume': {
    change: (yaml) =>
      yaml
        .replace(
          '          readinessProbe:',
          '          volumeMounts: [{ name: data, mountPath: /data }]\n          readinessProbe:',
        )
        .replace(
          '      containers:',
          '      volumes: [{ name: data, persistentVolumeClaim: { claimName: data } }]\n      containers:',
        ),
    cause: 'rollout/pvc-pending',
    says: 'PersistentVolumeClaim data (storage class nothing-like-it) is Pending',
  },
  'no-node': {
    change: (yaml) => yaml.replace('      containers:', '      nodeSelector: { disk: none-like-it }\n      containers:'),
    cause: 'rollout/node-selector',
    says: 'no node matches its node selector disk=none-like-it',
  },
  'no-secret': {
    change: (yaml) =>
      yaml
        .replace(/image: (\S+):1\.0\.0/, 'image: $1:missing')
        .replace('      containers:', '      imagePullSecrets: [{ name: registry-login }]\n      containers:'),
    cause: 'rollout/pull-secret-missing',
    says: 'its pull secret registry-login cannot be found',
  },
  'not-admitted': {
    change: (yaml) => yaml.replace('labels: { app: not-admitted }', 'labels: { app: not-admitted, admit: "no" }'),
    cause: 'rollout/pods-denied',
    says: /an admission policy rejects its pods: .*not here/,
  },
};

const CLAIM = (namespace: string) => `apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: data
  namespace: ${namespace}
spec:
  storageClassName: nothing-like-it
  accessModes: [ReadWriteOnce]
  resources: { requests: { storage: 1Mi } }
`;

const QUOTA = (namespace: string) => `apiVersion: v1
kind: ResourceQuota
metadata:
  name: none
  namespace: ${namespace}
spec:
  hard: { pods: "0" }
`;

/** Denies pods with the label `admit: "no"` in one namespace. */
async function denyPods(namespace: string): Promise<void> {
  const name = world.unique('deny-pods');
  const api = 'apis/admissionregistration.k8s.io/v1';
  const [policies, bindings] = [`${api}/validatingadmissionpolicies`, `${api}/validatingadmissionpolicybindings`];
  await world.kube.create(policies, {
    metadata: { name },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      },
      validations: [{ expression: "object.metadata.?labels.admit.orValue('yes') != 'no'", message: 'not here' }],
    },
  });
  onTestFinished(() => world.kube.delete(`${policies}/${name}`));
  await world.kube.create(bindings, { metadata: { name }, spec: { policyName: name, validationActions: ['Deny'] } });
  onTestFinished(() => world.kube.delete(`${bindings}/${name}`));
}

async function explainsRefusedPods(): Promise<void> {
  const [shop, full] = [world.namespace('shop'), world.namespace('full')];
  const name = world.unique('acme/web');
  const image = `${world.registry}/${name}:1.0.0`;
  await world.push(name, '1.0.0', { version: '1.0.0' });
  await world.kube.create('api/v1/namespaces', { metadata: { name: shop } });
  await denyPods(shop);
  const repository = await world.repository();
  const workloads = Object.entries(POD_SEEDS).map(([workload, { change }]) => [
    `${workload}.yaml`,
    change(manifest.deployment({ namespace: shop, name: workload, image })),
  ]);
  const first = await repository.commit('Open the shop', {
    'namespaces.yaml': `${manifest.namespace(shop)}---\n${manifest.namespace(full)}`,
    'claim.yaml': CLAIM(shop),
    'quota.yaml': QUOTA(full),
    'full.yaml': manifest.deployment({ namespace: full, name: 'web', image }),
    ...Object.fromEntries(workloads),
  });
  const fluxd = await world.fluxd(repository, { args: ['--registry-disable-scanning'] });
  await repository.synced(first);
  for (const [workload, { cause, says }] of Object.entries(POD_SEEDS))
    expect((await untilCause(fluxd, cause, `${shop}:deployment/${workload}`)).answer).toMatch(says);
  const { answer } = await untilCause(fluxd, 'rollout/quota', `${full}:deployment/web`);
  expect(answer).toContain('its pods exceed the quota of the namespace');
}

// Only a real node has them; a test that is left out counts as failed.
if (process.env.TEST_KUBECONFIG !== undefined) test('pods that a real node does not run are explained', explainsRefusedPods);
