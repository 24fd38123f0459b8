import { FluxError, isExactNumber, isJsonMap, type JsonMap, type JsonValue } from '../../../base/index.ts';
import { formatImageRef, formatName, type ImageRef, parseImageRef, tryParseImageRef } from '../../../image/index.ts';
import { changesTo, dottedPath, type FieldChange, type Path, valueAt } from '../../../resource/index.ts';
import { VARIABLE_START } from '../../substitution/variables.ts';
import type { ImagePaths } from '../image-paths.ts';

/** Fields of values that form an image together. */
export interface ValuesPlace {
  readonly registry?: Path | undefined;
  /** The name, or the complete reference; absent if only the templates have it. */
  readonly image?: Path | undefined;
  readonly tag?: Path | undefined;
  readonly digest?: Path | undefined;
}

const NAME_KEY = /(?:image|repository|repo)$/i;
const TAG_KEY = /(?:tag|version)$/i;

/**
 * Where values may have an image, as charts write it, likely places first: one field with the reference; a name with `tag`, `registry`
 * and `digest` beside it, all with a common prefix or none, and a registry in `global`. A tag that is empty, no text or absent counts,
 * since a chart has a default for it. Which of them is meant, rendering shows.
 */
export function placesOf(values: JsonMap, from: string, to: string): readonly ValuesPlace[] {
  const ref = tryParseImageRef(from);
  const found: { readonly place: ValuesPlace; readonly rank: number }[] = [];
  const name = ref && formatName(ref);
  const globals = registriesIn(values.global, ['global']);
  for (const { map, path } of mapsIn(values, [])) {
    const registries = new Map([...globals, ...registriesIn(map, path)]);
    const siblings = siblingsIn(map);
    for (const [key, text] of Object.entries(map)) {
      if (typeof text !== 'string' || text === '') continue;
      const image = [...path, key];
      if (text === from) found.push({ place: { image }, rank: 0 });
      if (text === from || !ref || !name) continue;
      const registry = name.endsWith(`/${text}`) ? registries.get(name.slice(0, -text.length - 1)) : undefined;
      if (text !== name && !registry) continue;
      const at = (sibling: string | undefined) => (sibling === undefined ? undefined : [...path, sibling]);
      for (const { tag, digest, rank } of versionsOf({ map, key, siblings }, ref, to))
        found.push({ place: { image, registry, tag: at(tag), digest: at(digest) }, rank });
    }
  }
  return found.toSorted((a, b) => a.rank - b.rank).map(({ place }) => place);
}

/** The fields that `helm.images` names. */
export function namedPlace(values: JsonMap, paths: ImagePaths): ValuesPlace {
  const at = (text: string | undefined) => (text === undefined ? undefined : dottedPath(values, [], text));
  return {
    registry: at(paths.registry),
    image: at(paths.image ?? paths.repository),
    tag: at(paths.tag),
    digest: at(paths.digest),
  };
}

/**
 * The fields to change so that a place has another image; undefined if they cannot hold it. Where only the version changes, a name in a
 * field of its own stays as it is.
 */
export function changesAt(values: JsonMap, place: ValuesPlace, from: string, to: string): readonly FieldChange[] | undefined {
  try {
    const ref = parseImageRef(to);
    const rest = place.digest ? { ...ref, digest: '' } : ref;
    const digest = place.digest ? [{ path: place.digest, value: ref.digest }] : [];
    // A digest alone replaces the tag.
    const tag = place.digest && ref.tag === '' ? undefined : place.tag;
    const { registry, image } = place;
    const isSameName = formatName(parseImageRef(from)) === formatName(ref);
    const version = tag ? [{ path: tag, value: suffixOf(rest) }] : [];
    const isApart = place.tag !== undefined || place.digest !== undefined;
    const changes =
      isSameName && isApart
        ? version
        : image && changesTo(values, { container: '', image: formatImageRef(rest), place: { registry, image, tag } });
    const all = changes && [...changes, ...digest].filter(({ path, value }) => valueAt(values, path) !== value);
    // What a variable stands for is not in these files.
    return all?.some(({ path }) => hasVariable(valueAt(values, path))) ? undefined : all;
  } catch (error) {
    if (error instanceof FluxError) return undefined;
    throw error;
  }
}

