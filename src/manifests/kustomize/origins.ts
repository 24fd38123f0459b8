import { FluxError, isJsonMap, type JsonMap, parseYamlDocuments } from '../../base/index.ts';
import { decodeText } from '../decode.ts';
import { addToText } from '../patch/add-to-text.ts';
import { spliceDocument } from '../splice-document.ts';

/** What kustomize adds to each object with `buildMetadata: [originAnnotations]`. */
const ANNOTATION = 'config.kubernetes.io/origin';
const ORIGINS = { buildMetadata: ['originAnnotations'] };

/**
 * A kustomization that also asks for the origin of each object; undefined if it asks for metadata itself, which its objects then have, or
 * if its layout does not allow an addition.
 */
export function withOrigins(content: Buffer): Buffer | undefined {
  try {
    const text = decodeText(content);
    const documents = parseYamlDocuments(text);
    const { value: document } = documents.next();
    if (
      !document ||
      document.error ||
      !documents.next().done ||
      !isJsonMap(document.value) ||
      document.value.buildMetadata !== undefined
    )
      return undefined;
    const edits = addToText(document.text, document.root, document.value, { ...document.value, ...ORIGINS });
    return edits ? Buffer.from(spliceDocument(text, document, edits)) : undefined;
  } catch (error) {
    if (error instanceof FluxError) return undefined;
    throw error;
  }
}

/** An object without the annotation, and the file that it names, relative to the folder of the kustomization. */
export function takeOrigin(object: JsonMap): { readonly object: JsonMap; readonly origin?: string } {
  const { metadata } = object;
  if (!isJsonMap(metadata) || !isJsonMap(metadata.annotations)) return { object };
  const { [ANNOTATION]: origin, ...annotations } = metadata.annotations;
  if (typeof origin !== 'string') return { object };
  const { annotations: _, ...rest } = metadata;
  const file = fileOf(origin);
  return {
    object: { ...object, metadata: Object.keys(annotations).length === 0 ? rest : { ...rest, annotations } },
    ...(file === undefined ? {} : { origin: file }),
  };
}

/** What kustomize names, which is YAML: a name may need quotes. */
function fileOf(origin: string): string | undefined {
  const [document] = [...parseYamlDocuments(origin)];
  const { path, configuredIn } = document && !document.error && isJsonMap(document.value) ? document.value : {};
  return [path, configuredIn].find((each) => typeof each === 'string');
}
