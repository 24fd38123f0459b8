import type { Clock } from '../../base/index.ts';
import { parseBody, parseObject, parseYamlBody } from './body.ts';
import { type Catalog, type Resource, storageKey } from './catalog.ts';
import type { DeleteOptions } from './deletion.ts';
import { inVersion, type Place } from './identity.ts';
import { asObject, asString, isObject, type Json, type JsonObject } from './json.ts';
import { serveLog } from './log-requests.ts';
import { type KubeObject, metaOf } from './object.ts';
import type { Objects, WriteOptions } from './objects.ts';
import { jsonPatch, mergePatch, strategicMerge } from './patch.ts';
import type { PodLogStore } from './pod-logs.ts';
import { createLister, type Lister, matchOf, watch } from './read.ts';
import { type Representation, representationOf, representList, representOne } from './representation.ts';
import { parseResourcePath } from './route.ts';
import { scaleOf, withScale } from './scale.ts';
import type { ApiRequest, ApiResponse } from './server.ts';
import {
  ApiError,
  badRequest,
  cause,
  forbidden,
  invalid,
  methodNotAllowed,
  noSuchResource,
  notFound,
  PlainError,
} from './status.ts';
import type { Store } from './store.ts';

export interface ResourceRequestsOptions {
  readonly catalog: Catalog;
  readonly store: Store;
  readonly objects: Objects;
  readonly clock: Clock;
  readonly logs: PodLogStore;
  /** Milliseconds between bookmarks on an idle watch. */
  readonly bookmarkIntervalMs: number;
}

export interface ResourceRequests {
  handle(request: ApiRequest, response: ApiResponse): void;
  /** Invalidates the continue tokens of earlier lists. */
  forget(): void;
}

const PROTECTED_NAMESPACES = new Set(['default', 'kube-system', 'kube-public']);

/** Requests for objects: finds the resource, parses the options, calls the read or write half, and formats the response. */
export function createResourceRequests(options: ResourceRequestsOptions): ResourceRequests {
  const lister = createLister(options.store);
  return {
    forget: lister.forget,
    handle: (request, response) => {
      const route = parseResourcePath(request.path);
      const served =
        route && options.catalog.all().some(({ group, version }) => group === route.group && version === route.version);
      if (!route || !served) throw new PlainError(404, '404 page not found\n');
      const resource = options.catalog.find(route.group, route.version, route.plural);
      if (!resource || (route.namespace !== undefined && !resource.namespaced)) throw noSuchResource();
      if (route.subresource !== undefined && route.subresource !== 'finalize' && !resource.subresources?.[route.subresource])
        throw noSuchResource();
      new Exchange(options, lister, request, response, resource, route.namespace, route.subresource).run(route.name);
    },
  };
}

/** One request and its response. */
class Exchange {
  readonly #options: ResourceRequestsOptions;
  readonly #lister: Lister;
  readonly #request: ApiRequest;
  readonly #response: ApiResponse;
  readonly #resource: Resource;
  readonly #namespace: string | undefined;
  readonly #subresource: string | undefined;
  readonly #form: Representation;
  readonly #warnings: string[] = [];

  constructor(
    options: ResourceRequestsOptions,
    lister: Lister,
    request: ApiRequest,
    response: ApiResponse,
    resource: Resource,
    namespace: string | undefined,
    subresource: string | undefined,
  ) {
    this.#options = options;
    this.#lister = lister;
    this.#request = request;
    this.#response = response;
    this.#resource = resource;
    this.#namespace = namespace;
    this.#subresource = subresource;
    this.#form = representationOf(request.headers.accept, request.query);
  }

