import { hasCode } from '../../base/index.ts';
import { isFields, type KubeObject } from '../../resource/index.ts';
import type { Transport } from '../connection/transport.ts';
import { isPathSegment } from '../discovery/api-resource.ts';
import type { AllowedNamespaces } from '../scope/allowed-namespaces.ts';

/** Kinds of the core group that image pulls refer to. */
export type CoreKind = 'Secret' | 'ServiceAccount';

const PLURALS = { Secret: 'secrets', ServiceAccount: 'serviceaccounts' } as const;
const ABSENT: readonly string[] = ['cluster/not-found', 'cluster/forbidden', 'cluster/namespace-missing'];

/** Reads one object in full; undefined if it is absent, forbidden, or outside of the allowed namespaces. */
export async function readCore(
  { kind, namespace, name }: { readonly kind: CoreKind; readonly namespace: string; readonly name: string },
  { transport, allowed }: { readonly transport: Pick<Transport, 'request'>; readonly allowed: AllowedNamespaces },
  signal?: AbortSignal,
): Promise<KubeObject | undefined> {
  if (!isPathSegment(namespace) || !isPathSegment(name)) return undefined;
  const plural = PLURALS[kind];
  if (!allowed.allows({ group: '', plural, namespaced: true }, namespace, name)) return undefined;
  try {
    const { body } = await transport.request({
      path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/${plural}/${encodeURIComponent(name)}`,
      signal,
    });
    if (!isFields(body) || body.kind !== kind || !isFields(body.metadata)) return undefined;
    return { ...body, apiVersion: 'v1', kind, metadata: { ...body.metadata, name } };
  } catch (error) {
    if (hasCode(error, ...ABSENT)) return undefined;
    throw error;
  }
}
