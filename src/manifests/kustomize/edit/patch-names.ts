import { isJsonMap, type JsonMap, parseYamlDocuments } from '../../../base/index.ts';
import type { KubeObject } from '../../../resource/index.ts';
import { objectsOf } from '../../objects.ts';

/** How a patch of the kustomization may name an object. */
export interface PatchName {
  readonly name: string;
  readonly namespace?: string;
}

/**
 * The names by which a patch may find an object, likely ones first: kustomize knows it by the name that its file gives it, by those that
 * kustomizations on the way gave it, but not by the one that the kustomization of the patch gives it.
 */
export function patchNames(
  { kind, metadata }: KubeObject,
  kustomization: JsonMap,
  source: string | undefined,
): readonly PatchName[] {
  const { namePrefix, nameSuffix, namespace } = kustomization;
  const inFile = source !== undefined ? namesIn(source, kind).filter(({ name }) => metadata.name.includes(name)) : [];
  const prefix = typeof namePrefix === 'string' && metadata.name.startsWith(namePrefix) ? namePrefix : '';
  const suffix = typeof nameSuffix === 'string' && metadata.name.endsWith(nameSuffix) ? nameSuffix : '';
  const name = metadata.name.slice(prefix.length, metadata.name.length - suffix.length);
  const own = metadata.namespace === undefined || metadata.namespace === null ? {} : { namespace: metadata.namespace };
  const names: readonly PatchName[] = [
    ...inFile,
    ...(typeof namespace === 'string' ? [{ name }] : []),
    { name, ...own },
    { name },
    { name: metadata.name, ...own },
  ];
  return [...new Map(names.map((each) => [JSON.stringify([each.name, each.namespace]), each])).values()];
}

function namesIn(source: string, kind: string): readonly PatchName[] {
  return [...parseYamlDocuments(source)].flatMap((document) =>
    document.error
      ? []
      : [...objectsOf(document)].flatMap(({ value }): readonly PatchName[] => {
          if (!isJsonMap(value) || value.kind !== kind || !isJsonMap(value.metadata)) return [];
          const { name, namespace } = value.metadata;
          if (typeof name !== 'string') return [];
          return [{ name, ...(typeof namespace === 'string' ? { namespace } : {}) }];
        }),
  );
}
