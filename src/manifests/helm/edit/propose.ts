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
/** The texts of all proposals together, in characters: they are copied from thread to thread. */
const MAX_LENGTH = 4 << 20;

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
  const plans: Plan[] = [];
  let blocked: Path | undefined;
  for (const place of places) {
    const changes = changesAt(values, place, from, to) ?? [];
    const plan = planOf(layers, changes);
    if (plan && changes.length > 0) plans.push(plan);
    else blocked ??= changes[0]?.path;
  }
  const proposals: (readonly FileText[])[] = [];
  let length = 0;
  for (const plan of plans.toSorted((a, b) => sizeOf(a.added) - sizeOf(b.added))) {
    const edits = editsOf(plan);
    if (!edits) blocked ??= [...plan.inPlace.values(), ...plan.added.values()][0]?.[0]?.path;
    else if (!proposals.some((each) => isDeepStrictEqual(each, edits))) {
      length += edits.reduce((sum, { content }) => sum + content.length, 0);
      if (proposals.length > 0 && length > MAX_LENGTH) break;
      proposals.push(edits);
      if (proposals.length === MAX_PROPOSALS) break;
    }
  }
  if (proposals.length > 0) return { proposals };
  const why = blocked
    ? `${blocked.join('.')} in the values cannot be changed alone in a file that only this folder has`
    : `the fields that have ${from} cannot hold ${to}`;
  return { proposals: [], why };
}

/** The fields to change, by the text in which they are, or are new. */
interface Plan {
  readonly inPlace: ReadonlyMap<ValuesText, readonly FieldChange[]>;
  readonly added: ReadonlyMap<ValuesText, readonly FieldChange[]>;
}

/** Undefined if a text that may be edited cannot give a field. */
function planOf(layers: readonly ValuesLayer[], changes: readonly FieldChange[]): Plan | undefined {
  const inPlace = new Map<ValuesText, FieldChange[]>();
  const added = new Map<ValuesText, FieldChange[]>();
  for (const change of changes) {
    const { text, isNew } = textFor(layers, change.path);
    if (!text) return undefined;
    const all = isNew ? added : inPlace;
    all.set(text, [...(all.get(text) ?? []), change]);
  }
  return { inPlace, added };
}

/** The texts with the changes; undefined if a layout does not allow them. */
function editsOf({ inPlace, added }: Plan): readonly FileText[] | undefined {
  const texts = new Map<ValuesText, string>();
  for (const [edit, all] of [
    [setInText, inPlace],
    [addToValues, added],
  ] as const) {
    for (const [text, fields] of all) {
      const inText = fields.map(({ path, value }) => ({ path: [...text.within, ...path], value }));
      const edited = edit(texts.get(text) ?? text.text, inText);
      if (edited === undefined) return undefined;
      texts.set(text, edited);
    }
  }
  return [...texts].map(([{ name }, content]) => ({ path: name, content }));
}

function sizeOf(changes: Plan['added']): number {
  return [...changes.values()].flat().length;
}

/** The text in which a field has to change. */
function textFor(layers: readonly ValuesLayer[], path: Path): { readonly text: ValuesText | undefined; readonly isNew: boolean } {
  const giver = layers.findLastIndex(({ values }) => hasField(values, path));
  const given = layers[giver]?.own;
  if (given) return { text: given, isNew: false };
  // One that wins over the text that has the field.
  const after = layers.slice(giver + 1).flatMap(({ own, isEncrypted }) => (own && !isEncrypted ? own : []));
  return { text: after.findLast(({ within }) => within.length === 0) ?? after.at(-1), isNew: true };
}
