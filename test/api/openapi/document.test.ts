import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createApiServer } from '../../../src/api/index.ts';
import { OPERATIONS, openApiDocument } from '../../../src/api/openapi/index.ts';
import { silentLogger } from '../../../src/base/index.ts';
import { daemonOf, serve } from '../daemon-fixture.ts';
import { breakingChanges } from './breaking-changes.ts';

const root = join(import.meta.dirname, '../../..');
const ui = { assets: new Map(), may: 'read-only' } as const;
const { routes } = createApiServer({
  daemon: daemonOf(),
  log: silentLogger(),
  metrics: async () => ({ contentType: '', body: '' }),
  ui,
});

/** The files of the web page are no API. */
const ofApi = routes.filter(({ path }) => !path.startsWith('/ui'));

interface Described {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security: readonly Readonly<Record<string, unknown>>[];
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
}
const document = openApiDocument(routes) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
};
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, path, operation })),
);

test('docs/openapi.json is what the routes and schemas say', () => {
  expect(readFileSync(join(root, 'docs/openapi.json'), 'utf8')).toBe(`${JSON.stringify(document, undefined, 2)}\n`);
});

test('describes every route, and nothing that is not served', () => {
  const served = ofApi.flatMap(({ methods, path }) => methods.map((method) => `${method} ${path}`));
  expect(operations.map(({ name }) => name).sort()).toEqual(served.sort());
  expect(Object.keys(OPERATIONS).filter((name) => !served.includes(name))).toEqual([]);
});

test('is served', async () => {
  await using api = await serve(daemonOf(), { ui });
  const { status, body } = await api.get('/api/v1/openapi.json');
  expect({ status, document: JSON.parse(body) }).toEqual({ status: 200, document: JSON.parse(JSON.stringify(document)) });
});

test('breaks no client of the last release', () => {
  const baseline = JSON.parse(readFileSync(join(root, 'test/fixtures/openapi/last-release.json'), 'utf8'));
  expect(breakingChanges(baseline, document as never)).toEqual([]);
});

describe('a linter finds', () => {
  test('no reference that leads nowhere', () => {
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/g)].map(([, ref = '']) => ref);
    expect(refs.length).toBeGreaterThan(10);
    const broken = refs.filter((ref) => {
      const [, section = '', kind = '', name = ''] = ref.split('/');
      return section !== 'components' || document.components[kind]?.[name] === undefined;
    });
    expect(broken).toEqual([]);
  });

  test('no schema that nobody refers to', () => {
    const text = JSON.stringify(document);
    const unused = Object.keys(document.components.schemas ?? {}).filter(
      (name) => !text.includes(`"#/components/schemas/${name}"`),
    );
    expect(unused).toEqual([]);
  });

  test('every operationId once, in camelCase', () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^[a-z][a-zA-Z0-9]*$/.test(id))).toEqual([]);
  });

  test.each(operations)('$name described, with answers and who may call', ({ path, operation }) => {
    expect(operation.summary).toMatch(/^[A-Z].*\.$/);
    expect(operation.tags).toHaveLength(1);
    expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['default', expect.stringMatching(/^2\d\d$/)]));
    for (const { description } of Object.values(operation.responses)) expect(description).not.toBe('');
    for (const scheme of operation.security.flatMap((each) => Object.keys(each)))
      expect(document.components.securitySchemes).toHaveProperty(scheme);
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    expect((operation.parameters ?? []).flatMap((each) => (each.in === 'path' ? [each.name] : []))).toEqual(named);
    const keys = (operation.parameters ?? []).map((each) => `${each.in} ${each.name}`);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('no route for anyone that asks for a token, and no other without', () => {
    for (const { path, methods, access } of ofApi)
      for (const method of methods)
        expect(document.paths[path]?.[method.toLowerCase()]?.security.length, `${method} ${path}`).toBe(
          access === 'public' || access === 'page' ? 0 : 3,
        );
  });
});

describe('answers are as described', () => {
  const workload = {
    id: 'shop:deployment/cart',
    containers: [{ name: 'web', image: 'acme/cart:1' }],
    readOnly: '' as const,
    status: 'ready',
    rollout: { desired: 1, updated: 1, ready: 1, available: 1, outdated: 0, messages: ['m'] },
    syncError: '',
    antecedent: '',
    labels: { a: 'b' },
    automated: true,
    locked: false,
    ignore: false,
    policies: { automated: 'true' },
  };
  const image = {
    ref: 'acme/cart:1',
    info: { tag: '1', digest: 'sha256:d', imageId: 'sha256:i', createdAt: 1, labels: {}, fetchedAt: 2 },
  };
  const container = {
    name: 'web',
    current: image,
    latestFiltered: image,
    available: [image],
    availableError: '',
    availableCount: 1,
    newAvailableCount: 0,
    filteredCount: 1,
    newFilteredCount: 0,
  };
  const daemon = () =>
    daemonOf({
      listWorkloads: async () => [workload],
      listImages: async () => [{ id: workload.id, containers: [container] }],
      manifest: async () => ({ object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'text' } } }),
      job: async () => ({ state: 'succeeded', error: '', revision: 'r', result: {} }),
    });

  const GETS: Readonly<Record<string, string>> = {
    'GET /api/flux/v6/jobs': '?id=x',
    'GET /api/flux/v6/sync': '?ref=x',
    'GET /api/v1/manifest': '?id=shop:configmap/text',
    'GET /api/v1/objects/commits': '?id=shop:deployment/cart',
    'GET /api/v1/objects/diff': `?id=shop:deployment/cart&from=${'a'.repeat(40)}&to=${'b'.repeat(40)}`,
    'GET /api/v1/why': '?id=shop:deployment/cart',
  };
  /** What is read of the cluster is not served over loopback; test/api/live.test.ts checks it. */
  const isLive = (name: string) => name.startsWith('GET /api/v1/live/');
  const reads = Object.entries(OPERATIONS).filter(
    ([name, { answer }]) => name.startsWith('GET ') && !isLive(name) && answer.schema && answer.mediaType === undefined,
  );
  test.each(reads)('%s', async (name, { answer }) => {
    await using api = await serve(daemon(), { ui });
    const { status, body } = await api.get(`${name.slice(4).replace('{id}', 'x')}${GETS[name] ?? ''}`);
    expect(status).toBe(answer.status);
    expect(answer.schema?.parse(JSON.parse(body))).toEqual(
      name === 'GET /api/v1/openapi.json' ? { openapi: '3.1.0' } : JSON.parse(body),
    );
  });

  test('POST /api/flux/v9/git-repo-config', async () => {
    await using api = await serve(daemon(), { ui });
    const { body } = await api.post('/api/flux/v9/git-repo-config', 'false');
    expect(OPERATIONS['POST /api/flux/v9/git-repo-config']?.answer.schema?.parse(JSON.parse(body))).toEqual(JSON.parse(body));
  });
});
