import { FluxError } from '../base/index.ts';
import { formatImageRef, formatName, type ImageRef, parseImageRef, tryParseImageRef } from '../image/index.ts';
import type { Container } from './container.ts';
import { type Fields, isFields, valueAt } from './fields.ts';

/*
 * A HelmRelease has no containers of its own: the images of its chart are in the chart's values. Their place is a convention, or set by
 * annotations for charts with another one (Flux v1's rules; docs/helm-releases.md).
 */

/** Flux v1's container name for the image at the top of the values. */
const TOP = 'chart-image';
const VALUES = ['spec', 'values'] as const;

type Path = readonly string[];

/** The location of an image reference in the values: up to three fields that together form `[registry/]image[:tag]`. */
interface ImagePlace {
  readonly registry: Path | undefined;
  readonly image: Path;
  readonly tag: Path | undefined;
}

/** A string to write into an object. */
export interface FieldChange {
  /** Path from the object's root. */
  readonly path: Path;
  readonly value: string;
}

/** The images of a HelmRelease as containers: `chart-image` first, the others by name. Invalid image references are omitted. */
export function helmContainersOf(object: Fields): readonly Container[] {
  return [...placesOf(object)]
    .map(([name, place]) => ({ name, image: assemble(object, place), ...(place.tag ? { isTagApart: true } : {}) }))
    .sort((a, b) => (a.name === TOP ? -1 : b.name === TOP || a.name > b.name ? 1 : -1));
}

/**
 * The fields to change so that a container of a HelmRelease has an image; undefined if it has no such container. A registry or a tag in a
 * separate field stays there, however the chart splits the name.
 * @throws FluxError `image/bad-reference`, or `resource/image-does-not-fit` if the fields cannot hold the reference.
 */
export function helmImageChanges(object: Fields, container: string, image: string): readonly FieldChange[] | undefined {
  const place = placesOf(object).get(container);
  if (!place) return undefined;
  const parts = split(parseImageRef(image), place, textAt(object, place.registry));
  const changes = [
    ...(place.registry && parts.registry !== undefined ? [{ path: place.registry, value: parts.registry }] : []),
    { path: place.image, value: parts.image },
    ...(place.tag && parts.tag !== undefined ? [{ path: place.tag, value: parts.tag }] : []),
  ];
  if (join(parts) !== image) throw doesNotFit(object, container, image, place);
  return changes.filter(({ path, value }) => valueAt(object, path) !== value);
}

interface ImageParts {
  readonly registry: string | undefined;
  readonly image: string;
  readonly tag: string | undefined;
}

/** `registry` is the present string. A value that is not a string is neither read nor written. */
function split(ref: ImageRef, place: ImagePlace, registry: string | undefined): ImageParts {
  const name = formatName(ref);
  const stays = registry === undefined || name.startsWith(`${registry}/`);
  const suffix = formatImageRef(ref).slice(name.length);
  const image = registry === undefined ? name : stays ? name.slice(registry.length + 1) : ref.image;
  return {
    registry: stays ? registry : ref.domain,
    image: place.tag ? image : image + suffix,
    tag: place.tag && suffix.replace(/^:/, ''),
  };
}

function join({ registry, image, tag }: ImageParts): string {
  return `${registry === undefined ? '' : `${registry}/`}${image}${tag === undefined ? '' : `:${tag}`}`;
}

/** Locations by container. An annotation takes precedence over the convention. */
function placesOf(object: Fields): ReadonlyMap<string, ImagePlace> {
  const places = new Map<string, ImagePlace>();
  const add = (name: string, place: ImagePlace | undefined) => {
    if (place && tryParseImageRef(assemble(object, place))) places.set(name, place);
  };
  const values = valueAt(object, VALUES);
  for (const name of isFields(values) ? Object.keys(values) : []) add(name, conventional(object, [...VALUES, name]));
  add(TOP, conventional(object, VALUES));
  for (const name of mappedNames(object)) add(name, mapped(object, name));
  return places;
}

/** `image` is the reference, with `registry` and `tag` beside it; or a map with `repository`, `registry` and `tag`. */
function conventional(object: Fields, path: Path): ImagePlace | undefined {
  const inside = [...path, 'image'];
  if (textAt(object, inside) !== undefined) return placeIn(object, path, 'image');
  return textAt(object, [...inside, 'repository']) === undefined ? undefined : placeIn(object, inside, 'repository');
}

function placeIn(object: Fields, path: Path, image: string): ImagePlace {
  const registry = [...path, 'registry'];
  const tag = [...path, 'tag'];
  return {
    registry: textAt(object, registry) === undefined ? undefined : registry,
    image: [...path, image],
    // A tag that is not a string is ignored here but used by the chart: a new tag belongs there, unless an annotation would interpret it
    // differently afterwards.
    tag: valueAt(object, tag) === undefined || (textAt(object, tag) === undefined && isMapped(object, tag)) ? undefined : tag,
  };
}

const MAPPING = /^(?:registry|repository|tag)\.fluxcd\.io\/(.+)$/;

function mappedNames(object: Fields): ReadonlySet<string> {
  return new Set(annotationKeys(object).flatMap((key) => MAPPING.exec(key)?.[1] ?? []));
}

function annotationKeys(object: Fields): readonly string[] {
  const annotations = valueAt(object, ['metadata', 'annotations']);
  return isFields(annotations) ? Object.keys(annotations) : [];
}

function isMapped(object: Fields, path: Path): boolean {
  const keys = annotationKeys(object).filter((key) => MAPPING.test(key));
  return keys.some((key) => mappedPath(object, key)?.join('.') === path.join('.'));
}

/** The location that annotations define by paths in the values; undefined unless each path leads to a distinct string. */
function mapped(object: Fields, name: string): ImagePlace | undefined {
  const paths = ['registry', 'repository', 'tag'].map((field) => mappedPath(object, `${field}.fluxcd.io/${name}`));
  const [registry, image, tag] = paths;
  const written = paths.filter((path) => path !== undefined);
  const apart = new Set(written.map((path) => path.join('.'))).size === written.length;
  return image && apart && written.every((path) => textAt(object, path) !== undefined) ? { registry, image, tag } : undefined;
}

function mappedPath(object: Fields, key: string): Path | undefined {
  const path = valueAt(object, ['metadata', 'annotations', key]);
  return typeof path === 'string' ? [...VALUES, ...path.split('.')] : undefined;
}

function assemble(object: Fields, { registry, image, tag }: ImagePlace): string {
  return join({ registry: textAt(object, registry), image: textAt(object, image) ?? '', tag: textAt(object, tag) });
}

function textAt(object: Fields, path: Path | undefined): string | undefined {
  const value = path && valueAt(object, path);
  return typeof value === 'string' ? value : undefined;
}

function doesNotFit(object: Fields, container: string, image: string, place: ImagePlace): FluxError {
  const fields = [place.registry, place.image, place.tag].flatMap((path) => (path ? [path.join('.')] : []));
  return new FluxError(`image ${image} does not fit into the fields of container ${container}`, {
    code: 'resource/image-does-not-fit',
    fault: 'user',
    help: `helmrelease/${textAt(object, ['metadata', 'name'])} holds that image in ${fields.join(' and ')}. Edit them by hand.`,
  });
}
