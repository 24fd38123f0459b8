import { type Cancellable, dumpYaml, FluxError } from '../../base/index.ts';
import type { BuildOptions, ProgramFiles } from '../../repository/index.ts';
import { type KubeObject, scopesOf } from '../../resource/index.ts';
import { MAX_FILE_BYTES } from '../decode.ts';
import { anyMayBeEncrypted } from '../decryption/any-encrypted.ts';
import type { ClearFiles } from '../decryption/clear-files.ts';
import { quietOutput } from '../decryption/quiet-output.ts';
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
  quietWords,
  unreadableOutput,
  verbatimTail,
} from '../units/program-errors.ts';
import type { Tree } from '../units/tree.ts';
import type { HelmUnit } from '../units/unit.ts';
import { asHelmFinds, packChart } from './archive/pack.ts';
import type { ChartContent } from './archive/unpack.ts';
import { type ChartPlaces, chartContents, fetchedChart } from './chart-contents.ts';
import type { Helm } from './helm-program.ts';
import { withoutHooks } from './hooks.ts';
import { mayChange } from './may-change.ts';
import { saidByHelm } from './said-by-helm.ts';
import { withSources } from './sources.ts';

export interface HelmOptions extends Helm {
  /** Without it, Helm gets encrypted files of values as they are. */
  readonly clearFiles?: ClearFiles | undefined;
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

/** With what to do about a subchart that is missing. */
function wordsFor({ stderr }: { readonly stderr: string }): ProgramWords {
  if (!stderr.includes('missing in charts/ directory')) return WORDS;
  return {
    ...WORDS,
    seeAll: `Run \`helm dependency build\` in the folder of the chart, and commit its charts/. ${WORDS.seeAll}`,
  };
}

/** Where a chart and its values are, in the folder in which Helm runs: names that no flag takes for something else. */
const CHART = 'chart';
const PACKED_CHART = 'chart.tgz';
const VALUES = 'values';

/**
 * Renders a chart, and reads what Helm prints, with the patches of the unit. A chart with functions such as `randAlphaNum` is rendered
 * twice: what differs would change the cluster with every restart.
 * @throws FluxError `helm/failed`, `helm/timed-out`, `helm/empty-output`, `helm/bad-output`, `helm/too-much-output`,
 * `helm/changing-output`, `helm/refused`, `helm/not-fetched`, `generation/bad-patch`, `generation/bad-patch-file`
 */
export async function renderChart(
  unit: HelmUnit,
  tree: Pick<Tree, 'read' | 'variables'>,
  options: HelmOptions,
  cancel: Cancellable,
): Promise<ParsedFile> {
  let twice = false;
  const pace = new Pace(cancel.signal);
  const places = { tree, archives: options.archives, pace, ...cancel };
  // Before it has its turn to run Helm, which others wait for.
  if (unit.archive) await fetchedChart(unit.archive, places);
  const contents = () => contentsOf(unit, places, options);
  const files = async () => laidOut(unit, await contents(), pace);
  const lookedInto = async () => {
    const found = await contents();
    if (!unit.config.allowChangingOutput) twice = await anyMayChange(found, pace);
    return laidOut(unit, found, pace);
  };
  const opened = unit.valuesFiles.map(({ file }) => file);
  const filesMayWait = await anyMayBeEncrypted(opened, tree, options.clearFiles, cancel);
  const first = await template(unit, { files: lookedInto, filesMayWait }, tree, options, cancel);
  if (!twice) return first;
  const second = await template(unit, { files, filesMayWait }, tree, options, cancel);
  const differences = differencesOf(first.objects, second.objects, { withPaths: !first.isConfidential });
  if (differences !== undefined) throw changing(differences);
  return first;
}

interface Input extends Pick<BuildOptions, 'filesMayWait'> {
  readonly files: () => Promise<ProgramFiles>;
}

async function template(
  unit: HelmUnit,
  { files, filesMayWait = false }: Input,
  tree: Pick<Tree, 'read' | 'variables'>,
  { program, archives, thread, timeoutMs, verbatim = false }: HelmOptions,
  cancel: Cancellable,
): Promise<ParsedFile> {
  let isConfidential = false;
  const laid = async () => {
    const contents = await files();
    isConfidential = contents.isConfidential ?? false;
    return contents;
  };
  const limits = { ...cancel, timeoutMs, outputBytes: MAX_FILE_BYTES, filesMayWait };
  const outcome = await program.template(argumentsOf(unit), laid, limits);
  if (outcome.kind === 'failed' && isConfidential) throw programFailed(quietWords(WORDS), outcome, '');
  if (outcome.kind === 'failed') {
    const pace = new Pace(cancel.signal);
    const said = async () =>
      saidByHelm(outcome.stderr, unit.chart, await chartContents(unit, { tree, archives, pace, ...cancel }));
    throw programFailed(wordsFor(outcome), outcome, verbatim ? verbatimTail(outcome.stderr) : await said());
  }
  const patches = unit.patch ? { patches: await readPatchText(unit.patch, tree), namespace: unit.config.namespace } : {};
  const { variables } = tree;
  const output = await thread.parse({ bytes: outcome.output, isJson: false, variables, ...patches }, cancel.signal);
  const read = isConfidential ? quietOutput(output) : output;
  // An object must not be applied without its patch.
  const bad = read.errors.find(({ error }) => error.code === 'generation/bad-patch');
  if (bad) throw inPatchFile(unit, bad.error);
  const broken = read.errors.find(({ error }) => isUnreadable(error));
  if (broken) throw unreadableOutput(WORDS, broken.error);
  const kept = withoutHooks(await withSources(read, outcome.output, unit, new Pace(cancel.signal)), unit.config);
  if (kept.objects.length === 0 && kept.errors.length === 0) throw emptyOutput(WORDS);
  return { ...kept, objects: inNamespace(kept.objects, unit.config.namespace) };
}

function argumentsOf({ config, release, archive, valuesFiles, valuesFrom, capabilities }: HelmUnit): readonly string[] {
  const { kubeVersion, apiVersions } = capabilities;
  return [
    release,
    `./${archive ? PACKED_CHART : CHART}`,
    `--namespace=${config.namespace}`,
    // Those of files, of objects, and of the config file.
    ...[...valuesFiles, ...valuesFrom, config].map((_, index) => `--values=./${VALUES}/${index}.yaml`),
    ...(config.includeCRDs ? ['--include-crds'] : []),
    ...(kubeVersion === undefined ? [] : [`--kube-version=${kubeVersion}`]),
    ...apiVersions.map((version) => `--api-versions=${version}`),
  ];
}

/** What a chart is rendered from, in memory. */
interface Contents {
  readonly chart: readonly ChartContent[];
  /** In the order in which they are given. */
  readonly values: readonly Buffer[];
  readonly isConfidential: boolean;
}

/** @throws FluxError `helm/refused`, `helm/not-fetched`; those of `ManifestThread.valuesFile` */
async function contentsOf(
  unit: HelmUnit,
  { tree, pace, archives, ...cancel }: ChartPlaces,
  { clearFiles, thread }: HelmOptions,
): Promise<Contents> {
  const chart = await chartContents(unit, { tree, pace, archives, ...cancel });
  const values: Buffer[] = [];
  let isConfidential = false;
  for (const { file } of unit.valuesFiles) {
    const content = await tree.read(file);
    const clear = await clearFiles?.of(file, content, cancel);
    isConfidential ||= clear !== undefined;
    values.push(clear ?? content);
  }
  for (const each of unit.valuesFrom) {
    values.push(Buffer.from(await thread.valuesFile(each, cancel.signal)));
    isConfidential ||= each.isSecret;
  }
  return { chart, values: [...values, Buffer.from(dumpYaml(unit.config.values))], isConfidential };
}

async function laidOut({ archive }: HelmUnit, { chart, values, isConfidential }: Contents, pace: Pace): Promise<ProgramFiles> {
  const files = archive
    ? [{ path: PACKED_CHART, content: await packChart(chart, pace) }]
    : (await asHelmFinds(chart, pace)).map(({ path, content }) => ({ path: `${CHART}/${path}`, content }));
  return {
    isConfidential,
    files: [...files, ...values.map((content, index) => ({ path: `${VALUES}/${index}.yaml`, content }))],
    links: [],
  };
}

async function anyMayChange({ chart, values }: Contents, pace: Pace): Promise<boolean> {
  for (const content of [...chart.map((each) => each.content), ...values]) {
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
