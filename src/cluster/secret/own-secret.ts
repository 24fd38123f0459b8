import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { type Cancellable, FluxError, hasCode, messageOf } from '../../base/index.ts';
import { parseAnswer } from '../connection/parse-answer.ts';
import { secretValues, withoutSecretData } from '../connection/status-error.ts';
import type { ApiResponse } from '../connection/transport.ts';
import { createOwnObject, type OwnObjectOptions } from '../object/own-object.ts';

export type OwnSecretOptions = Pick<OwnObjectOptions<unknown>, 'transport' | 'namespace' | 'name'>;

/** A Secret as it was read. */
export interface SecretState {
  /** Its resourceVersion. */
  readonly version: string;
  readonly data: ReadonlyMap<string, Buffer>;
  readonly annotations: ReadonlyMap<string, string>;
}

/** What to set; null removes a key. Keys that are not named stay as they are. */
export interface SecretChange {
  readonly data?: Readonly<Record<string, Buffer | null>>;
  readonly annotations?: Readonly<Record<string, string | null>>;
}

export interface SecretWrite extends Cancellable {
  /** The version that the change was made for, or `absent`. Without one, the change is made to any version. */
  readonly expected?: string;
}

/** One Secret in the daemon's own namespace. */
export interface OwnSecret {
  readonly name: string;
  /** @throws FluxError `secret/no-namespace` outside of the cluster. */
  namespace(): Promise<string>;
  /** Undefined when the Secret does not exist. @throws FluxError as `namespace` does, and those of the transport. */
  read(options?: Cancellable): Promise<SecretState | undefined>;
  /**
   * Changes the Secret, or creates it, and resolves to what is stored then. Safe to repeat, also after a lost answer.
   * @throws FluxError `secret/conflict` when it is not the version that was expected, and as `read` does.
   */
  write(change: SecretChange, options?: SecretWrite): Promise<SecretState>;
}

/** As `expected`: the Secret must not exist. */
export const ABSENT = 'absent';

const schema = z.object({
  metadata: z.object({
    resourceVersion: z.string().min(1),
    annotations: z.record(z.string(), z.string()).nullish(),
  }),
  data: z.record(z.string(), z.string()).nullish(),
});

/** A Secret that only this daemon and its kind write. Errors quote no value of it. */
export function createOwnSecret({ transport, namespace, name }: OwnSecretOptions): OwnSecret {
  const own = createOwnObject({
    ...{ transport, namespace, name, kind: 'Secret', schema, outside: 'secret/no-namespace' },
    writeError: withoutValues,
  });

  async function read(cancel?: Cancellable): Promise<SecretState | undefined> {
    const found = await own.read(cancel);
    return found && stateOf(found);
  }

  async function written({ body }: ApiResponse): Promise<SecretState> {
    return stateOf(parseAnswer(schema, body, { path: await own.path(), kind: 'Secret' }));
  }

  function withoutValues(error: unknown, body: Readonly<Record<string, unknown>>): unknown {
    // Who may not do what stays readable.
    const isSafe =
      hasCode(error, 'cluster/forbidden') && !secretValues(body.data).some((value) => messageOf(error).includes(value));
    return error instanceof FluxError && !isSafe ? withoutSecretData(error, body, name) : error;
  }

  async function writeAnyVersion(change: SecretChange, cancel: Cancellable): Promise<SecretState> {
    try {
      return await written(await own.put(patchOf(change), contentOf(change), cancel));
    } catch (error) {
      throw hasCode(error, 'cluster/not-found') ? conflict('it is created and deleted by another client', error) : error;
    }
  }

  async function writeVersion(change: SecretChange, expected: string, options: Cancellable): Promise<SecretState> {
    let refusal: unknown;
    try {
      const answer = await (expected === ABSENT
        ? own.create(contentOf(change), options)
        : own.patch(patchOf(change, expected), options));
      if (answer) return await written(answer);
    } catch (error) {
      if (!hasCode(error, 'cluster/conflict')) throw error;
      refusal = error;
    }
    // The transport repeats a request whose answer was lost: then the version is ours.
    const state = await read(options);
    if (state && contains(state, change)) return state;
    throw conflict('it was changed at the same time', refusal);
  }

  function conflict(why: string, cause?: unknown): FluxError {
    return new FluxError(`Secret ${name}: ${why}`, { code: 'secret/conflict', ...(cause === undefined ? {} : { cause }) });
  }

  return {
    name,
    namespace: own.namespace,
    read,
    write: (change, { expected, ...options } = {}) =>
      expected === undefined ? writeAnyVersion(change, options) : writeVersion(change, expected, options),
  };
}

function stateOf({ metadata, data }: z.infer<typeof schema>): SecretState {
  return {
    version: metadata.resourceVersion,
    data: new Map(Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')])),
    annotations: new Map(Object.entries(metadata.annotations ?? {})),
  };
}

/** As a merge patch, of this version if one is expected. */
function patchOf({ data, annotations }: SecretChange, expected?: string) {
  const metadata = { ...(annotations ? { annotations } : {}), ...(expected ? { resourceVersion: expected } : {}) };
  return { metadata, ...(data ? { data: encoded(Object.entries(data)) } : {}) };
}

/** A new Secret; nothing is removed from it. */
function contentOf({ data, annotations }: SecretChange) {
  const kept = <T>(values: Readonly<Record<string, T | null>>) => Object.entries(values).filter(([, value]) => value !== null);
  return {
    metadata: annotations ? { annotations: Object.fromEntries(kept(annotations)) } : {},
    type: 'Opaque',
    ...(data ? { data: encoded(kept(data)) } : {}),
  };
}

function encoded(data: readonly (readonly [string, Buffer | null])[]): Readonly<Record<string, string | null>> {
  return Object.fromEntries(data.map(([key, value]) => [key, value?.toString('base64') ?? null]));
}

function contains(state: SecretState, { data = {}, annotations = {} }: SecretChange): boolean {
  const holds = <T>(stored: ReadonlyMap<string, T>, wanted: Readonly<Record<string, T | null>>) =>
    Object.entries(wanted).every(([key, value]) => isDeepStrictEqual(stored.get(key) ?? null, value));
  return holds(state.data, data) && holds(state.annotations, annotations);
}
