import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One request as the server saw it. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What happens to a request instead of the ordinary answer. */
export type Fault =
  | { readonly status: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }
  /** Cut the connection without an answer. */
  | 'cut'
  /** Do what was asked, then cut the connection. */
  | 'cut-after'
  /** Never answer. */
  | 'hang';

export interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  readonly verbs?: readonly string[];
  /** False for kinds whose objects have no metadata.generation. */
  readonly generation?: boolean;
}

type Fields = Record<string, unknown>;
// biome-ignore lint/suspicious/noExplicitAny: tests reach into objects of many shapes
type Stored = any;

const kind = (group: string, name: string, plural: string, more: Partial<Kind> = {}): Kind => ({
  group,
  version: 'v1',
  kind: name,
  plural,
  namespaced: true,
  ...more,
});

export const KINDS: readonly Kind[] = [
  kind('', 'Namespace', 'namespaces', { namespaced: false }),
  kind('', 'ConfigMap', 'configmaps'),
  kind('', 'Secret', 'secrets'),
  kind('', 'Service', 'services'),
  kind('', 'ServiceAccount', 'serviceaccounts'),
  kind('', 'Event', 'events'),
  kind('', 'Binding', 'bindings', { verbs: ['create'] }),
  kind('', 'PersistentVolumeClaim', 'persistentvolumeclaims'),
  kind('apps', 'Deployment', 'deployments', { generation: true }),
  kind('apps', 'StatefulSet', 'statefulsets', { generation: true }),
  kind('apps', 'DaemonSet', 'daemonsets', { generation: true }),
  kind('batch', 'CronJob', 'cronjobs', { generation: true }),
  kind('admissionregistration.k8s.io', 'ValidatingWebhookConfiguration', 'validatingwebhookconfigurations', {
    namespaced: false,
    generation: true,
  }),
  kind('apiextensions.k8s.io', 'CustomResourceDefinition', 'customresourcedefinitions', { namespaced: false, generation: true }),
];

/**
 * A small double of an API server on a real socket: discovery, metadata-only lists in pages, server-side apply with one
 * managedFields entry a manager, deletes with preconditions. It records every request and can be told to misbehave.
 */
export class ApiServer {
  readonly requests: Seen[] = [];
  /** The Warning header of each answer to a PATCH. */
  warning: string | undefined;
  /** Looked at before each answer. */
  intercept: ((request: Seen) => Fault | undefined) | undefined;
  /** How discovery is served. */
  discovery: 'aggregated' | 'by-version' = 'aggregated';
  /** API versions whose discovery fails, as when an aggregated API is down. */
  stale: readonly string[] = [];
  /** Groups that discovery leaves out although they are served, as when an answer is cut short; the core group is ''. */
  absent: readonly string[] = [];
  /** Whether definitions become established as soon as they are applied. */
  establish = true;
  kinds: Kind[] = [...KINDS];
  pageSize = 500;

  readonly #server = createServer((request, response) => void this.#receive(request, response));
  readonly #sockets = new Set<Socket>();
  readonly #objects = new Map<string, Stored>();
  readonly #directory = mkdtempSync(join(tmpdir(), 'flux-cluster-'));
  #version = 100;

  async start(): Promise<this> {
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    writeFileSync(this.kubeconfigFile, JSON.stringify(this.kubeconfig()));
    return this;
  }

  async stop(): Promise<void> {
    this.disconnect();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.#directory, { recursive: true });
  }