  run(name: string | undefined): void {
    const { method, query } = this.#request;
    const watching = query.get('watch') === 'true' || query.get('watch') === '1';
    if (name === undefined) {
      if (method === 'GET' && watching) this.#watch();
      else if (method === 'GET') this.#list();
      else if (method === 'POST') this.#create();
      else if (method === 'DELETE') this.#removeAll();
      else throw methodNotAllowed();
      return;
    }
    // An object of a namespaced kind has no path without namespace.
    if (this.#resource.namespaced && this.#namespace === undefined) throw noSuchResource();
    const place: Place = { resource: this.#resource, namespace: this.#namespace, name };
    const applies = this.#request.headers['content-type']?.startsWith('application/apply-patch+yaml');
    if (method === 'GET' && this.#resource.kind === 'Pod' && this.#subresource === 'log')
      serveLog(this.#options.logs, this.#get(place), this.#request, this.#response);
    else if (method === 'GET') this.#answer(200, this.#get(place));
    else if (method === 'PUT') this.#replace(place);
    else if (method === 'PATCH' && applies) this.#apply(place);
    else if (method === 'PATCH') this.#patch(place);
    else if (method === 'DELETE' && this.#subresource === undefined) this.#remove(place);
    else throw methodNotAllowed();
  }

  #get({ resource, namespace, name }: Place): KubeObject {
    const object = this.#options.store.get(storageKey(resource), namespace, name);
    if (!object) throw notFound(resource, name);
    return object;
  }

  #answer(code: number, object: KubeObject): void {
    const { clock } = this.#options;
    const body =
      this.#subresource === 'scale'
        ? scaleOf(this.#resource, object)
        : representOne(this.#resource, object, this.#form, clock.now());
    const headers = this.#warnings.map((text) => `299 - ${JSON.stringify(text)}`);
    this.#response.send(code, body, headers.length === 0 ? {} : { warning: headers.join(', ') });
  }

  #list(): void {
    const { objects, metadata } = this.#lister.list(this.#resource, this.#namespace, this.#request.query);
    this.#response.send(200, representList(this.#resource, objects, metadata, this.#form, this.#options.clock.now()));
  }

  #watch(): void {
    const { query } = this.#request;
    const lines: JsonObject[] = [];
    let stream: { write(line: JsonObject): void; end(): void } | undefined;
    const opened = watch(this.#options.store, {
      resource: this.#resource,
      namespace: this.#namespace,
      query,
      send: ({ type, object }) => {
        const shown = type === 'ERROR' ? object : this.#watched(object, type === 'BOOKMARK');
        const line = { type, object: shown };
        if (stream) stream.write(line);
        else lines.push(line);
      },
    });
    const ended = new AbortController();
    stream = this.#response.stream(() => {
      opened.stop();
      ended.abort();
    });
    const { clock, bookmarkIntervalMs } = this.#options;
    const timeout = Number(query.get('timeoutSeconds') ?? 0);
    const endsAt = timeout > 0 ? clock.now() + timeout * 1000 : Number.POSITIVE_INFINITY;
    const tick = async () => {
      while (clock.now() < endsAt) {
        await clock.sleep(Math.min(bookmarkIntervalMs, endsAt - clock.now()), { signal: ended.signal });
        opened.bookmark();
      }
      stream?.end();
    };
    // Only the end of the stream ends a sleep early.
    tick().catch(() => undefined);
    for (const line of lines) stream.write(line);
    if (lines[0]?.type === 'ERROR') stream.end();
  }

