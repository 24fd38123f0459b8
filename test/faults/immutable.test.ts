import { describe, expect, test } from 'vitest';
import { configMap, manifest } from '../cluster/world.ts';
import { outcomes, startWorld } from './world.ts';

type Fields = Readonly<Record<string, unknown>>;

const object = (apiVersion: string, kind: string, rest: Fields) =>
  manifest({ apiVersion, kind, metadata: { name: 'fixed', namespace: 'shop' }, ...rest });

const workload = (more: Fields, labels: Fields = { app: 'a' }, image = 'acme/x:1') => ({
  selector: { matchLabels: labels },
  template: { metadata: { labels }, spec: { containers: [{ name: 'c', image }] } },
  ...more,
});

const pod = (restartPolicy: string, image: string) => ({
  template: { spec: { restartPolicy, containers: [{ name: 'c', image }] } },
});

/** What is there, what Git then wants, and the path that the error has to name. */
const CASES: readonly (readonly [string, string, Fields, Fields, string, RegExp])[] = [
  [
    'template of a Job',
    'batch/v1 Job',
    { spec: pod('Never', 'x:1') },
    { spec: pod('Never', 'x:2') },
    'apis/batch/v1/namespaces/shop/jobs/fixed',
    /spec\.template/,
  ],
  [
    'selector of a Deployment',
    'apps/v1 Deployment',
    { spec: workload({}) },
    { spec: workload({}, { app: 'b' }) },
    'apis/apps/v1/namespaces/shop/deployments/fixed',
    /spec\.selector/,
  ],
  [
    'selector of a DaemonSet',
    'apps/v1 DaemonSet',
    { spec: workload({}) },
    { spec: workload({}, { app: 'b' }) },
    'apis/apps/v1/namespaces/shop/daemonsets/fixed',
    /spec\.selector/,
  ],
  [
    'serviceName of a StatefulSet',
    'apps/v1 StatefulSet',
    { spec: workload({ serviceName: 'one' }) },
    { spec: workload({ serviceName: 'two' }) },
    'apis/apps/v1/namespaces/shop/statefulsets/fixed',
    /spec/,
  ],
  [
    'clusterIP of a Service',
    'v1 Service',
    { spec: { ports: [{ port: 80 }] } },
    { spec: { ports: [{ port: 80 }], clusterIP: 'None' } },
    'api/v1/namespaces/shop/services/fixed',
    /spec\.clusterIPs?/,
  ],
  [
    'access modes of a claim',
    'v1 PersistentVolumeClaim',
    { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
    { spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '1Gi' } } } },
    'api/v1/namespaces/shop/persistentvolumeclaims/fixed',
    /spec/,
  ],
  [
    'data of an immutable ConfigMap',
    'v1 ConfigMap',
    { immutable: true, data: { a: '1' } },
    { immutable: true, data: { a: '2' } },
    'api/v1/namespaces/shop/configmaps/fixed',
    /data/,
  ],
  [
    'type of a Secret',
    'v1 Secret',
    { type: 'Opaque', stringData: { a: '1' } },
    { type: 'acme.io/key', stringData: { a: '1' } },
    'api/v1/namespaces/shop/secrets/fixed',
    /type/,
  ],
];

describe('R-016: what cannot change in place', () => {
  test.for(CASES)(
    '%s: told with its path and what to do, everything else is applied, the object stays as it is',
    async ([, type, before, after, path, names]) => {
      const [apiVersion = '', kind = ''] = type.split(' ');
      const world = await startWorld();
      await world.sync([object(apiVersion, kind, before), configMap('a')]);
      const { uid } = (await world.person.get(path)).metadata;
      world.proxy.clear();
      const changes = await world.sync([object(apiVersion, kind, after), configMap('a', { a: 'changed' })], {
        garbageCollection: 'on',
      });
      const id = `shop:${kind.toLowerCase()}/fixed`;
      expect(outcomes(changes)).toEqual({ [id]: 'failed', 'shop:configmap/a': 'configured' });
      const error = changes.find((change) => change.id === id)?.error;
      expect(error).toMatchObject({ code: 'cluster/immutable', message: expect.stringMatching(names) });
      expect(error?.help).toMatch(/restore the old value|fluxcd\.io\/force/);
      expect((await world.person.get(path)).metadata.uid).toBe(uid);
      expect(world.proxy.requests.filter(({ method }) => method === 'DELETE')).toEqual([]);
    },
  );

  test('a field whose type is wrong: told with its path, everything else is applied', async () => {
    const world = await startWorld();
    const changes = await world.sync([
      object('apps/v1', 'Deployment', { spec: workload({ replicas: 'three' }) }),
      configMap('a'),
    ]);
    expect(outcomes(changes)).toEqual({ 'shop:deployment/fixed': 'failed', 'shop:configmap/a': 'created' });
    expect(changes[0]?.error).toMatchObject({ code: 'cluster/invalid', message: expect.stringContaining('.spec.replicas') });
  });
});
