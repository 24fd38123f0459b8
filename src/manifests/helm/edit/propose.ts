import { isDeepStrictEqual } from 'node:util';
import type { FileText } from '../../../repository/index.ts';
import type { FieldChange, Path } from '../../../resource/index.ts';
import type { ImagePaths } from '../image-paths.ts';
import { addToValues, hasField, setInText } from './edit-values.ts';
import { changesAt, namedPlace, placesOf } from './image-places.ts';
import { type ChartTexts, effectiveValues, layersOf, type ValuesLayer, type ValuesText } from './values-layers.ts';

/** An image of a container that should be another one, and all that values come from. */
export interface ProposalRequest {
  readonly charts: readonly ChartTexts[];
  /** In the order in which they count; later ones win. */
  readonly texts: readonly ValuesText[];
  readonly from: string;
  readonly to: string;
  /** Where the image is in the values, if the config file says so. */
  readonly named?: ImagePaths;
}

/** Edits that may make a change, the smallest first; without any, why there is none. */
export interface Proposals {
  readonly proposals: readonly (readonly FileText[])[];
  readonly why?: string;
}

const MAX_PROPOSALS = 20;

/**
 * Edits of values that may change an image. A field is changed in the text that gives it. If that may not be edited, it is added to the
 * last file of values that may be, or to the values in the config file.
 * @throws FluxError of a text that is no YAML
 */
export function proposeEdits({ charts, texts, from, to, named }: ProposalRequest): Proposals {
  const layers = layersOf(charts, texts);
  const values = effectiveValues(layers);
  const places = named ? [namedPlace(values, named)] : placesOf(values, from, to);
  if (places.length === 0) return { proposals: [], why: `no place in the values has ${from} by the conventions` };
  const found: (readonly FileText[])[] = [];
  let blocked: Path | undefined;
  const ranked: { readonly edits: readonly FileText[]; readonly added: number }[] = [];
  for (const place of places) {
    const changes = changesAt(values, place, from, to);
    if (!changes || changes.length === 0) continue;
    const edits = editsFor(layers, changes);
    if (edits) ranked.push(edits);
    else blocked ??= changes[0]?.path;
  }
  for (const { edits } of ranked.toSorted((a, b) => a.added - b.added))
    if (!found.some((each) => isDeepStrictEqual(each, edits))) found.push(edits);
  if (found.length > 0) return { proposals: found.slice(0, MAX_PROPOSALS) };
  const why = blocked
    ? `${blocked.join('.')} in the values cannot be changed alone in a file that only this folder has`
    : `the fields that have ${from} cannot hold ${to}`;
  return { proposals: [], why };
}

/** The texts with changes, and how many fields are new; undefined if that is not possible. */
function editsFor(
  layers: readonly ValuesLayer[],
  changes: readonly FieldChange[],
): { readonly edits: readonly FileText[]; readonly added: number } | undefined {
  const inPlace = new Map<ValuesText, FieldChange[]>();
  const added = new Map<ValuesText, FieldChange[]>();
  for (const { path, value } of changes) {
    const { text, isNew } = textFor(layers, path);
    if (!text) return undefined;
    const all = isNew ? added : inPlace;
    all.set(text, [...(all.get(text) ?? []), { path: [...text.within, ...path], value }]);
  }
  const texts = new Map<ValuesText, string>();
  for (const [edit, all] of [
    [setInText, inPlace],
    [addToValues, added],
  ] as const) {
    for (const [text, fields] of all) {
      const edited = edit(texts.get(text) ?? text.text, fields);
      if (edited === undefined) return undefined;
      texts.set(text, edited);
    }
  }
  return {
    edits: [...texts].map(([{ name }, content]) => ({ path: name, content })),
    added: [...added.values()].flat().length,
  };
}

/** The text in which a field has to change. */
function textFor(layers: readonly ValuesLayer[], path: Path): { readonly text: ValuesText | undefined; readonly isNew: boolean } {
  const giver = layers.findLastIndex(({ values }) => hasField(values, path));
  const given = layers[giver]?.own;
  if (given) return { text: given, isNew: false };
  // One that wins over the text that has the field.
  const after = layers.slice(giver + 1).flatMap(({ own }) => own ?? []);
  return { text: after.findLast(({ within }) => within.length === 0) ?? after.at(-1), isNew: true };
}
