import { onTestFinished } from 'vitest';
import { silentLogger } from '../../src/base/index.ts';
import { readOwnValues } from '../../src/cluster/object/own-values.ts';
import { valueObjectsOf } from '../../src/controller/value-objects-of-flags.ts';
import { createManifests } from '../../src/manifests/index.ts';
import { transportTo } from '../cluster/transport-to.ts';
import { CHART, config, NO_ARCHIVES } from '../manifests/helm/program.ts';
import { revisionOf } from '../manifests/kustomize/checkout.ts';
import { losesNothing } from './lost-request.ts';
import type { World } from './world.ts';

const SOURCES = [
  { kind: 'ConfigMap', name: 'settings' },
  { kind: 'Secret', name: 'passwords' },
] as const;
const REVISION = revisionOf({
  ...CHART,
  'app/.flux.yaml': config(
    'chart: ../chart',
    'valuesFrom: [{kind: Secret, name: passwords, valuesKey: PASSWORD, targetPath: a}]',
  ),
  'plain.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\ndata: {region: "${REGION}"}\n',
});

/** Reads a revision with the values of variables and of a chart, and again after one changed. */
async function live({ proxy, clock, time, person }: World): Promise<unknown> {
  const transport = await transportTo(proxy.kubeconfig, clock);
  onTestFinished(() => transport.close());
  const cluster = {
    ownValues: (object: (typeof SOURCES)[number]) => readOwnValues({ transport, namespace: async () => 'shop', ...object }, {}),
  };
  const readObjects = valueObjectsOf({ sources: SOURCES, optional: false }, { cluster, log: silentLogger() });
  const given: string[] = [];
  const manifests = createManifests({
    valueObjects: (cancel) => time.during(readObjects(cancel)),
    generation: { runner: { run: () => Promise.reject(new Error('a command runs')) }, environment: {}, timeoutMs: 1_000 },
    helm: {
      program: {
        async template(_args, files) {
          const laid = await files();
          given.push(`${laid.files.find(({ path }) => path === 'values/0.yaml')?.content}`);
          return { kind: 'built', output: Buffer.from('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: app}\n') };
        },
      },
      archives: NO_ARCHIVES,
      capabilities: async () => ({ apiVersions: [] }),
      timeoutMs: 1_000,
    },
  });
  const read = async () => {
    const state = await manifests.read(REVISION.files, REVISION.blob);
    return {
      errors: state.errors.map(({ error }) => error.message),
      data: state.manifests.flatMap(({ object }) => object.data ?? []),
    };
  };
  const first = await read();
  await person.patch('api/v1/namespaces/shop/configmaps/settings', { data: { REGION: 'us' } });
  const second = await read();
  await person.patch('api/v1/namespaces/shop/secrets/passwords', {
    data: { PASSWORD: Buffer.from('other').toString('base64') },
  });
  const third = await read();
  return { reads: [first, second, third], given: [...new Set(given)] };
}

losesNothing(
  'reading the values of variables and charts',
  {
    async begin(world) {
      const { person } = world;
      await person.create('api/v1/namespaces/shop/configmaps', { metadata: { name: 'settings' }, data: { REGION: 'eu' } });
      await person.create('api/v1/namespaces/shop/secrets', {
        metadata: { name: 'passwords' },
        data: { PASSWORD: Buffer.from('hunter2').toString('base64'), BYTES: Buffer.from([0xff, 0xfe]).toString('base64') },
      });
      return () => live(world);
    },
    outcome: {
      reads: ['eu', 'us', 'us'].map((region) => ({ errors: [], data: [{ region }] })),
      given: ['{"a": "hunter2"}\n', '{"a": "other"}\n'],
    },
  },
  3,
);
