import { posix } from 'node:path';
import { containersOf } from '../../../resource/index.ts';
import type { ManifestThread } from '../../manifest-thread.ts';
import type { ObjectChange } from '../../object-change.ts';
import { objectKey } from '../../units/object-key.ts';
import { Pace } from '../../units/pace.ts';
import { chartContents } from '../chart-contents.ts';
import { imagePathsOf } from '../image-paths.ts';
import type { ChartFile } from '../inputs.ts';
import type { HelmOptions } from '../render-chart.ts';
import { cannotEdit, type HelmTrial } from './helm-trial.ts';
import type { ChartTexts, ValuesText } from './values-layers.ts';

/** A change of one container. */
interface ContainerChange extends ObjectChange {
  readonly container: string;
  readonly to: string;
}

/** The longest texts of values that are looked into together, in characters. */
const MAX_LENGTH = 4 << 20;

/**
 * Changes images in the values of a chart. Several containers may have their image from one field: what an edit changes has to be among
 * the changes, and all of them are made in the end.
 * @throws FluxError `helm/cannot-edit`, or as `renderChart` does
 */
export async function changeValues(trial: HelmTrial, changes: readonly ObjectChange[], options: HelmOptions): Promise<void> {
  const charts = await chartTexts(trial, options);
  let left = changes.flatMap(containerChanges).filter((change) => !trial.has(change));
  for (let first = left[0]; first; first = left[0]) {
    const why = await changeOne(trial, { charts, change: first, left }, options);
    if (why !== undefined) cannotEdit(trial.unit, why);
    left = left.filter((change) => !trial.has(change));
  }
}

/** Makes the first proposal that changes nothing but what is left to change; else says why there is none. */
async function changeOne(
  trial: HelmTrial,
  { charts, change, left }: { charts: readonly ChartTexts[]; change: ContainerChange; left: readonly ContainerChange[] },
  { thread }: HelmOptions,
): Promise<string | undefined> {
  const { images } = trial.unit.config;
  const { object } = trial.rendered(change.manifest.object);
  const from = containersOf(object).find(({ name }) => name === change.container)?.image ?? '';
  const named = imagePathsOf(images, object, change.container);
  const { proposals, why } = await thread.propose(
    { charts, texts: await valuesTexts(trial, thread), from, to: change.to, ...(named ? { named } : {}) },
    trial.cancel.signal,
  );
  // A field that a person names may be used for other text of the object, such as a label.
  const open = new Set(
    named
      ? left.flatMap(({ manifest: { object: each }, container }) =>
          imagePathsOf(images, each, container) ? [objectKey(each)] : [],
        )
      : [],
  );
  let difference = why;
  const elsewhere = named ? '' : `; helm.images in ${trial.unit.configFile} can say where the image is`;
  for (const edits of proposals) {
    const found = await trial.attemptSome(edits, [change, ...left.filter((each) => each !== change)], open);
    if (found === undefined) return undefined;
    difference ??= found;
  }
  return `${difference ?? 'no value can be changed'}${elsewhere}`;
}

function containerChanges(change: ObjectChange): readonly ContainerChange[] {
  if (change.change.kind !== 'images') return [];
  return [...change.change.images].map(([container, to]) => ({
    ...change,
    change: { kind: 'images', images: new Map([[container, to]]) },
    container,
    to,
  }));
}

/** The files of values, those of objects and the config file, as they are with the edits so far. Nothing of a Secret is proposed. */
async function valuesTexts({ unit, tree, cancel }: HelmTrial, thread: ManifestThread): Promise<readonly ValuesText[]> {
  const config = tree.get(unit.configFile);
  const textOf = async ({ path, file }: ChartFile, within: readonly string[]): Promise<ValuesText> => {
    const text = (await tree.read(file)).toString('utf8');
    return { name: path, text, within, isOwn: unit.own.includes(path) };
  };
  const texts: ValuesText[] = [];
  for (const file of unit.valuesFiles) texts.push(await textOf(file, []));
  for (const each of unit.valuesFrom.filter(({ isSecret }) => !isSecret))
    texts.push({ name: each.name, text: await thread.valuesFile(each, cancel.signal), within: [], isOwn: false });
  if (config) texts.push(await textOf({ path: unit.configFile, file: config }, ['helm', 'values']));
  requireShort(
    unit,
    texts.map(({ text }) => text),
  );
  return texts;
}

/** What the chart and its subcharts say of their values. */
async function chartTexts({ unit, tree, cancel }: HelmTrial, { archives }: HelmOptions): Promise<readonly ChartTexts[]> {
  const contents = await chartContents(unit, { tree, archives, pace: new Pace(cancel.signal), ...cancel });
  const texts = new Map(contents.flatMap(({ path, content }) => (SUBCHART.test(path) ? [[path, content.toString('utf8')]] : [])));
  requireShort(unit, [...texts.values()]);
  return [...texts].flatMap(([path, chart]) => {
    const folder = posix.dirname(path);
    if (posix.basename(path) !== 'Chart.yaml') return [];
    return [{ folder: folder === '.' ? '' : folder, chart, values: texts.get(posix.join(folder, 'values.yaml')) ?? '' }];
  });
}

const SUBCHART = /^(?:charts\/[^/]+\/)*(?:Chart|values)\.yaml$/;

function requireShort(unit: HelmTrial['unit'], texts: readonly string[]): void {
  const length = texts.reduce((sum, text) => sum + text.length, 0);
  if (length > MAX_LENGTH) cannotEdit(unit, `its values have more than ${MAX_LENGTH >> 20} MiB`);
}
