import { posix } from 'node:path';
import { type Cancellable, dumpYaml, FluxError } from '../../base/index.ts';
import type { ProgramFiles } from '../../repository/index.ts';
import { type KubeObject, scopesOf } from '../../resource/index.ts';
import { MAX_FILE_BYTES } from '../decode.ts';
import type { ParsedFile, ParsedObject } from '../finding.ts';
import { differencesOf } from '../generation/changing-output.ts';
import type { ManifestThread } from '../manifest-thread.ts';
import { readPatchText } from '../patch/patch-text.ts';
import { Pace } from '../units/pace.ts';
import {
  emptyOutput,
  isUnreadable,
  type ProgramWords,
  programFailed,
  unreadableOutput,
  verbatimTail,
} from '../units/program-errors.ts';
import type { Tree } from '../units/tree.ts';
import type { HelmUnit } from '../units/unit.ts';
import type { Helm } from './helm-program.ts';
import { withoutHooks } from './hooks.ts';
import { mayChange } from './may-change.ts';
import { saidByHelm } from './said-by-helm.ts';
import { isSchema, requireOwnReferences } from './schema.ts';
import { withSources } from './sources.ts';

export interface HelmOptions extends Helm {
  /** The thread that parses output. */
  readonly thread: ManifestThread;
}

const WORDS: ProgramWords = {
  code: 'helm',
  name: 'Helm',
  command: 'helm template',
  seeAll:
    'Run `fluxctl render` in a clone of the repository to see all that Helm prints; what may be from values is not shown here.',
  shorten: 'Divide the chart.',
  empty: 'the chart rendered no object',
};

/** Where a chart and its values are, in the folder in which Helm runs: names that no flag takes for something else. */
const CHART = 'chart';
const VALUES = 'values';

/**
 * Renders a chart, and reads what Helm prints, with the patches of the unit. A chart with functions such as `randAlphaNum` is rendered twice: what differs would change
 * the cluster with every restart.
 * @throws FluxError `helm/failed`, `helm/timed-out`, `helm/empty-output`, `helm/bad-output`, `helm/too-much-output`,
 * `helm/changing-output`, `helm/refused`, `generation/bad-patch`, `generation/bad-patch-file`
 */
export async function renderChart(
  unit: HelmUnit,
  tree: Pick<Tree, 'read'>,
  options: HelmOptions,
  cancel: Cancellable,
): Promise<ParsedFile> {
  let twice = false;
  const pace = new Pace(cancel.signal);
  const files = () => contentsOf(unit, tree, pace);
  const lookedInto = async () => {
    const laid = await files();
    if (!unit.config.allowChangingOutput) twice = await anyMayChange(laid, pace);
    return laid;
  };
  const first = await template(unit, lookedInto, tree, options, cancel);
  if (!twice) return first;
  const second = await template(unit, files, tree, options, cancel);
  const differences = differencesOf(first.objects, second.objects);
  if (differences !== undefined) throw changing(differences);
  return first;
}

async function template(
  unit: HelmUnit,
  files: () => Promise<ProgramFiles>,
  tree: Pick<Tree, 'read'>,
  { program, thread, timeoutMs, verbatim = false }: HelmOptions,
  cancel: Cancellable,
): Promise<ParsedFile> {
  const outcome = await program.template(argumentsOf(unit), files, { ...cancel, timeoutMs, outputBytes: MAX_FILE_BYTES });
  if (outcome.kind === 'failed') {
    const said = verbatim ? verbatimTail(outcome.stderr) : await saidByHelm(outcome.stderr, unit, tree);
    throw programFailed(WORDS, outcome, said);
  }
  const patches = unit.patch ? { patches: await readPatchText(unit.patch, tree), namespace: unit.config.namespace } : {};
  const read = await thread.parse({ bytes: outcome.output, isJson: false, ...patches }, cancel.signal);
  // An object must not be applied without its patch.
  const bad = read.errors.find(({ error }) => error.code === 'generation/bad-patch');
  if (bad) throw inPatchFile(unit, bad.error);
  const broken = read.errors.find(({ error }) => isUnreadable(error));
  if (broken) throw unreadableOutput(WORDS, broken.error);
  const kept = withoutHooks(await withSources(read, outcome.output, unit, new Pace(cancel.signal)), unit.config);
  if (kept.objects.length === 0 && kept.errors.length === 0) throw emptyOutput(WORDS);
  return { ...kept, objects: inNamespace(kept.objects, unit.config.namespace) };
}

function argumentsOf({ config, release, valuesFiles, capabilities }: HelmUnit): readonly string[] {
  const { kubeVersion, apiVersions } = capabilities;
  return [
    release,
    `./${CHART}`,
    `--namespace=${config.namespace}`,
    ...valuesFiles.map((_, index) => `--values=./${VALUES}/${index}.yaml`),
    `--values=./${VALUES}/${valuesFiles.length}.yaml`,
    ...(config.includeCRDs ? ['--include-crds'] : []),
    ...(kubeVersion === undefined ? [] : [`--kube-version=${kubeVersion}`]),
    ...apiVersions.map((version) => `--api-versions=${version}`),
  ];
}

async function contentsOf(
  { chart, files, valuesFiles, config }: HelmUnit,
  tree: Pick<Tree, 'read'>,
  pace: Pace,
): Promise<ProgramFiles> {
  const laid: { path: string; content: Uint8Array }[] = [];
  for (const { path, file } of files) {
    const content = await tree.read(file);
    await pace.beforeParsing(content.length);
    if (isSchema(path)) await requireOwnReferences(path, content, pace);
    laid.push({ path: posix.join(CHART, posix.relative(chart, path)), content });
  }
  for (const [index, { file }] of valuesFiles.entries())
    laid.push({ path: `${VALUES}/${index}.yaml`, content: await tree.read(file) });
  laid.push({ path: `${VALUES}/${valuesFiles.length}.yaml`, content: Buffer.from(dumpYaml(config.values)) });
  return { files: laid, links: [] };
}

async function anyMayChange({ files }: ProgramFiles, pace: Pace): Promise<boolean> {
  for (const { content } of files) {
    await pace.beforeParsing(content.length);
    if (mayChange(content)) return true;
  }
  return false;
}

/** As `helm install` does, which puts what names no namespace into that of the release. */
function inNamespace(objects: readonly ParsedObject[], namespace: string): readonly ParsedObject[] {
  const scopeOf = scopesOf(objects.map(({ object }) => object));
  const placed = (object: KubeObject): KubeObject => ({ ...object, metadata: { ...object.metadata, namespace } });
  return objects.map((each) => {
    const { object } = each;
    const isPlaced = object.metadata.namespace !== undefined && object.metadata.namespace !== '';
    return isPlaced || scopeOf(object) === 'cluster' ? each : { ...each, object: placed(object) };
  });
}

function inPatchFile({ patch }: HelmUnit, { message, code, fault, help = '' }: FluxError): FluxError {
  return new FluxError(`${patch?.path}: ${message}`, { code, fault, help });
}

function changing(differences: string): FluxError {
  return new FluxError(`two renderings of the same files differ: ${differences}`, {
    code: 'helm/changing-output',
    fault: 'user',
    help: 'The chart makes random values, or dates. Set them in the values, or refer to a Secret that exists; allowChangingOutput: true in .flux.yaml applies new ones whenever it is rendered. What the unit renders stays as it is in the cluster, and nothing is deleted.',
  });
}
