import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { load } from 'js-yaml';
import { z } from 'zod';

const fields = z.record(z.string(), z.unknown());
const kubeconfigSchema = z.object({
  'current-context': z.string(),
  clusters: z.array(z.object({ name: z.string(), cluster: fields })),
  users: z.array(z.object({ name: z.string(), user: fields })),
  contexts: z.array(z.object({ name: z.string(), context: z.object({ cluster: z.string(), user: z.string() }) })),
});

/** How to reach an API server and who to be there. */
export interface Endpoint {
  readonly server: URL;
  readonly tls: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer; readonly rejectUnauthorized?: boolean };
  readonly headers: Readonly<Record<string, string>>;
}

/** Reads the current context of a kubeconfig. Certificates and tokens only: a disposable cluster needs no more. */
export function readKubeconfig(path: string): Endpoint {
  const config = kubeconfigSchema.parse(load(readFileSync(path, 'utf8')));
  const pick = <T extends { readonly name: string }>(list: readonly T[], name: string): T => {
    const found = list.find((entry) => entry.name === name);
    if (!found) throw new Error(`${path}: no entry named ${name}`);
    return found;
  };
  const { context } = pick(config.contexts, config['current-context']);
  const { cluster } = pick(config.clusters, context.cluster);
  const { user } = pick(config.users, context.user);
  if (user.exec !== undefined) throw new Error(`${path}: exec credentials are not supported by the tests`);
  const material = (from: Readonly<Record<string, unknown>>, name: string) => {
    const data = from[`${name}-data`];
    const file = from[name];
    return data ? Buffer.from(String(data), 'base64') : file ? readFileSync(String(file)) : undefined;
  };
  const ca = material(cluster, 'certificate-authority');
  const cert = material(user, 'client-certificate');
  const key = material(user, 'client-key');
  return {
    server: new URL(String(cluster.server)),
    tls: {
      ...(ca ? { ca } : {}),
      ...(cert ? { cert } : {}),
      ...(key ? { key } : {}),
      ...(cluster['insecure-skip-tls-verify'] ? { rejectUnauthorized: false } : {}),
    },
    headers: user.token ? { authorization: `Bearer ${user.token}` } : {},
  };
}

/** A Kubernetes object as JSON; the tests look into it as they like. */
export interface KubeJson {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation?: number;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly managedFields?: readonly { readonly manager: string; readonly operation: string }[];
  };
  // biome-ignore lint/suspicious/noExplicitAny: any kind of object; a wrong path in a test shows as a failed expectation
  readonly [field: string]: any;
}

export class KubeError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What a person does with kubectl: a few verbs on plain API paths such as `apis/apps/v1/namespaces/shop/deployments/cart`. */
export interface KubeClient {
  get(path: string): Promise<KubeJson>;
  /** The object, or undefined when it does not exist. */
  find(path: string): Promise<KubeJson | undefined>;
  list(path: string): Promise<readonly KubeJson[]>;
  create(path: string, object: object): Promise<KubeJson>;
  /** A merge patch, as a person's `kubectl edit` sends. */
  patch(path: string, patch: object): Promise<KubeJson>;
  /** A forced server-side apply, as other controllers send. */
  apply(path: string, object: object, fieldManager: string): Promise<KubeJson>;
  delete(path: string): Promise<void>;
  close(): void;
}

export function createKubeClient(endpoint: Endpoint): KubeClient {
  const secure = endpoint.server.protocol === 'https:';
  const agent = secure ? new Agent({ keepAlive: true, ...endpoint.tls }) : undefined;

  const send = (method: string, path: string, body?: object, contentType = 'application/json') =>
    new Promise<KubeJson>((resolve, reject) => {
      const request = (secure ? httpsRequest : httpRequest)(
        new URL(path, endpoint.server),
        {
          method,
          ...(agent ? { agent } : {}),
          headers: { ...endpoint.headers, accept: 'application/json', 'content-type': contentType },
        },
        async (response) => {
          const chunks: Buffer[] = [];
          for await (const chunk of response) chunks.push(chunk);
          const text = Buffer.concat(chunks).toString();
          const status = response.statusCode ?? 0;
          if (status >= 300) return reject(new KubeError(status, `${method} ${path}: ${status} ${text}`));
          resolve(JSON.parse(text));
        },
      );
      request.on('error', reject);
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });

  const find = async (path: string) => {
    try {
      return await send('GET', path);
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return undefined;
      throw error;
    }
  };
  return {
    get: (path) => send('GET', path),
    find,
    list: async (path) => (await send('GET', path)).items,
    create: (path, object) => send('POST', path, object),
    patch: (path, patch) => send('PATCH', `${path}?fieldManager=kubectl-edit`, patch, 'application/merge-patch+json'),
    apply: (path, object, fieldManager) =>
      send('PATCH', `${path}?fieldManager=${fieldManager}&force=true`, object, 'application/apply-patch+yaml'),
    delete: async (path) => {
      await send('DELETE', path);
    },
    close: () => agent?.destroy(),
  };
}
