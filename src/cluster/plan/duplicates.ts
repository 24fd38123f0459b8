import { FluxError } from '../../base/index.ts';
import { formatPlace } from '../../resource/index.ts';
import type { Target } from '../scope/scope.ts';

/** The objects that several manifests define after namespace defaulting, by object key, with all their manifests. */
export function findDuplicates(targets: readonly Target[]): ReadonlyMap<string, readonly Target[]> {
  const [once, twice] = [new Set<string>(), new Set<string>()];
  for (const { key } of targets) (once.has(key) ? twice : once).add(key);
  return Map.groupBy(
    targets.filter(({ key }) => twice.has(key)),
    ({ key }) => key,
  );
}

/** The error for an object that is defined several times, with all locations. */
export function duplicateError(targets: readonly Target[]): FluxError {
  const [first] = targets;
  const places = targets.map(({ manifest }) => formatPlace(manifest.place)).join(', ');
  return new FluxError(`${first?.id ?? 'object'} is defined ${targets.length} times: ${places}`, {
    code: 'cluster/duplicate',
    fault: 'user',
    help: 'None of them is applied, and the object in the cluster stays unchanged. Keep one. A manifest without metadata.namespace belongs to the default namespace.',
  });
}
