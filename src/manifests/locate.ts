import {
  FluxError,
  findEntry,
  isJsonMap,
  parseYamlDocument,
  type YamlDocument,
  type YamlMapping,
  type YamlNode,
} from '../base/index.ts';
import { type ObjectSource, objectsOf } from './objects.ts';

/** An object in a file, by its location; kind and name verify that it is still the same. */
export interface EditTarget {
  readonly document: number;
  readonly item?: number;
  readonly kind: string;
  readonly name: string;
}

export interface LocatedObject extends ObjectSource {
  readonly document: YamlDocument;
}

/** @throws FluxError `manifests/not-found`, or the document's own error. */
export function locateObject(text: string, target: EditTarget): LocatedObject {
  return locateIn(readDocument(text, target), target);
}

/** The document of an object. @throws FluxError `manifests/not-found`, or the document's own error. */
export function readDocument(text: string, target: EditTarget): YamlDocument {
  const document = parseYamlDocument(text, target.document);
  if (!document) throw notFound(`${describeTarget(target)} (the file has no document ${target.document})`);
  if (document.error) throw document.error;
  return document;
}

/** @throws FluxError `manifests/not-found`. */
export function locateIn(document: YamlDocument, target: EditTarget): LocatedObject {
  for (const source of objectsOf(document)) {
    if (source.item !== target.item || !isJsonMap(source.value)) continue;
    const { kind, metadata } = source.value;
    const sameKind = typeof kind === 'string' && kind.toLowerCase() === target.kind.toLowerCase();
    if (sameKind && isJsonMap(metadata) && metadata.name === target.name) return { ...source, document };
  }
  throw notFound(describeTarget(target));
}

/**
 * Follows a path of keys and list positions to a map whose text belongs only to this object.
 * @throws FluxError `manifests/shared-anchor` if an alias or a merge key shares it with another place.
 */
export function ownMapping(located: LocatedObject, path: readonly (string | number)[], target: EditTarget): YamlMapping {
  let node: YamlNode = located.document.root;
  for (const step of [...located.path, ...path]) {
    refuseShared(node, target);
    const next: YamlNode | undefined = typeof step === 'number' ? itemOf(node, step) : valueUnder(node, step, target);
    if (!next) throw notFound(`${String(step)} of ${describeTarget(target)}`);
    node = next;
  }
  refuseShared(node, target);
  if (node.kind !== 'mapping') throw notFound(`${path.join('.')} of ${describeTarget(target)}`);
  return node;
}

/** @throws FluxError `manifests/shared-anchor` if changing the node would also change another place. */
export function refuseShared(node: YamlNode, target: EditTarget): void {
  if (node.kind === 'alias' || node.shared) throw sharedText('an anchor', target);
}

export function sharedText(by: 'an anchor' | 'a merge key <<', target: EditTarget): FluxError {
  return new FluxError(`${describeTarget(target)} shares its text with another place through ${by}`, {
    code: 'manifests/shared-anchor',
    fault: 'user',
    help: 'Editing it would also change the other place, so nothing was changed. Write the value out in both places.',
  });
}

export function notFound(what: string): FluxError {
  return new FluxError(`${what} not found in the file`, {
    code: 'manifests/not-found',
    fault: 'user',
    help: 'The file may have changed since it was read. Retry on the newest revision.',
  });
}

export function describeTarget({ kind, name }: EditTarget): string {
  return `${kind.toLowerCase()}/${name}`;
}

function itemOf(node: YamlNode, index: number): YamlNode | undefined {
  return node.kind === 'sequence' ? node.items[index] : undefined;
}

function valueUnder(node: YamlNode, key: string, target: EditTarget): YamlNode | undefined {
  if (node.kind !== 'mapping') return undefined;
  const entry = findEntry(node, key);
  if (entry?.merged) throw sharedText('a merge key <<', target);
  return entry?.pair.value;
}
