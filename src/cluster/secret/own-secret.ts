import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { type Cancellable, FluxError, hasCode, messageOf } from '../../base/index.ts';
import { secretValues, withoutSecretData } from '../connection/status-error.ts';
import type { Transport } from '../connection/transport.ts';

export interface OwnSecretOptions {
  readonly transport: Pick<Transport, 'request'>;
  /** The daemon's own namespace; undefined outside of the cluster. */
  readonly namespace: () => Promise<string | undefined>;
  readonly name: string;
}

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

/** A write without precondition that meets another daemon's creation or deletion is repeated so often. */
const ATTEMPTS = 3;

/** A Secret that only this daemon and its kind write. Errors quote no value of it. */
export function createOwnSecret({ transport, namespace, name }: OwnSecretOptions): OwnSecret {
  async function ownNamespace(): Promise<string> {
    const own = await namespace();
    if (own !== undefined) return own;
    throw new FluxError('fluxd runs outside of the cluster, and has no namespace there', { code: 'secret/no-namespace' });
  }

  async function collection(): Promise<string> {
    return `/api/v1/namespaces/${encodeURIComponent(await ownNamespace())}/secrets`;
  }

  async function read({ signal }: Cancellable = {}): Promise<SecretState | undefined> {
    const path = `${await collection()}/${name}`;
    try {
      return stateOf((await transport.request({ path, signal })).body, path);
    } catch (error) {
      if (hasCode(error, 'cluster/not-found')) return undefined;
      throw error;
    }
  }

  /** Undefined when the Secret does not exist. */
  async function patch(change: SecretChange, { expected, signal }: SecretWrite): Promise<SecretState | undefined> {
    const path = `${await collection()}/${name}`;
    const { data, annotations } = encoded(change);
    const metadata = { ...(annotations ? { annotations } : {}), ...(expected ? { resourceVersion: expected } : {}) };
    const body = { metadata, ...(data ? { data } : {}) };
    const headers = { 'content-type': 'application/merge-patch+json' };
    try {
      const response = await transport.request({ method: 'PATCH', path, headers, body: JSON.stringify(body), signal });
      return stateOf(response.body, path);
    } catch (error) {
      if (hasCode(error, 'cluster/not-found')) return undefined;
      throw withoutValues(error, body);
    }
  }

  /** Undefined when the Secret exists. */
  async function create(change: SecretChange, { signal }: Cancellable): Promise<SecretState | undefined> {
    const path = await collection();
    const { data, annotations } = encoded(change, { isNew: true });
    const metadata = { name, ...(annotations ? { annotations } : {}) };
    const body = { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', ...(data ? { data } : {}) };
    const headers = { 'content-type': 'application/json' };
    try {
      const response = await transport.request({ method: 'POST', path, headers, body: JSON.stringify(body), signal });
      return stateOf(response.body, path);
    } catch (error) {
      if (hasCode(error, 'cluster/conflict')) return undefined;
      throw withoutValues(error, body);
    }
  }

  function withoutValues(error: unknown, body: Readonly<Record<string, unknown>>): unknown {
    // Who may not do what stays readable.
    const isSafe =
      hasCode(error, 'cluster/forbidden') && !secretValues(body.data).some((value) => messageOf(error).includes(value));
    return error instanceof FluxError && !isSafe ? withoutSecretData(error, body, name) : error;
  }

  async function writeAnyVersion(change: SecretChange, options: Cancellable): Promise<SecretState> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const written = (await patch(change, options)) ?? (await create(change, options));
      if (written) return written;
    }
    throw conflict('it is created and deleted by another client');
  }

  async function writeVersion(change: SecretChange, expected: string, options: Cancellable): Promise<SecretState> {
    let refusal: unknown;
    try {
      const written = await (expected === ABSENT ? create(change, options) : patch(change, { ...options, expected }));
      if (written) return written;
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
    namespace: ownNamespace,
    read,
    write: (change, { expected, ...options } = {}) =>
      expected === undefined ? writeAnyVersion(change, options) : writeVersion(change, expected, options),
  };
}

function stateOf(body: unknown, path: string): SecretState {
  const parsed = schema.safeParse(body);
  if (!parsed.success)
    throw new FluxError(`${path}: the response is not a Secret`, { code: 'cluster/bad-answer', cause: parsed.error });
  const { metadata, data } = parsed.data;
  return {
    version: metadata.resourceVersion,
    data: new Map(Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')])),
    annotations: new Map(Object.entries(metadata.annotations ?? {})),
  };
}

/** As the API server reads it; nothing is removed from a new Secret. */
function encoded({ data, annotations }: SecretChange, { isNew = false } = {}) {
  const kept = <T>(entries: readonly (readonly [string, T | null])[]) =>
    Object.fromEntries(isNew ? entries.filter(([, value]) => value !== null) : entries);
  return {
    data: data && kept(Object.entries(data).map(([key, value]) => [key, value?.toString('base64') ?? null])),
    annotations: annotations && kept(Object.entries(annotations)),
  };
}

function contains(state: SecretState, { data = {}, annotations = {} }: SecretChange): boolean {
  const holds = <T>(stored: ReadonlyMap<string, T>, wanted: Readonly<Record<string, T | null>>) =>
    Object.entries(wanted).every(([key, value]) => isDeepStrictEqual(stored.get(key) ?? null, value));
  return holds(state.data, data) && holds(state.annotations, annotations);
}
