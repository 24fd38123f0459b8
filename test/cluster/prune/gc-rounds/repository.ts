import type { KubeObject, Manifest } from '../../../../src/resource/index.ts';
import { manifest } from '../../world.ts';
import type { Random } from './random.ts';

/** An object that a repository may hold, and where the API server keeps it. */
export interface Place {
  readonly path: string;
  readonly id: string;
  object(version: number): KubeObject;
}

const TEAM = 'team';
const CRD_PATH = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com';

const named = (apiVersion: string, kind: string, base: string, plural: string, names: readonly string[], spec = false) =>
  ['shop', TEAM].flatMap((namespace) =>
    names.map(
      (name): Place => ({
        path: `${base}/namespaces/${namespace}/${plural}/${name}`,
        id: `${namespace}:${kind.toLowerCase()}/${name}`,
        object: (version) => ({
          apiVersion,
          kind,
          metadata: { name, namespace },
          ...(spec ? { spec: { version } } : { data: { version: String(version) } }),
        }),
      }),
    ),
  );

const TEAM_PLACE: Place = {
  path: `/api/v1/namespaces/${TEAM}`,
  id: `<cluster>:namespace/${TEAM}`,
  object: () => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: TEAM } }),
};

const CRD_PLACE: Place = {
  path: CRD_PATH,
  id: '<cluster>:customresourcedefinition/widgets.example.com',
  object: () => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', kind: 'Widget' },
      versions: [{ name: 'v1', served: true, storage: true }],
    },
  }),
};

/** All objects there are in this world; `prefix` keeps those of one source apart from those of another. */
export function placesOf(prefix: string): readonly Place[] {
  const names = (n: number) => Array.from({ length: n }, (_, i) => `${prefix}${i}`);
  return [
    ...named('v1', 'ConfigMap', '/api/v1', 'configmaps', names(5)),
    ...named('v1', 'Secret', '/api/v1', 'secrets', names(2)),
    ...named('apps/v1', 'Deployment', '/apis/apps/v1', 'deployments', names(2), true),
    ...named('apps/v1', 'StatefulSet', '/apis/apps/v1', 'statefulsets', names(1), true),
    ...named('example.com/v1', 'Widget', '/apis/example.com/v1', 'widgets', names(1), true),
  ];
}

/** What lives in the Namespace, or is of the kind of the definition, at this path. */
export function isWithin(path: string, whole: string): boolean {
  if (whole === TEAM_PLACE.path) return path.includes(`/namespaces/${TEAM}/`);
  return whole === CRD_PATH && path.includes('/widgets/');
}

/** A Git repository that changes at random. */
export class Repository {
  readonly #places: readonly Place[];
  readonly #random: Random;
  readonly #held = new Map<Place, Manifest>();
  #version = 0;

  constructor(places: readonly Place[], random: Random) {
    this.#places = [...places, TEAM_PLACE, CRD_PLACE];
    this.#random = random;
    for (const place of this.#places) if (random.chance(0.8)) this.#put(place);
  }

  get paths(): ReadonlySet<string> {
    return new Set([...this.#held.keys()].map(({ path }) => path));
  }

  get manifests(): readonly Manifest[] {
    return [...this.#held.values()];
  }

  commit(): void {
    const { chance, below, pick } = this.#random;
    if (chance(0.02)) this.#held.clear();
    else if (chance(0.04)) for (const place of [...this.#held.keys()]) if (chance(0.5)) this.#held.delete(place);
    for (let n = below(4); n > 0; n -= 1) {
      const place = pick(this.#places);
      if (this.#held.has(place) && chance(0.7)) this.#held.delete(place);
      else this.#put(place);
    }
    if (chance(0.5)) this.mend();
  }

  /** Adds what others need, so that everything can be applied. */
  mend(): void {
    this.#put(TEAM_PLACE);
    this.#put(CRD_PLACE);
  }

  /** Commits to both repositories, the one that gives away first. Only what both know can move. */
  moveTo(other: Repository): void {
    const movable = [...this.#held.keys()].filter(({ path }) => other.#places.some((each) => each.path === path));
    for (let n = this.#random.below(4); n > 0 && movable.length > 0; n -= 1) {
      const place = this.#random.pick(movable);
      this.#held.delete(place);
      const there = other.#places.find(({ path }) => path === place.path);
      if (there) other.#put(there);
    }
  }

  /** Commits those of these objects that it knows. */
  take(ids: ReadonlySet<string>): void {
    for (const place of this.#places) if (ids.has(place.id)) this.#put(place);
  }

  #put(place: Place): void {
    this.#version += 1;
    this.#held.set(place, manifest(place.object(this.#version), `${place.id}.yaml`));
  }
}