  #watched(object: JsonObject, bookmark: boolean): JsonObject {
    if (!bookmark) return representOne(this.#resource, object, this.#form, this.#options.clock.now());
    if (this.#form.as === 'Object') return object;
    if (this.#form.as === 'PartialObjectMetadata')
      return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata ?? {} };
    return { kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata ?? {}, columnDefinitions: [], rows: [] };
  }

  #writeOptions(duplicates: readonly string[] = []): WriteOptions {
    const { query, headers } = this.#request;
    const dryRun = query.getAll('dryRun');
    if (dryRun.some((value) => value !== 'All' && value !== ''))
      throw invalid({ group: 'meta.k8s.io', kind: 'CreateOptions' }, '', [
        cause('dryRun', 'FieldValueNotSupported', 'supported values: "All"', dryRun),
      ]);
    const agent = (headers['user-agent'] ?? 'unknown').split('/')[0] ?? 'unknown';
    const validation = query.get('fieldValidation');
    return {
      manager: query.get('fieldManager') || agent,
      dryRun: dryRun.includes('All'),
      fieldValidation: validation === 'Strict' || validation === 'Ignore' ? validation : 'Warn',
      duplicates,
      warnings: this.#warnings,
      ...(this.#subresource === undefined ? {} : { subresource: this.#subresource }),
    };
  }

  #body(): { readonly value: JsonObject; readonly duplicates: readonly string[] } {
    const type = this.#request.headers['content-type']?.split(';')[0] ?? 'application/json';
    if (type !== 'application/json')
      throw new ApiError(
        415,
        'UnsupportedMediaType',
        `the body of the request was in an unknown format - accepted media types include: application/json`,
        {},
      );
    const parsed = parseObject(this.#request.body, this.#resource.kind);
    const { apiVersion, kind } = parsed.value;
    const { kind: expected, version } = this.#resource;
    if (this.#subresource !== 'scale' && kind !== undefined && kind !== expected)
      throw badRequest(
        `${String(kind)} in version ${JSON.stringify(String(apiVersion).split('/').at(-1))} cannot be handled as a ${expected}: converting (${version}.${String(kind)}) to (${expected}): unknown conversion`,
      );
    return parsed;
  }

  #create(): void {
    if (this.#subresource !== undefined) throw methodNotAllowed();
    const { value, duplicates } = this.#body();
    if (this.#resource.namespaced && this.#namespace === undefined) throw noSuchResource();
    const place = { resource: this.#resource, namespace: this.#namespace, name: '' };
    this.#answer(201, this.#options.objects.create(place, value, this.#writeOptions(duplicates)));
  }

  #replace(place: Place): void {
    const { value, duplicates } = this.#body();
    const change = (live: KubeObject) => (this.#subresource === 'scale' ? withScale(this.#resource, live, value) : value);
    this.#answer(200, this.#options.objects.update(place, change, this.#writeOptions(duplicates)));
  }

  #patch(place: Place): void {
    const type = this.#request.headers['content-type']?.split(';')[0];
    if (this.#request.query.get('force') !== null)
      throw patchOptions('force', 'FieldValueForbidden', 'may not be specified for non-apply patch');
    const change = this.#patcher(type);
    const scaled = (live: KubeObject) => withScale(this.#resource, live, change(scaleOf(this.#resource, live)));
    const write = this.#subresource === 'scale' ? scaled : change;
    this.#answer(200, this.#options.objects.update(place, write, { ...this.#writeOptions(), patch: true }));
  }

  #patcher(type: string | undefined): (live: KubeObject) => JsonObject {
    if (type === undefined || !/^application\/(?:json-patch|merge-patch|strategic-merge-patch)\+json$/.test(type))
      throw new ApiError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});
    let patch: Json;
    try {
      patch = parseBody(this.#request.body).value;
    } catch (error) {
      throw badRequest(`error decoding patch: ${(error as Error).message}`);
    }
    if (type === 'application/json-patch+json') return (live) => jsonPatch(live, patch);
    if (!isObject(patch))
      throw badRequest('error decoding patch: json: cannot unmarshal value into Go value of type map[string]interface {}');
    if (type === 'application/merge-patch+json') return (live) => mergePatch(live, patch) as JsonObject;
    if (this.#resource.custom)
      throw new ApiError(
        415,
        'UnsupportedMediaType',
        'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
        {},
      );
    return (live) => strategicMerge(this.#resource.schema, live, patch) as JsonObject;
  }

  #apply(place: Place): void {
    const { query, body } = this.#request;
    if (!query.get('fieldManager')) throw patchOptions('fieldManager', 'FieldValueRequired', 'is required for apply patch');
    let value: Json;
    let duplicates: readonly string[];
    try {
      ({ value, duplicates } = parseYamlBody(body));
    } catch (error) {
      throw badRequest(`error decoding YAML: ${(error as Error).message}`);
    }
    if (!isObject(value)) throw badRequest('error decoding YAML: the body is not an object');
    if (this.#subresource === 'scale') throw methodNotAllowed();
    const force = query.get('force') === 'true';
    const { object, created } = this.#options.objects.apply(place, value, { ...this.#writeOptions(duplicates), force });
    this.#answer(created ? 201 : 200, object);
  }

  #deleteOptions(): DeleteOptions {
    const { query, body } = this.#request;
    const raw = body.trim() === '' ? {} : parseObject(body, 'DeleteOptions').value;
    const policy =
      asString(raw.propagationPolicy) ?? query.get('propagationPolicy') ?? (raw.orphanDependents === true ? 'Orphan' : undefined);
    const { uid, resourceVersion } = asObject(raw.preconditions);
    const dryRun = query.get('dryRun') === 'All' || (Array.isArray(raw.dryRun) && raw.dryRun.includes('All'));
    if (policy !== undefined && policy !== 'Background' && policy !== 'Foreground' && policy !== 'Orphan')
      throw invalid({ group: '', kind: 'DeleteOptions' }, '', [
        cause(
          'propagationPolicy',
          'FieldValueNotSupported',
          'supported values: "Foreground", "Background", "Orphan", "nil"',
          policy,
        ),
      ]);
    return {
      dryRun,
      ...(typeof uid === 'string' ? { uid } : {}),
      ...(typeof resourceVersion === 'string' ? { resourceVersion } : {}),
      ...(policy === undefined ? {} : { propagation: policy }),
    };
  }

  #remove(place: Place): void {
    const { resource, name } = place;
    if (resource.group === '' && resource.kind === 'Namespace' && PROTECTED_NAMESPACES.has(name))
      throw forbidden(resource, name, 'this namespace may not be deleted');
    const { object, gone } = this.#options.objects.remove(place, this.#deleteOptions());
    if (!gone) {
      this.#answer(200, object);
      return;
    }
    const details = {
      name,
      ...(resource.group === '' ? {} : { group: resource.group }),
      kind: resource.plural,
      uid: metaOf(object).uid,
    };
    this.#response.send(200, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details });
  }

  #removeAll(): void {
    const resource = this.#resource;
    const { store, objects } = this.#options;
    if (resource.namespaced && this.#namespace === undefined) throw methodNotAllowed();
    if (!resource.verbs.includes('deletecollection')) throw methodNotAllowed();
    const matches = matchOf(resource, this.#request.query);
    const options = this.#deleteOptions();
    const removed = store.list(storageKey(resource), this.#namespace).filter(matches);
    for (const object of removed) objects.remove({ resource, namespace: this.#namespace, name: metaOf(object).name }, options);
    const items = removed.map((object) => inVersion(resource, object));
    this.#response.send(
      200,
      representList(resource, items, { resourceVersion: String(store.version()) }, this.#form, this.#options.clock.now()),
    );
  }
}

function patchOptions(field: string, reason: string, detail: string): ApiError {
  return invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [cause(field, reason, detail)]);
}
