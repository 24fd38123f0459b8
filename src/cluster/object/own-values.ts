import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import type { Cancellable } from '../../base/index.ts';
import { createOwnObject, type OwnObjectOptions } from './own-object.ts';

/** The texts in a ConfigMap or Secret of the daemon's own namespace. */
export interface OwnValues {
  /** Differs whenever they may differ. */
  readonly version: string;
  /** Without values that are no text. */
  readonly data: Readonly<Record<string, string>>;
}

const schema = z.object({
  metadata: z.object({ uid: z.string(), resourceVersion: z.string() }),
  data: z.record(z.string(), z.string()).nullish(),
});

/** Undefined if the object does not exist. @throws FluxError `substitution/no-namespace`, and those of the transport */
export async function readOwnValues(
  { kind, ...options }: Pick<OwnObjectOptions<unknown>, 'transport' | 'namespace' | 'name' | 'kind'>,
  cancel: Cancellable,
): Promise<OwnValues | undefined> {
  const found = await createOwnObject({ ...options, kind, schema, outside: 'substitution/no-namespace' }).read(cancel);
  if (!found) return undefined;
  const { uid, resourceVersion } = found.metadata;
  const data = Object.entries(found.data ?? {}).flatMap(([name, value]) => {
    if (kind === 'ConfigMap') return [[name, value] as const];
    const bytes = Buffer.from(value, 'base64');
    return isUtf8(bytes) ? [[name, bytes.toString('utf8')] as const] : [];
  });
  return { version: `${uid}/${resourceVersion}`, data: Object.fromEntries(data) };
}
