import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/index.ts';
import { fluxV1Status } from '../../src/cluster/workload/flux-v1-status.ts';
import { createDaemon, type DaemonOptions } from '../../src/controller/daemon/facade.ts';
import type { Progress } from '../../src/controller/loop/progress.ts';
import type { ImageWatch } from '../../src/controller/ports/image-watch.ts';
import type { Source } from '../../src/controller/ports/source.ts';
import { createRepositoryReader } from '../../src/controller/repository/view.ts';
import { accept } from '../../src/git/accept.ts';
import type { ImageRepository } from '../../src/image/index.ts';
import { createManifests } from '../../src/manifests/index.ts';
import type { SourceStatus } from '../../src/repository/index.ts';
import { createGates } from '../../src/schedule/index.ts';
import { type Answer, daemonOf, serve } from '../api/daemon-fixture.ts';
import { startWorld } from '../cluster/world.ts';
import { partOf } from '../support/part-of.ts';
import { idOf } from '../update/repository.ts';

const HELLO = 'default:deployment/hello';
const SVC = 'other:deployment/svc';

/** A Deployment as it runs, with a status as controllers write it. */
const running = (namespace: string, name: string, containers: object[], spec: object = {}, status: object = {}) => ({
  metadata: { name, namespace, generation: 1 },
  spec: { replicas: 1, template: { spec: { containers } }, ...spec },
  status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1, ...status },
});
const hello = running('default', 'hello', [{ name: 'greet', image: 'acme/hello:m-1' }]);
const svc = running('other', 'svc', [{ name: 'c', image: 'acme/svc:latest' }]);

type Tags = Readonly<Record<string, number | null>>;
const REGISTRY: Readonly<Record<string, Tags>> = {
  'index.docker.io/acme/hello': { '3': 1000, 'm-1': 2000, '2': 3000 },
  'index.docker.io/acme/svc': { latest: 3000 },
};

interface Around {
  readonly objects?: readonly { readonly metadata: { readonly namespace: string; readonly name: string } }[];
  /** Times by tag; null of a tag nothing is known of. */
  readonly registry?: Readonly<Record<string, Tags>>;
  readonly file?: string;
  readonly git?: SourceStatus;
}

