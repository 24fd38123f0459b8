import { rfc3339 } from '../../../base/index.ts';
import { storageKey } from '../catalog.ts';
import { resourcesOfDefinition } from '../custom.ts';
import { asList, asObject, asString, at, type Json, type JsonObject } from '../json.ts';
import { type KubeObject, metaOf } from '../object.ts';
import type { Schema } from '../schema.ts';
import { type ControllerContext, required } from './namespaces.ts';
import { startReconciler } from './reconciler.ts';

const KEY = storageKey({ group: 'apiextensions.k8s.io', plural: 'customresourcedefinitions' });
const FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';
const OPTIONS = { manager: 'kube-apiserver', subresource: 'status' } as const;

export interface DefinitionControllerOptions extends ControllerContext {
  readonly objectMeta: Schema;
  /** Milliseconds from a definition's creation until its kind is served. */
  readonly establishMs: number;
}

/** Serves the kinds of CustomResourceDefinitions, sets their conditions, and deletes the objects of deleted definitions. */
export function startDefinitionController(options: DefinitionControllerOptions): { stop(): void } {
  const { catalog, store, objects, clock, objectMeta } = options;
  const resource = required(catalog, 'apiextensions.k8s.io', 'v1', 'customresourcedefinitions');
  const placeOf = (definition: KubeObject) => ({ resource, namespace: undefined, name: metaOf(definition).name });

  const finish = (definition: KubeObject): number | undefined => {
    const [first] = resourcesOfDefinition(definition, objectMeta);
    let left = 0;
    if (first)
      for (const object of store.list(storageKey(first))) {
        const { name, namespace } = metaOf(object);
        if (!objects.remove({ resource: first, namespace, name }, { propagation: 'Background' }).gone) left++;
      }
    if (left > 0) return 20;
    catalog.setCustom(metaOf(definition).name, []);
    objects.update(placeOf(definition), (live) => withFinalizers(live, (names) => names.filter((name) => name !== FINALIZER)), {
      manager: OPTIONS.manager,
    });
    return undefined;
  };

  return startReconciler({
    store,
    clock,
    watches: (key) => key === KEY,
    delayMs: options.establishMs,
    reconcile: (definition, _key, gone) => {
      const { name, deletionTimestamp } = metaOf(definition);
      if (gone) {
        catalog.setCustom(name, []);
        return undefined;
      }
      if (deletionTimestamp !== undefined) return finish(definition);
      const taken = nameConflict(options, definition);
      if (taken === undefined) catalog.setCustom(name, resourcesOfDefinition(definition, objectMeta));
      objects.update(
        placeOf(definition),
        (live) => ({ ...live, status: statusOf(live, taken, rfc3339(Math.floor(clock.now() / 1000) * 1000)) }),
        OPTIONS,
      );
      return undefined;
    },
  });
}

function withFinalizers(object: KubeObject, change: (names: readonly string[]) => string[]): KubeObject {
  return { ...object, metadata: { ...asObject(object.metadata), finalizers: change(metaOf(object).finalizers ?? []) } };
}

/** Two definitions of one group may not share a plural or a kind. */
function nameConflict({ store }: DefinitionControllerOptions, definition: KubeObject): string | undefined {
  const mine = metaOf(definition);
  const [group, kind] = [at(definition, 'spec', 'group'), at(definition, 'spec', 'names', 'kind')];
  const other = store.list(KEY).find((candidate) => {
    const served = asList(at(candidate, 'status', 'conditions')).some(
      (condition) => at(condition, 'type') === 'NamesAccepted' && at(condition, 'status') === 'True',
    );
    return (
      served &&
      metaOf(candidate).name !== mine.name &&
      at(candidate, 'spec', 'group') === group &&
      at(candidate, 'spec', 'names', 'kind') === kind
    );
  });
  return other && `${JSON.stringify(kind)} is already in use`;
}

function statusOf(definition: KubeObject, conflict: string | undefined, now: string): JsonObject {
  const old = asList(at(definition, 'status', 'conditions'));
  const condition = (type: string, status: string, reason: string, message: string): Json => {
    const before = old.find((entry) => at(entry, 'type') === type);
    const since = before && at(before, 'status') === status ? (asString(at(before, 'lastTransitionTime')) ?? now) : now;
    return { type, status, lastTransitionTime: since, reason, message };
  };
  const accepted = conflict === undefined;
  const versions = asList(at(definition, 'spec', 'versions')).filter((version) => at(version, 'storage') === true);
  return {
    conditions: [
      condition(
        'NamesAccepted',
        accepted ? 'True' : 'False',
        accepted ? 'NoConflicts' : 'KindConflict',
        accepted ? 'no conflicts found' : conflict,
      ),
      condition(
        'Established',
        accepted ? 'True' : 'False',
        accepted ? 'InitialNamesAccepted' : 'NotAccepted',
        accepted ? 'the initial names have been accepted' : 'not all names are accepted',
      ),
    ],
    acceptedNames: accepted ? (at(definition, 'spec', 'names') ?? {}) : { plural: '', kind: '' },
    storedVersions: versions.map((version) => at(version, 'name') ?? ''),
  };
}
