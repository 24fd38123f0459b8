import { type Clock, FluxError } from '../../base/index.ts';
import { isFields, type KubeObject, type Manifest, parseApiVersion } from '../../resource/index.ts';
import type { Transport } from '../connection/transport.ts';
import { conditionsOf, fieldsOf } from '../object/fields.ts';
import type { ApiResource } from './api-resource.ts';

/** The kinds that the CustomResourceDefinitions of a set define, by `group/version/Kind`. */
export type DefinedKinds = ReadonlyMap<string, { readonly resource: ApiResource; readonly crd: string }>;

export const CRD_GROUP = 'apiextensions.k8s.io';

export function isCrd(object: KubeObject): boolean {
  return (
    object.kind === 'CustomResourceDefinition' &&
    typeof object.apiVersion === 'string' &&
    parseApiVersion(object.apiVersion).group === CRD_GROUP
  );
}

/** Reads scope and path of custom kinds from their definitions, so that a definition and its objects can be in one commit. */
export function definedKinds(manifests: readonly Manifest[]): DefinedKinds {
  const kinds = new Map<string, { readonly resource: ApiResource; readonly crd: string }>();
  for (const { object } of manifests) {
    if (!isCrd(object) || !object.metadata?.name || !isFields(object.spec) || !isFields(object.spec.names)) continue;
    const { group, names, scope, versions, version } = object.spec;
    if (typeof group !== 'string' || typeof names.kind !== 'string' || typeof names.plural !== 'string') continue;
    // The API server's own rule. Otherwise a definition could give any kind a second name (S-092).
    if (object.metadata.name !== `${names.plural}.${group}`) continue;
    const listed = Array.isArray(versions) && versions.length > 0 ? versions : [{ name: version }];
    for (const each of listed) {
      if (!isFields(each) || typeof each.name !== 'string') continue;
      const resource: ApiResource = {
        group,
        version: each.name,
        kind: names.kind,
        plural: names.plural,
        namespaced: scope === 'Namespaced',
        verbs: ['delete', 'get', 'list', 'patch'],
      };
      kinds.set(`${group}/${each.name}/${names.kind}`, { resource, crd: object.metadata.name });
    }
  }
  return kinds;
}

const ESTABLISHED_MS = 60_000;

/**
 * Resolves when the API server serves the kinds of a definition.
 * @throws FluxError `cluster/crd-not-established` if its names are rejected, or after a minute.
 */
export async function waitEstablished(
  { transport, clock }: { readonly transport: Transport; readonly clock: Clock },
  name: string,
  signal?: AbortSignal,
): Promise<void> {
  const deadline = clock.monotonic() + ESTABLISHED_MS;
  for (let delayMs = 50; ; delayMs = Math.min(delayMs * 2, 1000)) {
    const { body } = await transport.request({
      path: `/apis/${CRD_GROUP}/v1/customresourcedefinitions/${encodeURIComponent(name)}`,
      signal,
    });
    const conditions = conditionsOf(fieldsOf(body));
    if (conditions.some(({ type, status }) => type === 'Established' && status === 'True')) return;
    const refused = conditions.find(
      ({ type, status, reason }) => type === 'NamesAccepted' && status === 'False' && reason !== 'NotAccepted',
    );
    if (refused || clock.monotonic() >= deadline) {
      throw new FluxError(
        `CustomResourceDefinition ${name} is not served: ${refused?.message ?? `not established within ${ESTABLISHED_MS / 1000} s`}`,
        { code: 'cluster/crd-not-established', help: `See its conditions with kubectl describe crd ${name}.` },
      );
    }
    await clock.sleep(delayMs, signal ? { signal } : {});
  }
}
