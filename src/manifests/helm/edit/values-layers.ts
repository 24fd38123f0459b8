import { FluxError, isJsonMap, type JsonMap, type JsonValue } from '../../../base/index.ts';
import { isFields, valueAt } from '../../../resource/index.ts';
import { documentsWithContent } from '../../documents-with-content.ts';

/** The texts of a chart, or of a subchart of it. */
export interface ChartTexts {
  /** Relative to the chart: empty, or `charts/redis`. */
  readonly folder: string;
  readonly chart: string;
  readonly values: string;
}

/** A text that gives values. */
export interface ValuesText {
  /** For errors. */
  readonly name: string;
  readonly text: string;
  /** Where the values are in it: at the root of a file of values, in `helm.values` of a config file. */
  readonly within: readonly string[];
  /** Whether it may be edited. */
  readonly isOwn: boolean;
}

/** Values from one text, at their place in those of the chart. */
export interface ValuesLayer {
  readonly values: JsonMap;
  /** The text, if it may be edited. */
  readonly own?: ValuesText;
  /** Whether sops encrypted it, so that new values have no place there. */
  readonly isEncrypted?: boolean;
}

/**
 * The values of a chart in layers, of which later ones win: those of subcharts under their names, of the chart, and of the texts.
 * @throws FluxError of a text that is no YAML
 */
export function layersOf(charts: readonly ChartTexts[], texts: readonly ValuesText[]): readonly ValuesLayer[] {
  const deepestFirst = charts.toSorted((a, b) => depthOf(b) - depthOf(a));
  return [
    ...deepestFirst.flatMap((each) =>
      placesOf(each, charts).map((path) => {
        const values = mapIn(each.values, `values.yaml of the chart in ${each.folder || 'its folder'}`, []);
        return { values: path.reduceRight<JsonMap>((inside, key) => ({ [key]: inside }), values) };
      }),
    ),
    ...texts.map((text) => {
      const values = mapIn(text.text, text.name, text.within);
      const isEncrypted = typeof valueAt(values, ['sops', 'mac']) === 'string';
      return { values, isEncrypted, ...(text.isOwn ? { own: text } : {}) };
    }),
  ];
}

/** The values that templates see, as Helm merges them: maps key by key, all else as a whole. */
export function effectiveValues(layers: readonly ValuesLayer[]): JsonMap {
  return layers.reduce<JsonMap>((values, layer) => merged(values, layer.values), {});
}

function merged(under: JsonMap, over: JsonMap): JsonMap {
  const all = new Map<string, JsonValue>(Object.entries(under));
  for (const [key, value] of Object.entries(over)) {
    const before = all.get(key);
    all.set(key, isJsonMap(before) && isJsonMap(value) ? merged(before, value) : value);
  }
  return Object.fromEntries(all);
}

function depthOf({ folder }: ChartTexts): number {
  return folder === '' ? 0 : folder.split('/').length;
}

/** The keys under which a subchart has its values, several where the chart around names it by several aliases. */
function placesOf({ folder, chart }: ChartTexts, charts: readonly ChartTexts[]): readonly (readonly string[])[] {
  if (folder === '') return [[]];
  const around = charts.find((each) => each.folder === folder.split('/').slice(0, -2).join('/'));
  const { name } = mapIn(chart, `Chart.yaml in ${folder}`, []);
  if (!around || typeof name !== 'string') return [];
  const { dependencies } = mapIn(around.chart, 'Chart.yaml of the chart', []);
  const aliases = (Array.isArray(dependencies) ? dependencies : []).flatMap((each) =>
    isFields(each) && each.name === name ? [typeof each.alias === 'string' ? each.alias : name] : [],
  );
  const keys = aliases.length === 0 ? [name] : aliases;
  return placesOf(around, charts).flatMap((path) => keys.map((key) => [...path, key]));
}

/** The map of a text at a path; empty where there is none. */
function mapIn(text: string, name: string, within: readonly string[]): JsonMap {
  const [document] = documentsWithContent(text);
  if (!document) return {};
  if (document.error) throw inText(name, document.error);
  const value: unknown = valueAt(document.value, within);
  return isJsonMap(value) ? value : {};
}

function inText(name: string, { message, code, fault, help = '' }: FluxError): FluxError {
  return new FluxError(`${name}: ${message}`, { code, fault, help });
}
