import { describe, expect, test } from 'vitest';
import { podLabels, serviceSelector, usesOf } from '../../src/resource/index.ts';

const ofPods = (spec: object) => ({ apiVersion: 'apps/v1', kind: 'Deployment', spec: { template: { spec } } });

describe('an object uses', () => {
  test.each<[string, object, readonly string[]]>([
    [
      'ConfigMaps and Secrets as environment, of init containers too',
      ofPods({
        initContainers: [{ envFrom: [{ configMapRef: { name: 'a' } }] }],
        containers: [
          {
            envFrom: [{ secretRef: { name: 'b' } }],
            env: [{ valueFrom: { secretKeyRef: { name: 'c', key: 'k' } } }, { value: 'x' }],
          },
          { env: [{ valueFrom: { configMapKeyRef: { name: 'd', key: 'k' } } }, { valueFrom: { fieldRef: { fieldPath: 'x' } } }] },
        ],
      }),
      ['uses shop:configmap/a', 'uses shop:secret/b', 'uses shop:secret/c', 'uses shop:configmap/d'],
    ],
    [
      'volumes, projected ones too',
      ofPods({
        volumes: [
          { configMap: { name: 'a' } },
          { secret: { secretName: 'b' } },
          { persistentVolumeClaim: { claimName: 'c' } },
          { projected: { sources: [{ secret: { name: 'd' } }, { configMap: { name: 'a' } }, { serviceAccountToken: {} }] } },
          { emptyDir: {} },
        ],
      }),
      ['uses shop:configmap/a', 'uses shop:secret/b', 'uses shop:persistentvolumeclaim/c', 'uses shop:secret/d'],
    ],
    [
      'its ServiceAccount and pull secrets, but not the account that every namespace has',
      ofPods({ serviceAccountName: 'cart', imagePullSecrets: [{ name: 'registry' }] }),
      ['uses shop:secret/registry', 'uses shop:serviceaccount/cart'],
    ],
    ['nothing else', ofPods({ serviceAccountName: 'default', containers: [{}] }), []],
    [
      'the Service of a StatefulSet',
      { apiVersion: 'apps/v1', kind: 'StatefulSet', spec: { serviceName: 'db', template: { spec: {} } } },
      ['uses shop:service/db'],
    ],
    [
      'the pods of a CronJob',
      {
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        spec: { jobTemplate: { spec: { template: { spec: { serviceAccountName: 'nightly' } } } } },
      },
      ['uses shop:serviceaccount/nightly'],
    ],
    [
      'the Services and certificates of an Ingress',
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        spec: {
          defaultBackend: { service: { name: 'home' } },
          rules: [{ http: { paths: [{ backend: { service: { name: 'cart' } } }, { backend: { resource: { name: 'x' } } }] } }],
          tls: [{ secretName: 'certificate' }],
        },
      },
      ['routes shop:service/home', 'routes shop:service/cart', 'uses shop:secret/certificate'],
    ],
    [
      'the Services of a route, except those of other namespaces',
      {
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'HTTPRoute',
        spec: { rules: [{ backendRefs: [{ name: 'cart' }, { name: 'else', namespace: 'other' }] }] },
      },
      ['routes shop:service/cart'],
    ],
    [
      'what an autoscaler scales',
      {
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'cart' } },
      },
      ['scales shop:deployment/cart'],
    ],
    [
      'nothing where fields are of another form',
      ofPods({ volumes: 'x', containers: { a: 1 }, imagePullSecrets: [1, { name: 2 }] }),
      [],
    ],
  ])('%s', (_, object, uses) => {
    expect(usesOf('shop:x/y', { ...object }).map(({ type, id }) => `${type} ${id}`)).toEqual(uses);
  });

  test('nothing by name if it has no namespace', () => {
    expect(usesOf('<cluster>:x/y', { ...ofPods({ serviceAccountName: 'cart' }) })).toEqual([]);
  });
});

test('a Service chooses pods by labels, and a workload gives them', () => {
  const service = { apiVersion: 'v1', kind: 'Service', spec: { selector: { app: 'cart' } } };
  expect(serviceSelector(service)).toEqual(new Map([['app', 'cart']]));
  expect(serviceSelector({ ...service, spec: {} })).toBeUndefined();
  expect(serviceSelector({ ...service, apiVersion: 'serving.knative.dev/v1' })).toBeUndefined();
  const workload = { apiVersion: 'apps/v1', kind: 'Deployment', spec: { template: { metadata: { labels: { app: 'cart' } } } } };
  expect(podLabels(workload)).toEqual(new Map([['app', 'cart']]));
  expect(podLabels({ apiVersion: 'v1', kind: 'ConfigMap' })).toBeUndefined();
});