/** The daemon's API over a cluster where these objects run, and a repository of one file. */
async function listing({ objects = [hello, svc], registry = REGISTRY, file = '', git = 'ready' }: Around = {}) {
  const { server, cluster } = await startWorld();
  for (const object of objects) {
    const { namespace, name } = object.metadata;
    server.put(`/apis/apps/v1/namespaces/${namespace}/deployments/${name}`, object);
  }
  const source = partOf<Source>({
    files: async () => [{ path: 'a.yaml', mode: '100644', blob: 'b', size: file.length }],
    blob: async () => Buffer.from(file),
    accepted: () => (git === 'ready' ? accept('r-1') : undefined),
    state: () => ({ status: git }),
  });
  // Listing asks for these parts of the daemon and no others.
  const options = partOf<DaemonOptions>({
    source,
    cluster,
    reader: createRepositoryReader(source, createManifests(), { idOf, namesBy: () => idOf }),
    images: partOf<ImageWatch>({ repository: (name) => registry[name] && repositoryOf(registry[name]) }),
    progress: partOf<Progress>({ failures: new Map() }),
    timing: () => ({ gates: createGates({}), now: 0 }),
    pinning: {},
    clock: systemClock,
  });
  const { listWorkloads, listImages } = createDaemon(options);
  const api = await serve(daemonOf({ listWorkloads, listImages }));
  const path = (route: string, query: Query) => `/api/flux/${route}?${new URLSearchParams(query)}`;
  return {
    workloads: async (query: Query = {}): Promise<unknown[]> => listed(await api.get(path('v11/services', query))),
    images: async (query: Query = {}): Promise<unknown[]> => listed(await api.get(path('v10/images', query))),
    refusal: async (route: string, query: Query) => (await api.get(path(route, query), {})).body,
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}

type Query = Readonly<Record<string, string>>;

function listed({ status, body }: Answer): unknown[] {
  if (status !== 200) throw new Error(body);
  return JSON.parse(body) ?? [];
}

function repositoryOf(tags: Tags): ImageRepository {
  const known = Object.entries(tags).flatMap(([tag, createdAt]) =>
    createdAt === null ? [] : [[tag, { tag, createdAt, labels: {}, fetchedAt: 9000 }] as const],
  );
  return { tags: Object.keys(tags), images: new Map(known), scannedAt: 9000 };
}

const ids = (list: readonly unknown[]) => list.map((each) => (each as { readonly ID: string }).ID).sort();

const manifestOf = (name: string, image: string, pattern: string) => `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, annotations: {fluxcd.io/tag.c: '${pattern}'}}
spec: {template: {spec: {containers: [{name: c, image: "${image}"}]}}}
`;

describe('the listing of workloads', () => {
  test.each<[name: string, query: Query, expected: readonly string[]]>([
    ['LIST-1, LIST-2 holds all without a namespace', {}, [HELLO, SVC]],
    ['LIST-1 holds those of a namespace', { namespace: 'default' }, [HELLO]],
    ['LIST-1 is empty for a namespace that is not there', { namespace: 'nowhere' }, []],
  ])('%s', async (_name, query, expected) => {
    await using api = await listing();
    expect(ids(await api.workloads(query))).toEqual(expected);
  });

  test.each([
    ['LIST-4', HELLO],
    ['LIST-5 (of a kind that is no workload)', 'default:job/hello'],
  ])('%s by namespace and id at once is refused', async (_name, id) => {
    await using api = await listing();
    expect(await api.refusal('v11/services', { namespace: 'default', services: id })).toBe(
      "cannot filter by 'namespace' and 'workloads' at the same time",
    );
  });

  test.each<[reason: string, git: SourceStatus, file: string]>([
    ['NotInRepo', 'ready', ''],
    ['NotReady', 'cloned', ''],
    ['NotReady', 'unreachable', ''],
    ['NoRepo', 'unconfigured', ''],
    ['', 'ready', manifestOf('hello', 'acme/hello:m-1', '*')],
  ])('LIST-17 says %j of a workload that Git does not tell what to be: %s', async (reason, git, file) => {
    await using api = await listing({ git, file });
    expect(await api.workloads({ namespace: 'default' })).toMatchObject([{ ID: HELLO, ReadOnly: reason }]);
  });

  test.each<[status: string, name: string, state: object]>([
    ['started', 'one that its controller has not looked at', { observedGeneration: 0 }],
    ['updating', 'one whose pods are not all there yet', { updatedReplicas: 0, availableReplicas: 0 }],
    ['ready', 'one whose pods are all there', {}],
    [
      'error',
      'one that is stuck',
      { updatedReplicas: 0, conditions: [{ type: 'Progressing', status: 'False', message: 'deadline exceeded' }] },
    ],
  ])('LIST-19 calls %s %s', async (status, _name, state) => {
    await using api = await listing({ objects: [running('default', 'hello', [], {}, state)] });
    expect(await api.workloads()).toMatchObject([{ ID: HELLO, Status: status }]);
  });

  test('LIST-20 calls a StatefulSet ready that is rolled out up to its partition', () => {
    const spec = { replicas: 5, updateStrategy: { rollingUpdate: { partition: 2 } } };
    const state = { observedGeneration: 1, readyReplicas: 5, updatedReplicas: 3, currentRevision: 'a', updateRevision: 'b' };
    expect(fluxV1Status('StatefulSet', { metadata: { generation: 1 }, spec, status: state })).toMatchObject({
      status: 'ready',
      rollout: { desired: 3, updated: 3 },
    });
  });
});

describe('the listing of images', () => {
  test.each<[name: string, query: Query]>([
    ['LIST-7 holds those of a workload', { service: HELLO }],
    ['LIST-10 holds those of a namespace', { namespace: 'default' }],
  ])('%s, newest first', async (_name, query) => {
    await using api = await listing();
    const Available = ['acme/hello:2', 'acme/hello:m-1', 'acme/hello:3'].map((ID) => ({ ID }));
    expect(await api.images(query)).toMatchObject([{ ID: HELLO, Containers: [{ Name: 'greet', Available }] }]);
  });

  test('LIST-8 holds the fields asked for, the others as if there was nothing', async () => {
    await using api = await listing();
    const query = { service: HELLO, containerFields: 'Name,Current,NewAvailableImagesCount' };
    expect(await api.images(query)).toEqual([
      {
        ID: HELLO,
        Containers: [
          {
            Name: 'greet',
            Current: {
              ID: 'acme/hello:m-1',
              Labels: {},
              CreatedAt: '1970-01-01T00:00:02Z',
              LastFetched: '1970-01-01T00:00:09Z',
            },
            LatestFiltered: { ID: '', Labels: {} },
            NewAvailableImagesCount: 1,
          },
        ],
      },
    ]);
  });

  test('LIST-11 by namespace and workload at once is refused', async () => {
    await using api = await listing();
    expect(await api.refusal('v10/images', { namespace: 'default', service: HELLO })).toBe(
      "cannot filter by 'namespace' and 'workload' at the same time",
    );
  });

  const VERSIONS: Around = {
    objects: [running('default', 'hello', [{ name: 'c', image: 'acme/app:1.0.0' }])],
    registry: { 'index.docker.io/acme/app': { '1.2.3': 1, '1.0.0': 2, '0.9.0': 3, '': 4 } },
    file: manifestOf('hello', 'acme/app:1.0.0', 'semver:*'),
  };

  test('LIST-13 counts what is there and what is newer, by the pattern of the manifest', async () => {
    await using api = await listing(VERSIONS);
    expect(await api.images()).toMatchObject([
      {
        Containers: [
          {
            Current: { ID: 'acme/app:1.0.0' },
            LatestFiltered: { ID: 'acme/app:1.2.3' },
            Available: ['acme/app:1.2.3', 'acme/app:1.0.0', 'acme/app:0.9.0', 'acme/app'].map((ID) => ({ ID })),
            AvailableImagesCount: 4,
            NewAvailableImagesCount: 1,
            FilteredImagesCount: 3,
            NewFilteredImagesCount: 1,
          },
        ],
      },
    ]);
  });

  test('LIST-14 holds one count alone', async () => {
    await using api = await listing(VERSIONS);
    expect(await api.images({ containerFields: 'Name,NewFilteredImagesCount' })).toEqual([
      {
        ID: HELLO,
        Containers: [
          { Name: 'c', Current: { ID: '', Labels: {} }, LatestFiltered: { ID: '', Labels: {} }, NewFilteredImagesCount: 1 },
        ],
      },
    ]);
  });

  test('LIST-16 holds tags that nothing is known of, without a time', async () => {
    await using api = await listing({ registry: { 'index.docker.io/acme/hello': { 'm-1': 1000, odd: null } } });
    expect(await api.images({ service: HELLO, containerFields: 'Available' })).toMatchObject([
      {
        Containers: [
          {
            Available: [
              { ID: 'acme/hello:m-1', CreatedAt: '1970-01-01T00:00:01Z' },
              { ID: 'acme/hello:odd', Labels: {} },
            ],
          },
        ],
      },
    ]);
  });

  test.each([
    ['TAG-31', 'acme/web:1'],
    ['TAG-32', 'index.docker.io/acme/web:1'],
  ])('%s names images as the workload does: %s', async (_name, image) => {
    await using api = await listing({
      objects: [running('default', 'hello', [{ name: 'c', image }])],
      registry: { 'index.docker.io/acme/web': { '1': 1000, '2': 2000 } },
    });
    const Available = [{ ID: image.replace(/1$/, '2') }, { ID: image }];
    expect(await api.images({ containerFields: 'Available' })).toMatchObject([{ Containers: [{ Available }] }]);
  });
});
