import { FluxError } from '../base/index.ts';
import { formatImageRef, formatName, type ImageRef, parseImageRef, tryParseImageRef } from '../image/index.ts';
import { type Fields, isFields, type Path, valueAt } from './fields.ts';

/*
 * Images in fields other than the containers of a pod: in the values of a HelmRelease, and in custom resources. Annotations say where
 * they are (Flux v1).
 */

/** The location of an image reference: up to three fields that together form `[registry/]image[:tag]`. */
export interface ImagePlace {
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

/** Whether the fields at a place form a valid reference. */
export function isImageAt(object: Fields, place: ImagePlace): boolean {
  return tryParseImageRef(imageAt(object, place)) !== undefined;
}

/** The reference that the fields at a place form. */
export function imageAt(object: Fields, { registry, image, tag }: ImagePlace): string {
  return join({ registry: textAt(object, registry), image: textAt(object, image) ?? '', tag: textAt(object, tag) });
}

/**
 * The fields to change so that an image is at a place. A registry or a tag in a separate field stays there, however the name is split.
 * @throws FluxError `image/bad-reference`, or `resource/image-does-not-fit` if the fields cannot hold the reference.
 */
export function changesTo(
  object: Fields,
  { container, image, place }: { readonly container: string; readonly image: string; readonly place: ImagePlace },
): readonly FieldChange[] {
  const parts = split(parseImageRef(image), place, textAt(object, place.registry));
  const changes = [
    ...(place.registry && parts.registry !== undefined ? [{ path: place.registry, value: parts.registry }] : []),
    { path: place.image, value: parts.image },
    ...(place.tag && parts.tag !== undefined ? [{ path: place.tag, value: parts.tag }] : []),
  ];
  if (join(parts) !== image) throw doesNotFit(object, container, image, place);
  return changes.filter(({ path, value }) => valueAt(object, path) !== value);
}

const MAPPING = /^(?:registry|repository|tag)\.fluxcd\.io\/(.+)$/;
/** Of the annotations of a container, the one that it needs. */
const NEEDED = 'repository.fluxcd.io/';

/** Whether an annotation maps a container to fields. */
export function hasMapping({ metadata }: Fields): boolean {
  const annotations = isFields(metadata) ? metadata.annotations : undefined;
  if (!isFields(annotations)) return false;
  for (const key in annotations) if (key.startsWith(NEEDED)) return true;
  return false;
}

/** The containers that annotations map to fields below `root`; an invalid mapping is left out. */
export function mappedPlaces(object: Fields, root: Path): ReadonlyMap<string, ImagePlace> {
  const names = new Set(mappings(object).flatMap((key) => MAPPING.exec(key)?.[1] ?? []));
  return new Map(
    [...names].flatMap((name) => {
      const place = mapped(object, root, name);
      return place ? [[name, place]] : [];
    }),
  );
}

/** Whether an annotation maps the field at a path. */
export function isMapped(object: Fields, root: Path, path: Path): boolean {
  return mappings(object).some((key) => mappedPath(object, root, key)?.join('.') === path.join('.'));
}

export function textAt(object: Fields, path: Path | undefined): string | undefined {
  const value = path && valueAt(object, path);
  return typeof value === 'string' ? value : undefined;
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

/** The keys of annotations that map fields. */
function mappings(object: Fields): readonly string[] {
  const annotations = valueAt(object, ['metadata', 'annotations']);
  return isFields(annotations) ? Object.keys(annotations).filter((key) => MAPPING.test(key)) : [];
}

/** Undefined unless each path leads to a distinct string in a map. */
function mapped(object: Fields, root: Path, name: string): ImagePlace | undefined {
  const paths = ['registry', 'repository', 'tag'].map((field) => mappedPath(object, root, `${field}.fluxcd.io/${name}`));
  const [registry, image, tag] = paths;
  const written = paths.filter((path) => path !== undefined);
  const apart = new Set(written.map((path) => path.join('.'))).size === written.length;
  const isText = (path: Path) => typeof path.at(-1) === 'string' && textAt(object, path) !== undefined;
  return image && apart && written.every(isText) ? { registry, image, tag } : undefined;
}

/** The path in an annotation, `image.tag` or `containers.0.image`. */
function mappedPath(object: Fields, root: Path, key: string): Path | undefined {
  const text = valueAt(object, ['metadata', 'annotations', key]);
  return typeof text === 'string' ? dottedPath(object, root, text) : undefined;
}

/** The path below `root` that a text has with dots between its keys; a number is a position where there is a list. */
export function dottedPath(object: Fields, root: Path, text: string): Path {
  const path = [...root];
  for (const step of text.split('.')) {
    const isPosition = /^\d{1,6}$/.test(step) && Array.isArray(valueAt(object, path));
    path.push(isPosition ? Number(step) : step);
  }
  return path;
}

function doesNotFit(object: Fields, container: string, image: string, place: ImagePlace): FluxError {
  const fields = [place.registry, place.image, place.tag].flatMap((path) => (path ? [path.join('.')] : []));
  const subject = `${String(object.kind).toLowerCase()}/${textAt(object, ['metadata', 'name'])}`;
  return new FluxError(`image ${image} does not fit into the fields of container ${container}`, {
    code: 'resource/image-does-not-fit',
    fault: 'user',
    help: `${subject} holds that image in ${fields.join(' and ')}. Edit them by hand.`,
  });
}
