import { FluxError, isExactNumber, isJsonMap, type JsonMap, type JsonValue } from '../../../base/index.ts';
import { formatImageRef, formatName, type ImageRef, parseImageRef, tryParseImageRef } from '../../../image/index.ts';
import { changesTo, dottedPath, type FieldChange, type Path, valueAt } from '../../../resource/index.ts';
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
  for (const { map, path } of mapsIn(values, [])) {
    for (const [key, text] of Object.entries(map)) {
      if (typeof text !== 'string' || text === '') continue;
      if (text === from) found.push({ place: { image: [...path, key] }, rank: 0 });
      else if (ref)
        for (const named of namedBy(values, { map, path, key }, formatName(ref)))
          for (const { tag, digest, rank } of versionsOf(map, key, ref, to)) {
            const at = (sibling: string | undefined) => (sibling === undefined ? undefined : [...path, sibling]);
            found.push({ place: { ...named, tag: at(tag), digest: at(digest) }, rank });
          }
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
    const changes =
      isSameName && (place.tag || place.digest)
        ? tag
          ? [{ path: tag, value: suffixOf(rest) }]
          : []
        : image && changesTo(values, { container: '', image: formatImageRef(rest), place: { registry, image, tag } });
    return changes && [...changes, ...digest].filter(({ path, value }) => valueAt(values, path) !== value);
  } catch (error) {
    if (error instanceof FluxError) return undefined;
    throw error;
  }
}

interface Field {
  readonly map: JsonMap;
  readonly path: Path;
  readonly key: string;
}

/** The field as the name of an image, alone or with a registry beside it or in `global`. */
function* namedBy(values: JsonMap, { map, path, key }: Field, name: string): Generator<ValuesPlace> {
  if (map[key] === name) yield { image: [...path, key] };
  for (const [around, at] of [
    [map, path],
    [values.global, ['global']],
  ] as const)
    for (const [registry, text] of Object.entries(isJsonMap(around) ? around : {}))
      if (/registry$/i.test(registry) && `${text}/${map[key]}` === name)
        yield { image: [...path, key], registry: [...at, registry] };
}

interface Version {
  readonly tag?: string;
  readonly digest?: string;
  /** The lower, the likelier. */
  readonly rank: number;
}

/** The keys beside a name that have the tag and the digest of an image. */
function versionsOf(map: JsonMap, key: string, ref: ImageRef, to: string): readonly Version[] {
  const stem = key.replace(NAME_KEY, '').toLowerCase();
  const isRelated = (each: string) =>
    ['tag', 'imagetag', 'version'].includes(each.toLowerCase().slice(stem.length)) && each.toLowerCase().startsWith(stem);
  const digests = Object.keys(map).filter((each) => /digest$/i.test(each));
  const filled = ref.digest === '' ? undefined : digests.find((each) => map[each] === ref.digest);
  const empty = tryParseImageRef(to)?.digest === '' ? undefined : digests.find((each) => map[each] === '');
  const digest = filled ?? empty;
  const spelled = filled === undefined ? suffixOf(ref) : ref.tag;
  const apart = digest === undefined ? {} : { digest };
  const tags = Object.keys(map).filter((each) => TAG_KEY.test(each) && each !== key);
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
