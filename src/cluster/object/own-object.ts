import type { z } from 'zod';
import { type Cancellable, FluxError, hasCode } from '../../base/index.ts';
import { parseAnswer } from '../connection/parse-answer.ts';
import type { ApiResponse, Transport } from '../connection/transport.ts';

export interface OwnObjectOptions<T> {
  readonly transport: Pick<Transport, 'request'>;
  /** The daemon's own namespace; undefined outside of the cluster. */
  readonly namespace: () => Promise<string | undefined>;
  readonly name: string;
  readonly kind: 'ConfigMap' | 'Secret';
  /** What is read of it. */
  readonly schema: z.ZodType<T>;
  /** Code of the error outside of the cluster. */
  readonly outside: string;
  /** The error to throw for that of a write; it must not quote the body of a Secret. */
  readonly writeError?: (error: unknown, body: Body) => unknown;
}

type Body = Readonly<Record<string, unknown>>;

/** What is in a new object besides its kind and name. */
type Content = Body & { readonly metadata?: Body };

interface Write {
  readonly method: 'PATCH' | 'POST';
  readonly path: string;
  readonly type: string;
  readonly body: Body;
}

/** A write that meets another daemon's creation or deletion is repeated so often. */
const ATTEMPTS = 3;
const PLURALS = { ConfigMap: 'configmaps', Secret: 'secrets' } as const;

/** One object of the core group in the daemon's own namespace, which only this daemon and its kind write. */
export function createOwnObject<T>(options: OwnObjectOptions<T>) {
  const { transport, name, kind, schema, outside, writeError = (error) => error } = options;

  /** @throws FluxError with the code for outside of the cluster. */
  async function namespace(): Promise<string> {
    const own = await options.namespace();
    if (own !== undefined) return own;
    throw new FluxError('fluxd runs outside of the cluster, and has no namespace there', { code: outside });
  }

  async function collection(): Promise<string> {
    return `/api/v1/namespaces/${encodeURIComponent(await namespace())}/${PLURALS[kind]}`;
  }

  async function path(): Promise<string> {
    return `${await collection()}/${name}`;
  }

  /** Undefined if it does not exist. */
  async function read({ signal }: Cancellable = {}): Promise<T | undefined> {
    const place = await path();
    try {
      return parseAnswer(schema, (await transport.request({ path: place, signal })).body, { path: place, kind });
    } catch (error) {
      if (hasCode(error, 'cluster/not-found')) return undefined;
      throw error;
    }
  }

  /** Undefined if the server answers with the code `unless`. */
  async function send(
    { method, path, type, body }: Write,
    { signal }: Cancellable,
    unless: string | undefined,
  ): Promise<ApiResponse | undefined> {
    const headers = { 'content-type': type };
    try {
      return await transport.request({ method, path, headers, body: JSON.stringify(body), signal });
    } catch (error) {
      if (unless !== undefined && hasCode(error, unless)) return undefined;
      throw writeError(error, body);
    }
  }

  async function mergePatch(body: Body, cancel: Cancellable, unless: string | undefined): Promise<ApiResponse | undefined> {
    return send({ method: 'PATCH', path: await path(), type: 'application/merge-patch+json', body }, cancel, unless);
  }

  /** Undefined if it does not exist. */
  function patch(change: Body, cancel: Cancellable): Promise<ApiResponse | undefined> {
    return mergePatch(change, cancel, 'cluster/not-found');
  }

  /** Undefined if it exists. */
  async function create({ metadata, ...content }: Content, cancel: Cancellable): Promise<ApiResponse | undefined> {
    const body = { apiVersion: 'v1', kind, metadata: { name, ...metadata }, ...content };
    return send({ method: 'POST', path: await collection(), type: 'application/json', body }, cancel, 'cluster/conflict');
  }

  /**
   * Applies a merge patch, or creates the object. Safe to repeat, also after a lost answer.
   * @throws FluxError `cluster/not-found` if other clients create and delete it all the time, and those of the transport
   */
  async function put(change: Body, content: Content, cancel: Cancellable): Promise<ApiResponse> {
    for (let attempt = 1; ; attempt += 1) {
      const isLast = attempt === ATTEMPTS;
      const written =
        (await mergePatch(change, cancel, isLast ? undefined : 'cluster/not-found')) ?? (await create(content, cancel));
      if (written) return written;
    }
  }

  return { namespace, path, read, patch, create, put };
}
