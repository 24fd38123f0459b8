import { type Clock, systemClock } from '../../../src/base/index.ts';
import { type ChartArchives, createManifests, type ValueObjects } from '../../../src/manifests/index.ts';
import type { ProgramFiles } from '../../../src/repository/index.ts';
import type { ClusterCapabilities } from '../../../src/resource/index.ts';
import { type Entries, revisionOf } from '../kustomize/checkout.ts';

/** What the program was given, and manifests that it renders: one that has the arguments, and the paths of the files. */
export function open(
  capabilities: () => Promise<ClusterCapabilities> = async () => ({ kubeVersion: 'v1.34.0', apiVersions: ['v1', 'v1/Pod'] }),
  archives: ChartArchives = NO_ARCHIVES,
  clock: Pick<Clock, 'monotonic'> = systemClock,
  valueObjects?: () => Promise<ValueObjects>,
) {
  const runs: { args: readonly string[]; files: ProgramFiles }[] = [];
  const manifests = createManifests({
    clock,
    ...(valueObjects ? { valueObjects } : {}),
    generation: { runner: { run: () => Promise.reject(new Error('a command runs')) }, environment: {}, timeoutMs: 1_000 },
    helm: {
      program: {
        async template(args, files) {
          runs.push({ args, files: await files() });
          const output = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${args[0]}}\n`;
          return { kind: 'built', output: Buffer.from(output) };
        },
      },
      capabilities,
      archives,
      timeoutMs: 1_000,
    },
  });
  return {
    runs,
    async read(entries: Entries) {
      const { files, blob } = revisionOf(entries);
      return manifests.read(files, blob);
    },
  };
}

export const NO_ARCHIVES: ChartArchives = { fetch: () => Promise.reject(new Error('an archive is fetched')) };

export const CHART: Entries = { 'chart/Chart.yaml': 'name: a\n', 'chart/templates/a.yaml': 'a: b\n' };
export const config = (...lines: readonly string[]) => `version: 1\nhelm:\n${lines.map((line) => `  ${line}\n`).join('')}`;
