import { posix } from 'node:path';
import { FluxError, fewOf } from '../../base/index.ts';
import { formatPlace, type Manifest } from '../../resource/index.ts';
import type { FileProblem } from '../problem.ts';

/**
 * Warnings, with those about files of other tools merged for each tool: Kustomize, Helm and Argo CD would process these files, which
 * users may expect of Flux as well.
 */
export function withOtherTools(manifests: readonly Manifest[], warnings: readonly FileProblem[]): readonly FileProblem[] {
  const kustomized = warnings.filter(isKustomization);
  const charts = warnings.filter(isChart);
  const rawCharts = warnings.filter(isRawChart);
  const others = warnings.filter((warning) => !isKustomization(warning) && !isChart(warning) && !isRawChart(warning));
  const ordered = manifests.filter(hasHook);
  return [
    ...others,
    ...warningFor(
      kustomized.map(({ file }) => file),
      {
        code: 'manifests/kustomization',
        what: 'Kustomize is not run: files are applied without the patches, name prefixes and namespaces of',
        help: 'Let fluxd build them with --kustomize=auto, or move these directories out of the --git-path.',
      },
    ),
    ...charts,
    ...warningFor(
      rawCharts.map(({ file }) => file),
      {
        code: CHART,
        what: 'Helm charts without values.yaml are not rendered; their files are read as manifests:',
        help: 'Commit the output of `helm template`, or move the charts out of the --git-path.',
      },
    ),
    ...warningFor(
      ordered.map(({ place }) => place.file),
      {
        code: 'manifests/hook',
        what: `hooks and sync waves of Argo CD, and hooks of Helm, are not supported; ${ordered.length === 1 ? 'an object with one is' : `${ordered.length} objects with one are`} applied like all others:`,
        named: ordered.map(
          ({ object, place }) => `${object.kind.toLowerCase()}/${object.metadata.name} in ${formatPlace(place)}`,
        ),
        help: 'Flux applies Namespaces and definitions first, then configuration, then workloads, and keeps each object as long as it is in Git.',
      },
    ),
  ];
}

/** One warning about the directories of Helm charts, whose files are not read. */
export function skippedCharts(directories: readonly string[]): readonly FileProblem[] {
  return warningFor(
    directories.map((directory) => posix.join(directory, 'Chart.yaml')),
    {
      code: CHART,
      what: 'Helm charts are skipped:',
      help: 'Commit the output of `helm template`, or use a HelmRelease for the chart.',
    },
  );
}

const CHART = 'manifests/chart';
const HOOKS = ['argocd.argoproj.io/hook', 'argocd.argoproj.io/sync-wave', 'helm.sh/hook'];

function hasHook({ object }: Manifest): boolean {
  const { annotations } = object.metadata;
  return annotations !== undefined && annotations !== null && HOOKS.some((key) => Object.hasOwn(annotations, key));
}

function isKustomization(warning: FileProblem): boolean {
  return warning.error.code === 'manifests/kustomization' || isNamed(warning, /^kustomization\.ya?ml$/);
}

function isChart({ error }: FileProblem): boolean {
  return error.code === CHART;
}

function isRawChart(warning: FileProblem): boolean {
  return isNamed(warning, /^Chart\.ya?ml$/);
}

/** Whether a file with that name is not a manifest. */
function isNamed({ file, error }: FileProblem, name: RegExp): boolean {
  return error.code === 'manifests/no-kind' && name.test(posix.basename(file));
}

const SHOWN = 5;

/** One warning for all files, located at the first. */
function warningFor(
  files: readonly string[],
  { code, what, help, named = files }: { code: string; what: string; help: string; named?: readonly string[] },
): readonly FileProblem[] {
  const [file] = files;
  if (file === undefined) return [];
  return [{ file, error: new FluxError(`${what} ${fewOf([...new Set(named)], SHOWN)}`, { code, fault: 'user', help }) }];
}
