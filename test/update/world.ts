import { FluxError } from '../../src/base/index.ts';
import type { ImageInfo } from '../../src/image/index.ts';
import type { KubeObject, Manifest, ResourceId } from '../../src/resource/index.ts';
import type { ImageLookup, RunningWorkload, UpdateContext } from '../../src/update/index.ts';

export interface World {
  readonly files: Readonly<Record<string, string>>;
  readonly manifests: Readonly<
    Record<ResourceId, { readonly file: string; readonly document?: number; readonly item?: number; readonly object: KubeObject }>
  >;
  /** Workloads that run; containers are those of the manifest unless given. */
  readonly running: readonly (ResourceId | RunningWorkload)[];
  /** By canonical name and tag. */
  readonly registry: Readonly<Record<string, Readonly<Record<string, Partial<ImageInfo> | null>>>>;
}

/** A context over plain data, and what it was asked. */
export function contextOf({ files, manifests, running, registry }: World): UpdateContext & { readonly scanned: string[] } {
  const scanned: string[] = [];
  const byId = new Map(
    Object.entries(manifests).map(([id, { file, document = 1, item, object }]): [ResourceId, Manifest] => [
      id,
      { place: { file, document, line: 1, ...(item === undefined ? {} : { item }) }, object, checksum: '' },
    ]),
  );
  const images: ImageLookup = {
    repository(name) {
      const tags = registry[name];
      if (!tags) return undefined;
      const known = Object.entries(tags).flatMap(([tag, info]): (readonly [string, ImageInfo])[] =>
        info === null ? [] : [[tag, { tag, labels: {}, fetchedAt: 0, ...info }]],
      );
      return { tags: Object.keys(tags), images: new Map(known), scannedAt: 1 };
    },
    async scanNow(name) {
      scanned.push(name);
    },
    readTag: () => undefined,
    verify: () => undefined,
    async verifyNow({ image, questions }) {
      if (registry[image]) return undefined;
      const error = new FluxError('HEAD …: status 404', { code: 'registry/not-found' });
      const asked = questions.flatMap(({ candidates }) => candidates);
      return { tags: [], images: new Map(asked.map(({ tag }) => [tag, { tag, labels: {}, fetchedAt: 0, error }])) };
    },
  };
  return {
    manifests: byId,
    async readFile(path) {
      const text = files[path];
      if (text === undefined) throw new Error(`no file ${path}`);
      return text;
    },
    workloads: {
      async workloads({ ids }) {
        const wanted = new Set(ids);
        const all = running.map((each) => (typeof each === 'string' ? runningAsWritten(each, byId) : each));
        return all.filter(({ id }) => wanted.has(id));
      },
    },
    images,
    scanned,
  };
}

function runningAsWritten(id: ResourceId, manifests: ReadonlyMap<ResourceId, Manifest>): RunningWorkload {
  const manifest = manifests.get(id);
  if (!manifest) throw new Error(`${id} is not in the repository of this test`);
  const pod = (manifest.object.spec as { template: { spec: { containers?: never[]; initContainers?: never[] } } }).template.spec;
  return { id, containers: [...(pod.containers ?? []), ...(pod.initContainers ?? [])], annotations: {} };
}

/** A workload as text and as object, the same in both. */
export function workload(
  kind: string,
  name: string,
  {
    namespace = 'default',
    annotations = {},
    containers = [],
    initContainers = [],
  }: {
    readonly namespace?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly containers?: readonly (readonly [name: string, image: string])[];
    readonly initContainers?: readonly (readonly [name: string, image: string])[];
  },
): { readonly object: KubeObject; readonly text: string } {
  const list = (entries: readonly (readonly [string, string])[]) => entries.map(([each, image]) => ({ name: each, image }));
  const object: KubeObject = {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, namespace, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
    spec: {
      template: {
        spec: {
          ...(containers.length > 0 ? { containers: list(containers) } : {}),
          ...(initContainers.length > 0 ? { initContainers: list(initContainers) } : {}),
        },
      },
    },
  };
  const lines = [
    'apiVersion: apps/v1',
    `kind: ${kind}`,
    'metadata: # who it is',
    `  name: ${name}`,
    `  namespace: ${namespace}`,
    ...(Object.keys(annotations).length > 0
      ? ['  annotations:', ...Object.entries(annotations).map(([key, value]) => `    ${key}: '${value}'`)]
      : []),
    'spec:',
    '  template:',
    '    spec:',
    ...(containers.length > 0
      ? [
          '      containers:',
          ...containers.flatMap(([each, image]) => [`      - name: ${each}`, `        image: ${image} # keep`]),
        ]
      : []),
    ...(initContainers.length > 0
      ? [
          '      initContainers:',
          ...initContainers.flatMap(([each, image]) => [`      - name: ${each}`, `        image: ${image}`]),
        ]
      : []),
  ];
  return { object, text: `${lines.join('\n')}\n` };
}
