import {
  type DesiredState,
  duplicateError,
  formatResourceId,
  ignorePolicy,
  type KubeObject,
  type Manifest,
  objectKey,
  type Problem,
  parseApiVersion,
  type ResourceId,
  scopesOf,
} from '../../resource/index.ts';

/** An object that would be applied. */
export interface Applied {
  readonly id: ResourceId;
  readonly manifest: Manifest;
}

/** What would be applied of a rendering, and what is known to be in its way without a cluster. */
export interface Verdict {
  readonly applied: readonly Applied[];
  /** Objects that are left alone, since their annotation says so. */
  readonly ignored: readonly Applied[];
  readonly errors: readonly Problem[];
  /** Kinds of which it is not known whether they are in a namespace, with an object that names none: `Widget of acme.example.org`. */
  readonly unknownKinds: readonly string[];
}

/** Stands for the namespace of an object that has none, if its kind may be in one or not. */
const UNKNOWN = '<unknown>';
/** The default namespace of fluxd, unless a flag changes it. */
const DEFAULT = 'default';

/** Decides what of a rendering fluxd would apply, as far as that does not depend on the cluster. */
export function appliedOf({ manifests, errors }: DesiredState): Verdict {
  const scopeOf = scopesOf(manifests.map(({ object }) => object));
  const placed = manifests.map((manifest) => {
    const { apiVersion, kind, metadata } = manifest.object;
    const scope = scopeOf(manifest.object);
    const namespace = scope === 'cluster' ? undefined : metadata.namespace || (scope === 'namespaced' ? DEFAULT : UNKNOWN);
    const { name } = metadata;
    return {
      id: formatResourceId({ namespace, kind, name }),
      key: objectKey({ ...parseApiVersion(apiVersion), kind, name, ...(namespace === undefined ? {} : { namespace }) }),
      manifest,
      isUnknown: namespace === UNKNOWN,
    };
  });
  const byKey = [...Map.groupBy(placed, ({ key }) => key).values()];
  const once = byKey.flatMap((all) => (all.length === 1 ? all : []));
  const unknown = placed.filter(({ isUnknown }) => isUnknown).map(({ manifest }) => kindOf(manifest.object));
  return {
    applied: once.filter(({ manifest }) => !isIgnored(manifest)),
    ignored: once.filter(({ manifest }) => isIgnored(manifest)),
    errors: [
      ...errors,
      ...byKey.flatMap((all): Problem[] => {
        const [first] = all;
        if (first === undefined || all.length === 1) return [];
        const { id } = first;
        return [
          {
            id,
            error: duplicateError(
              id,
              all.map(({ manifest }) => manifest.place),
            ),
          },
        ];
      }),
    ],
    unknownKinds: [...new Set(unknown)],
  };
}

function isIgnored({ object }: Manifest): boolean {
  return ignorePolicy(object.metadata.annotations) === 'true';
}

function kindOf({ apiVersion, kind }: KubeObject): string {
  return `${kind} of ${parseApiVersion(apiVersion).group}`;
}
