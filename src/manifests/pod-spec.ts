import type { JsonValue } from '../base/index.ts';

/** Path of the pod spec by kind; `WORKLOAD_KINDS` without HelmRelease, whose images are values. */
const POD_SPECS: ReadonlyMap<string, readonly string[]> = new Map([
  ['cronjob', ['spec', 'jobTemplate', 'spec', 'template', 'spec']],
  ['daemonset', ['spec', 'template', 'spec']],
  ['deployment', ['spec', 'template', 'spec']],
  ['statefulset', ['spec', 'template', 'spec']],
]);

/** The path to the pod spec of a workload; undefined for other kinds. */
export function podSpecPath(kind: string): readonly string[] | undefined {
  return POD_SPECS.get(kind.toLowerCase());
}

/** The value at a path of keys and list positions; undefined if the path does not exist. */
export function valueAt(value: JsonValue | undefined, path: readonly (string | number)[]): JsonValue | undefined {
  let current = value;
  for (const step of path) {
    if (Array.isArray(current)) current = typeof step === 'number' ? current[step] : undefined;
    else if (typeof current === 'object' && current !== null && Object.hasOwn(current, step)) current = current[step];
    else current = undefined;
  }
  return current;
}
