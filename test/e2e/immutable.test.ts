import { afterAll, beforeAll, expect, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import { manifest, path, startWorld, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

interface Case {
  readonly kind: string;
  readonly path: (namespace: string) => string;
  readonly yaml: (namespace: string) => string;
  readonly change: readonly [from: RegExp, to: string];
  /** What the API server says, with the field. */
  readonly says: RegExp;
}

const head = (apiVersion: string, kind: string, namespace: string) =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata:\n  name: fixed\n  namespace: ${namespace}\n`;

const POD = 'metadata: { labels: { app: a } }, spec: { containers: [{ name: a, image: "x:1" }] }';

const CASES: readonly Case[] = [
  {
    kind: 'ConfigMap',
    path: (ns) => path.configMap(ns, 'fixed'),
    yaml: (ns) => `${head('v1', 'ConfigMap', ns)}immutable: true\ndata: { a: old }\n`,
    change: [/old/, 'new'],
    says: /data: Forbidden: field is immutable/,
  },
  {
    kind: 'Secret',
    path: (ns) => path.secret(ns, 'fixed'),
    yaml: (ns) => `${head('v1', 'Secret', ns)}type: example.org/old\n`,
    change: [/old/, 'new'],
    says: /type: .*field is immutable/,
  },
  {
    kind: 'Deployment',
    path: (ns) => path.deployment(ns, 'fixed'),
    yaml: (ns) =>
      `${head('apps/v1', 'Deployment', ns)}spec: { replicas: 0, selector: { matchLabels: { app: a } }, template: { ${POD} } }\n`,
    change: [/app: a/g, 'app: b'],
    says: /spec\.selector: .*field is immutable/,
  },
  {
    kind: 'StatefulSet',
    path: (ns) => `apis/apps/v1/namespaces/${ns}/statefulsets/fixed`,
    yaml: (ns) =>
      `${head('apps/v1', 'StatefulSet', ns)}spec: { replicas: 0, serviceName: old, selector: { matchLabels: { app: a } }, template: { ${POD} } }\n`,
    change: [/old/, 'new'],
    says: /updates to statefulset spec .*\(changed here: spec\.serviceName\)/,
  },
  {
    kind: 'Job',
    path: (ns) => `apis/batch/v1/namespaces/${ns}/jobs/fixed`,
    yaml: (ns) =>
      `${head('batch/v1', 'Job', ns)}spec: { template: { spec: { restartPolicy: Never, containers: [{ name: a, image: "x:1" }] } } }\n`,
    change: [/x:1/, 'x:2'],
    says: /spec\.template: field is immutable/,
  },
  {
    kind: 'Service',
    path: (ns) => `api/v1/namespaces/${ns}/services/fixed`,
    yaml: (ns) => `${head('v1', 'Service', ns)}spec: { type: ClusterIP, selector: { app: a }, ports: [{ port: 80 }] }\n`,
    change: [/type: ClusterIP/, 'clusterIP: None'],
    says: /spec\.clusterIPs.*may not change once set/,
  },
  {
    kind: 'RoleBinding',
    path: (ns) => `apis/rbac.authorization.k8s.io/v1/namespaces/${ns}/rolebindings/fixed`,
    yaml: (ns) =>
      `${head('rbac.authorization.k8s.io/v1', 'RoleBinding', ns)}roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: old }\n`,
    change: [/name: old/, 'name: new'],
    says: /roleRef: .*cannot change roleRef/,
  },
];

test.runIf(thorough('immutable fields, end to end'))(
  `${CASES.length} kinds of immutable fields: the error names the field; annotated with fluxcd.io/force, that object is created anew (R-016)`,
  async () => {
    const spaces = CASES.map(({ kind }) => [kind, world.namespace('fixed')] as const);
    const space = new Map(spaces);
    const at = ({ kind }: Case) => space.get(kind) ?? '';
    const repository = await world.repository();
    const files = (text: (each: Case) => string) => Object.fromEntries(CASES.map((each) => [`${each.kind}.yaml`, text(each)]));
    const changed = (each: Case) => each.yaml(at(each)).replace(...each.change);
    await repository.commit('As it is', {
      ...Object.fromEntries(spaces.map(([kind, name]) => [`${kind}-ns.yaml`, manifest.namespace(name)])),
      ...files((each) => each.yaml(at(each))),
    });
    const fluxd = await world.fluxd(repository, { args: ['--registry-disable-scanning', '--git-poll-interval=1h'] });
    expect((await repository.synced(repository.head())).counts).toEqual({ created: CASES.length * 2 });
    const uid = async (each: Case) => (await world.kube.get(each.path(at(each)))).metadata.uid;
    const before = new Map(await Promise.all(CASES.map(async (each) => [each.kind, await uid(each)] as const)));

    await repository.commit('What cannot change', files(changed));
    const refused = await fluxd.sync();
    for (const each of CASES) {
      const change = refused.changes.find(({ place }) => place?.file === `${each.kind}.yaml`);
      expect([each.kind, change?.outcome, change?.error?.code]).toEqual([each.kind, 'failed', 'cluster/immutable']);
      expect(change?.error?.message).toMatch(each.says);
      expect(change?.error?.help).toContain('fluxcd.io/force: "true"');
      expect(await uid(each)).toBe(before.get(each.kind));
    }

    const forced = (each: Case) =>
      changed(each).replace('metadata:\n', 'metadata:\n  annotations: { fluxcd.io/force: "true" }\n');
    await repository.commit('Anew', files(forced));
    const done = await fluxd.sync();
    for (const each of CASES) {
      const change = done.changes.find(({ place }) => place?.file === `${each.kind}.yaml`);
      expect([each.kind, change?.outcome, change?.error?.message]).toEqual([each.kind, 'configured', undefined]);
      expect(change?.reason).toMatch(/^recreated: /);
      expect(await uid(each)).not.toBe(before.get(each.kind));
    }
    expect((await fluxd.sync()).counts).toEqual({ unchanged: CASES.length * 2 });
  },
);

test.runIf(thorough('a claim that cannot be changed'))(
  'a claim is never deleted to change it, whatever its manifest asks for (R-016)',
  async () => {
    const shop = world.namespace('claim');
    const claim = (mode: string) =>
      `${head('v1', 'PersistentVolumeClaim', shop)}  annotations: { fluxcd.io/force: "true" }\nspec: { accessModes: [${mode}], resources: { requests: { storage: 1Gi } } }\n`;
    const repository = await world.repository();
    await repository.commit('A claim', { 'namespace.yaml': manifest.namespace(shop), 'claim.yaml': claim('ReadWriteOnce') });
    const fluxd = await world.fluxd(repository, { args: ['--registry-disable-scanning', '--git-poll-interval=1h'] });
    await repository.synced(repository.head());
    const at = `api/v1/namespaces/${shop}/persistentvolumeclaims/fixed`;
    const { uid } = (await world.kube.get(at)).metadata;
    await repository.commit('Otherwise', { 'claim.yaml': claim('ReadWriteMany') });
    fluxd.proxy.clear();
    const { changes } = await fluxd.sync();
    expect(changes).toMatchObject([{ outcome: 'failed', error: { code: 'cluster/immutable' } }]);
    expect(changes[0]?.error?.help).toContain('never deletes a PersistentVolumeClaim');
    expect(fluxd.proxy.requests.filter(({ method }) => method === 'DELETE')).toEqual([]);
    expect((await world.kube.get(at)).metadata.uid).toBe(uid);
  },
);
