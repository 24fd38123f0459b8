import { type Fields, isFields, type Path, valueAt } from './fields.ts';
import { type ImagePlace, isImageAt, isMapped, mappedPlaces, textAt } from './image-fields.ts';

/** Flux v1's container name for the image at the top of the values. */
const TOP = 'chart-image';
const VALUES = ['spec', 'values'] as const;

/**
 * Where the images of a HelmRelease are, by container: `chart-image` first, the others by name. It has no containers of its own: the
 * images of its chart are in the chart's values. Their place is a convention, or set by annotations for charts with another one, which
 * take precedence (Flux v1's rules; docs/helm-releases.md). Invalid image references are omitted.
 */
export function helmImagePlaces(object: Fields): ReadonlyMap<string, ImagePlace> {
  const places = new Map<string, ImagePlace>();
  const add = (name: string, place: ImagePlace | undefined) => {
    if (place && isImageAt(object, place)) places.set(name, place);
  };
  const values = valueAt(object, VALUES);
  for (const name of isFields(values) ? Object.keys(values) : []) add(name, conventional(object, [...VALUES, name]));
  add(TOP, conventional(object, VALUES));
  for (const [name, place] of mappedPlaces(object, VALUES)) add(name, place);
  return new Map([...places].sort(([a], [b]) => (a === TOP ? -1 : b === TOP || a > b ? 1 : -1)));
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
  // A tag that is not a string is ignored here but used by the chart: a new tag belongs there, unless an annotation would interpret it
  // differently afterwards.
  const isIgnored = textAt(object, tag) === undefined && isMapped(object, VALUES, tag);
  return {
    registry: textAt(object, registry) === undefined ? undefined : registry,
    image: [...path, image],
    tag: valueAt(object, tag) === undefined || isIgnored ? undefined : tag,
  };
}