  /** Cuts every connection; new ones are taken. */
  disconnect(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get kubeconfigFile(): string {
    return join(this.#directory, 'kubeconfig');
  }

  kubeconfig(user: Fields = { token: 'let-me-in' }, namespace?: string): Fields {
    return {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: this.url } }],
      users: [{ name: 'u', user }],
      contexts: [
        { name: 'x', context: { cluster: 'c', user: 'u', ...(namespace ? { namespace } : {}) } },
        { name: 'shop', context: { cluster: 'c', user: 'u', namespace: 'shop' } },
      ],
      'current-context': 'x',
    };
  }

  /** Requests that are not discovery, as `METHOD path`. */
  get calls(): string[] {
    return this.requests
      .filter(({ path }) => !/^\/(api|apis)(\/[^/]+){0,2}$/.test(path) || /^\/api\/v1\/./.test(path))
      .map(({ method, path }) => `${method} ${path}`);
  }

  clear(): void {
    this.requests.length = 0;
  }

  get(path: string): Stored {
    return this.#objects.get(path);
  }

  /** Puts an object there as somebody else would. */
  put(path: string, object: Fields, manager = 'kubectl'): Stored {
    const before = this.#objects.get(path);
    const metadata = { ...(object.metadata as Fields) };
    const entry = { manager, operation: 'Update', time: `2030-01-01T00:00:${this.#version % 60}Z`, fieldsV1: {} };
    const stored = {
      ...object,
      metadata: {
        uid: before?.metadata.uid ?? `uid-${this.#version}`,
        ...metadata,
        resourceVersion: String(++this.#version),
        managedFields: [...((metadata.managedFields as Fields[]) ?? before?.metadata.managedFields ?? []), entry],
      },
    };
    this.#objects.set(path, stored);
    return stored;
  }

  /** Changes an object as another manager does, who takes the fields that he names from ours. */
  edit(
    path: string,
    change: (object: Stored) => void,
    taken: readonly (readonly string[])[] = [],
    manager = 'kubectl-edit',
  ): void {
    const object = structuredClone(this.#objects.get(path));
    change(object);
    for (const field of taken) {
      const parts = field.map((part) => `f:${part}`);
      const last = parts.pop() ?? '';
      for (const entry of object.metadata.managedFields.filter((each: Stored) => each.operation === 'Apply')) {
        let at = entry.fieldsV1;
        for (const part of parts) at = at?.[part];
        if (at) delete at[last];
      }
    }
    object.metadata.resourceVersion = String(++this.#version);
    object.metadata.managedFields.push({ manager, operation: 'Update', time: '2030-01-02T00:00:00Z', fieldsV1: {} });
    this.#objects.set(path, object);
  }

  remove(path: string): void {
    this.#objects.delete(path);
  }

  paths(): string[] {
    return [...this.#objects.keys()];
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const url = new URL(request.url ?? '/', this.url);
    const seen: Seen = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    };
    this.requests.push(seen);
    const fault = this.intercept?.(seen);
    if (fault === 'cut') return void request.socket.destroy();
    if (fault === 'hang') return;
    const answer = typeof fault === 'object' ? fault : this.#answer(seen);
    if (fault === 'cut-after') return void request.socket.destroy();
    const { status, body, headers } = answer as Exclude<Fault, string>;
    const warned = seen.method === 'PATCH' && this.warning !== undefined ? { warning: this.warning } : {};
    response.writeHead(status, { 'content-type': 'application/json', ...warned, ...headers });
    response.end(body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body));
  }

  #answer(seen: Seen): Fault {
    if (seen.path === '/version') return { status: 200, body: { gitVersion: 'v1.34.4' } };
    const discovered = this.#discover(seen);
    if (discovered) return discovered;
    const place = this.#find(seen.path);
    if (!place) return { status: 404, body: '404 page not found\n' };
    if (seen.method === 'GET') return place.name === undefined ? this.#list(place, seen) : this.#read(seen.path, place.name);
    if (seen.method === 'PATCH') return this.#apply(place, seen);
    if (seen.method === 'DELETE') return this.#delete(place, seen);
    return {
      status: 405,
      body: status(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource'),
    };
  }

  #discover({ path, headers }: Seen): Fault | undefined {
    const groups = [...new Set(this.kinds.map(({ group }) => group))]
      .filter((group) => (path === '/api') === (group === ''))
      .filter((group) => !this.absent.includes(group));
    const versionsOf = (group: string) => [
      ...new Set(this.kinds.filter((each) => each.group === group).map(({ version }) => version)),
    ];
    if (path === '/api' || path === '/apis') {
      if (this.discovery === 'by-version') {
        if (path === '/api') return { status: 200, body: { kind: 'APIVersions', versions: ['v1'] } };
        const list = groups.map((name) => ({ name, versions: versionsOf(name).map((version) => ({ version })) }));
        return { status: 200, body: { kind: 'APIGroupList', groups: list } };
      }
      const items = groups.map((group) => ({
        metadata: { name: group },
        versions: versionsOf(group).map((version) => ({
          version,
          freshness: this.stale.includes(`${group}/${version}`) ? 'Stale' : 'Current',
          resources: this.kinds
            .filter((each) => each.group === group && each.version === version)
            .map((each) => ({
              resource: each.plural,
              responseKind: { group, version, kind: each.kind },
              scope: each.namespaced ? 'Namespaced' : 'Cluster',
              verbs: each.verbs ?? ALL_VERBS,
            })),
        })),
      }));
      const etag = JSON.stringify(JSON.stringify(items).length);
      if (headers['if-none-match'] === etag) return { status: 304 };
      return { status: 200, body: { kind: 'APIGroupDiscoveryList', items }, headers: { etag } };
    }
    const match = /^\/api\/([^/]+)$|^\/apis\/([^/]+)\/([^/]+)$/.exec(path);
    if (!match) return undefined;
    const [group, version] = [match[2] ?? '', match[1] ?? match[3] ?? ''];
    if (this.stale.includes(`${group}/${version}`)) return { status: 503, body: 'service unavailable' };
    const resources = this.kinds
      .filter((each) => each.group === group && each.version === version)
      .flatMap((each) => [
        { name: each.plural, kind: each.kind, namespaced: each.namespaced, verbs: each.verbs ?? ALL_VERBS },
        { name: `${each.plural}/status`, kind: each.kind, namespaced: each.namespaced, verbs: ['get'] },
      ]);
    return { status: 200, body: { kind: 'APIResourceList', resources } };
  }

  #find(path: string): Place | undefined {
    const match = /^\/(?:api\/([^/]+)|apis\/([^/]+)\/([^/]+))(?:\/namespaces\/([^/]+)(?=\/))?\/([^/]+)(?:\/([^/]+))?$/.exec(path);
    if (!match) return undefined;
    const [group, version] = [match[2] ?? '', match[1] ?? match[3] ?? ''];
    const found = this.kinds.find((each) => each.group === group && each.version === version && each.plural === match[5]);
    if (!found) return undefined;
    const decoded = (text: string | undefined) => (text === undefined ? {} : decodeURIComponent(text));
    const [namespace, name] = [decoded(match[4]), decoded(match[6])];
    return {
      kind: found,
      ...(typeof namespace === 'string' ? { namespace } : {}),
      ...(typeof name === 'string' ? { name } : {}),
    };
  }

  #list({ kind: { group, version, kind: name, plural }, namespace }: Place, { query, headers }: Seen): Fault {
    const prefix = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    const below = new RegExp(`^${prefix}/(namespaces/[^/]+/)?${plural}/[^/]+$`);
    const inside = (path: string) => below.test(path);
    const selector = query.get('labelSelector');
    const found = [...this.#objects]
      .filter(([path]) => inside(path))
      .map(([, object]) => object)
      .filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace)
      .filter(({ metadata }) => !selector || selector.split(',').every((term) => matches(metadata.labels ?? {}, term)));
    const from = Number(query.get('continue') ?? 0);
    const size = Math.min(Number(query.get('limit') ?? 1000), this.pageSize);
    const page = found.slice(from, from + size);
    const metadataOnly = headers.accept?.includes('as=PartialObjectMetadataList');
    return {
      status: 200,
      body: {
        kind: metadataOnly ? 'PartialObjectMetadataList' : `${name}List`,
        metadata: {
          resourceVersion: String(this.#version),
          ...(from + size < found.length ? { continue: String(from + size) } : {}),
        },
        // Go writes an empty list so.
        items: page.length === 0 ? null : page.map((object) => (metadataOnly ? { metadata: object.metadata } : object)),
      },
    };
  }

  #read(path: string, name: string): Fault {
    const object = this.#objects.get(decodeURIComponent(path));
    return object ? { status: 200, body: object } : { status: 404, body: notFound(name) };
  }

  #apply({ kind: found, namespace, name = '' }: Place, { path, query, body }: Seen): Fault {
    if (namespace !== undefined && !this.#objects.has(`/api/v1/namespaces/${namespace}`) && namespace !== 'default') {
      return { status: 404, body: notFound(namespace, 'namespaces', `namespaces "${namespace}" not found`) };
    }
    const wanted = JSON.parse(body) as Stored;
    const manager = query.get('fieldManager');
    const key = decodeURIComponent(path);
    const before = this.#objects.get(key);
    if (query.get('dryRun') === 'All') return { status: before ? 200 : 201, body: { ...before, ...wanted } };
    const { metadata, ...fields } = wanted;
    const entry = { manager, operation: 'Apply', time: '2030-01-01T00:00:00Z', fieldsV1: fieldSet({ ...fields, metadata }) };
    const others = (before?.metadata.managedFields ?? []).filter(
      (each: Stored) => each.operation !== 'Apply' || each.manager !== manager,
    );
    const same =
      before !== undefined &&
      includes(before, { ...fields, metadata }) &&
      before.metadata.managedFields.some((each: Stored) => JSON.stringify(each.fieldsV1) === JSON.stringify(entry.fieldsV1));
    const generation = (before?.metadata.generation ?? 0) + (before && includes(before.spec, wanted.spec) ? 0 : 1);
    const stored = same
      ? before
      : {
          ...before,
          ...fields,
          metadata: {
            ...before?.metadata,
            ...metadata,
            labels: { ...before?.metadata.labels, ...metadata.labels },
            annotations: { ...before?.metadata.annotations, ...metadata.annotations },
            uid: before?.metadata.uid ?? `uid-${this.#version}`,
            resourceVersion: String(++this.#version),
            ...(found.generation ? { generation } : {}),
            managedFields: [...others, entry],
          },
        };
    if (found.kind === 'CustomResourceDefinition' && this.establish) this.establishCrd(stored);
    this.#objects.set(key, stored);
    const view = { kind: 'PartialObjectMetadata', metadata: { ...stored.metadata, name } };
    return { status: before ? 200 : 201, body: view };
  }

  /** Serves the kinds of a definition from now on. */
  establishCrd(crd: Stored): void {
    crd.status = { conditions: [{ type: 'Established', status: 'True' }] };
    for (const { name } of crd.spec.versions) {
      const { kind: custom, plural } = crd.spec.names;
      const added = {
        group: crd.spec.group,
        version: name,
        kind: custom,
        plural,
        namespaced: crd.spec.scope === 'Namespaced',
        generation: true,
      };
      if (!this.kinds.some((each) => each.group === added.group && each.kind === custom && each.version === name))
        this.kinds.push(added);
    }
  }

  #delete({ name = '' }: Place, { path, body }: Seen): Fault {
    const key = decodeURIComponent(path);
    const object = this.#objects.get(key);
    if (!object) return { status: 404, body: notFound(name) };
    const { preconditions } = JSON.parse(body) as { preconditions: Fields };
    const { uid, resourceVersion } = object.metadata;
    if (preconditions.uid !== uid || preconditions.resourceVersion !== resourceVersion) {
      return { status: 409, body: status(409, 'Conflict', 'Precondition failed') };
    }
    if (object.metadata.finalizers?.length > 0) {
      this.edit(key, ({ metadata }) => {
        metadata.deletionTimestamp ??= '2030-01-01T00:00:00Z';
      });
      return { status: 200, body: this.#objects.get(key) };
    }
    this.#objects.delete(key);
    return { status: 200, body: status(200, '', '') };
  }
}

