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