function hasVariable(value: unknown): boolean {
  return typeof value === 'string' && value.includes(VARIABLE_START);
}

/** The fields of a map that may be the registry of an image, by their text. */
function registriesIn(map: JsonValue | undefined, path: Path): ReadonlyMap<string, Path> {
  return new Map(
    Object.entries(isJsonMap(map) ? map : {}).flatMap(([key, text]) =>
      typeof text === 'string' && /registry$/i.test(key) ? [[text, [...path, key]]] : [],
    ),
  );
}

interface Version {
  readonly tag?: string;
  readonly digest?: string;
  /** The lower, the likelier. */
  readonly rank: number;
}

/** The keys of a map that may have a version. */
interface Siblings {
  readonly tags: readonly string[];
  readonly digests: readonly string[];
}

function siblingsIn(map: JsonMap): Siblings {
  const keys = Object.keys(map);
  return { tags: keys.filter((key) => TAG_KEY.test(key)), digests: keys.filter((key) => /digest$/i.test(key)) };
}

/** The keys beside a name that have the tag and the digest of an image. */
function versionsOf(
  { map, key, siblings }: { readonly map: JsonMap; readonly key: string; readonly siblings: Siblings },
  ref: ImageRef,
  to: string,
): readonly Version[] {
  const stem = key.replace(NAME_KEY, '').toLowerCase();
  const isRelated = (each: string) => [`${stem}tag`, `${stem}imagetag`, `${stem}version`].includes(each.toLowerCase());
  const { digests } = siblings;
  const filled = ref.digest === '' ? undefined : digests.find((each) => map[each] === ref.digest);
  const empty = tryParseImageRef(to)?.digest === '' ? undefined : digests.find((each) => map[each] === '');
  const digest = filled ?? empty;
  const spelled = filled === undefined ? suffixOf(ref) : ref.tag;
  const apart = digest === undefined ? {} : { digest };
  const tags = siblings.tags.filter((each) => each !== key);
  const exact = tags.filter((each) => spelled !== '' && textOf(map[each]) === spelled);
  // With a digest of its own, charts ignore the tag.
  const open = tags.filter(
    (each) => isRelated(each) && !exact.includes(each) && (isOpen(map[each]) || (filled !== undefined && spelled === '')),
  );
  const versions = [
    ...exact.map((tag) => ({ tag, ...apart, rank: isRelated(tag) ? 1 : 2 })),
    ...open.map((tag) => ({ tag, ...apart, rank: 3 })),
  ];
  if (versions.length > 0) return versions;
  if (filled !== undefined) return [{ digest: filled, rank: 3 }];
  const absent = stem === '' ? 'tag' : `${key}Tag`;
  return NAME_KEY.test(key) && !Object.hasOwn(map, absent) ? [{ tag: absent, ...apart, rank: 4 }] : [];
}

/** Whether a chart may have a default for a tag, or prints another text for it: a number such as 1.10. */
function isOpen(value: JsonValue | undefined): boolean {
  return value === '' || typeof value !== 'string';
}

/** What follows the name, without the colon of a tag. */
function suffixOf(ref: ImageRef): string {
  return formatImageRef(ref).slice(formatName(ref).length).replace(/^:/, '');
}

function textOf(value: JsonValue | undefined): string | undefined {
  if (isExactNumber(value)) return value.rawJSON;
  return typeof value === 'object' || value === undefined ? undefined : String(value);
}

/** All maps in a value, those of lists included. */
function* mapsIn(value: JsonValue, path: Path): Generator<{ readonly map: JsonMap; readonly path: Path }> {
  if (Array.isArray(value)) for (const [index, item] of value.entries()) yield* mapsIn(item, [...path, index]);
  if (!isJsonMap(value)) return;
  yield { map: value, path };
  for (const [key, inside] of Object.entries(value)) yield* mapsIn(inside, [...path, key]);
}
