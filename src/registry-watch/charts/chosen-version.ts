import { FluxError } from '../../base/index.ts';
import { newestVersion } from '../../policy/index.ts';

/** @throws FluxError `helm/no-version` without a version; names the newest that there is */
export function requireVersion(
  version: string | undefined,
  { chart, wanted, versions }: { readonly chart: string; readonly wanted: string; readonly versions: readonly string[] },
): string {
  if (version !== undefined) return version;
  const newest = newestVersion(versions);
  const known = newest === undefined ? 'it has no versions' : `the newest of ${versions.length} is ${newest.slice(0, 100)}`;
  throw new FluxError(`${chart} has no version ${JSON.stringify(wanted)}: ${known}`, {
    code: 'helm/no-version',
    fault: 'user',
    help: 'Correct "version" in the .flux.yaml.',
  });
}
