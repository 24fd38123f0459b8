import { type Fields, imageFieldChanges, isFields, type KubeObject, type Path, podSpecPath, valueAt } from '../resource/index.ts';

/** What was asked of one object. */
export interface Asked {
  /** New images by container. */
  readonly images: ReadonlyMap<string, string>;
  /** New values by annotation key; null removes. */
  readonly annotations: ReadonlyMap<string, string | null>;
}

/**
 * The first path at which an object differs after an update, other than in the images and annotations that were asked for; undefined if
 * there is none. Without the values, which may be secret.
 */
export function unaskedChange(before: KubeObject, after: KubeObject, { images, annotations }: Asked): string | undefined {
  const asked = new Set(
    [...images].flatMap(([container, image]) => imagePaths(before, container, image)).map((path) => JSON.stringify(path)),
  );
  return difference(without(before, annotations), without(after, annotations), [], asked)?.join('.');
}

/** An object without the annotations that may differ; none and an empty map are the same. */
function without(object: KubeObject, asked: Asked['annotations']): Fields {
  if (asked.size === 0) return object;
  const others = Object.entries(object.metadata.annotations ?? {}).filter(([key]) => !asked.has(key));
  return { ...object, metadata: { ...object.metadata, annotations: Object.fromEntries(others) } };
}

function imagePaths(object: KubeObject, container: string, image: string): readonly Path[] {
  const podSpec = podSpecPath(object);
  if (!podSpec) return (imageFieldChanges(object, container, image) ?? []).map(({ path }) => path);
  return ['containers', 'initContainers'].flatMap((list) => {
    const containers = valueAt(object, [...podSpec, list]);
    if (!Array.isArray(containers)) return [];
    return containers.flatMap((each, index) =>
      isFields(each) && each.name === container ? [[...podSpec, list, index, 'image']] : [],
    );
  });
}

function difference(before: unknown, after: unknown, path: Path, asked: ReadonlySet<string>): Path | undefined {
  if (Object.is(before, after) || asked.has(JSON.stringify(path))) return undefined;
  if (Array.isArray(before) && Array.isArray(after)) {
    if (before.length !== after.length) return path;
    return firstOf(before.keys(), (index) => difference(before[index], after[index], [...path, index], asked));
  }
  if (!isFields(before) || !isFields(after)) return path;
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return firstOf(keys, (key) => difference(before[key], after[key], [...path, key], asked));
}

function firstOf<T>(items: Iterable<T>, find: (item: T) => Path | undefined): Path | undefined {
  for (const item of items) {
    const found = find(item);
    if (found) return found;
  }
  return undefined;
}