interface Place {
  readonly kind: Kind;
  readonly namespace?: string;
  readonly name?: string;
}

const ALL_VERBS = ['create', 'delete', 'get', 'list', 'patch', 'update'];

export function status(code: number, reason: string, message: string, details: Fields = {}): Fields {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason, details, code };
}

/** A 422 with the causes that the API server lists beside its sentence. */
export function invalid(message: string): { readonly status: number; readonly body: Fields } {
  const said = message.slice(message.indexOf(' is invalid: ') + ' is invalid: '.length);
  const each = /^\[.*\]$/s.test(said) ? said.slice(1, -1).split(/, (?=[a-z][\w.[\]]*: )/) : [said];
  const causes = each.map((text) => ({ field: text.slice(0, text.indexOf(': ')), message: text.slice(text.indexOf(': ') + 2) }));
  return { status: 422, body: status(422, 'Invalid', message, { causes }) };
}

export function notFound(name: string, kindName = 'objects', message = `${kindName} "${name}" not found`): Fields {
  return status(404, 'NotFound', message, { name, kind: kindName });
}

function matches(labels: Record<string, string>, term: string): boolean {
  const [key = '', value] = term.split('=');
  return value === undefined ? key in labels : labels[key] === value;
}

/** The leaves of an object as managedFields writes them; lists are leaves here. */
function fieldSet(value: Stored): Fields {
  return Object.fromEntries(
    Object.entries(value as Fields)
      .filter(([field]) => field !== 'apiVersion' && field !== 'kind' && field !== 'name' && field !== 'namespace')
      .map(([field, inner]) => [
        `f:${field}`,
        typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? fieldSet(inner) : {},
      ]),
  );
}

function includes(whole: Stored, part: Stored): boolean {
  if (typeof part !== 'object' || part === null || Array.isArray(part)) return JSON.stringify(whole) === JSON.stringify(part);
  return Object.entries(part).every(([field, inner]) => includes(whole?.[field], inner));
}
