import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { FluxError } from '../../src/base/index.ts';
import type { ContainerImages, Daemon, JobStatus, WorkloadImages, WorkloadStatus } from '../../src/controller/index.ts';
import { until } from '../support/until.ts';
import { daemonOf, serve } from './daemon-fixture.ts';

const web: WorkloadStatus = {
  id: 'default:deployment/web',
  containers: [{ name: 'web', image: 'nginx:1.25' }],
  readOnly: '',
  status: 'ready',
  rollout: { desired: 2, updated: 2, ready: 2, available: 2, outdated: 0, messages: [] },
  syncError: '',
  antecedent: '',
  labels: { tier: 'front', app: 'web' },
  automated: true,
  locked: false,
  ignore: false,
  policies: { 'tag.web': 'glob:1.*', automated: 'true' },
};

const T0 = Date.UTC(2024, 4, 1, 8, 0, 1, 70);
const cart: ContainerImages = {
  name: 'cart',
  current: {
    ref: 'reg.example.org/acme/cart:1.3',
    info: {
      tag: '1.3',
      digest: 'sha256:aa',
      imageId: 'sha256:bb',
      createdAt: Date.UTC(2024, 1, 10, 10),
      createdNs: 1200,
      labels: { 'org.opencontainers.image.created': '2024-02-10T10:00:00Z', other: 'x' },
      fetchedAt: T0,
    },
  },
  latestFiltered: { ref: 'reg.example.org/acme/cart:1.4' },
  available: [{ ref: 'reg.example.org/acme/cart:1.4' }, { ref: ':1.2-arm' }],
  availableError: '',
  availableCount: 2,
  newAvailableCount: 1,
  filteredCount: 2,
  newFilteredCount: 0,
};
const cartImages: WorkloadImages = { id: 'shop:deployment/cart', containers: [cart] };

test('ping and notify answer without body and content type', async () => {
  await using api = await serve();
  const ping = await api.get('/api/flux/v11/ping');
  expect(ping).toMatchObject({ status: 204, body: '' });
  expect(ping.headers).not.toHaveProperty('content-type');
  const notify = await api.post('/api/flux/v11/notify', '{"Kind":"git","Source":{"URL":"u","Branch":"b"}}');
  expect(notify).toMatchObject({ status: 202, body: '' });
  expect(notify.headers).not.toHaveProperty('content-type');
});

test('version is a JSON string without newline', async () => {
  await using api = await serve();
  const { body, headers } = await api.get('/api/flux/v11/version');
  expect(body).toBe('"1.2.3"');
  expect(headers['content-type']).toBe('application/json; charset=utf-8');
});

describe('workloads', () => {
  test.each(['/v6/services', '/v11/services'])('%s lists them with the keys of Go, in its order', async (path) => {
    await using api = await serve(daemonOf({ listWorkloads: async () => [web] }));
    expect((await api.get(`/api/flux${path}`)).body).toBe(
      '[{"ID":"default:deployment/web","Containers":[{"Name":"web","Current":{"ID":"nginx:1.25","Labels":{}},' +
        '"LatestFiltered":{"ID":"","Labels":{}}}],"ReadOnly":"","Status":"ready","Rollout":{"Desired":2,"Updated":2,"Ready":2,' +
        '"Available":2,"Outdated":0,"Messages":null},"SyncError":"","Antecedent":"","Labels":{"app":"web","tier":"front"},' +
        '"Automated":true,"Locked":false,"Ignore":false,"Policies":{"automated":"true","tag.web":"glob:1.*"}}]',
    );
  });

  test('no workload is null; no container is an empty list; no label is null', async () => {
    await using none = await serve();
    expect((await none.get('/api/flux/v6/services')).body).toBe('null');
    const bare = { ...web, containers: [], labels: {}, policies: {} };
    await using api = await serve(daemonOf({ listWorkloads: async () => [bare] }));
    expect(JSON.parse((await api.get('/api/flux/v6/services')).body)).toMatchObject([
      { Containers: [], Labels: null, Policies: {} },
    ]);
  });

  test('a body is made once for each state, and anew for the next', async () => {
    let asked = 0;
    let workloads: readonly WorkloadStatus[] = [
      {
        ...web,
        get status() {
          asked += 1;
          return 'ready';
        },
      },
    ];
    await using api = await serve(daemonOf({ listWorkloads: async () => workloads }));
    const [first, second] = [await api.get('/api/flux/v6/services'), await api.get('/api/flux/v11/services')];
    expect(second.body).toBe(first.body);
    expect(asked).toBe(1);
    workloads = [...workloads, { ...web, id: 'default:deployment/x' }];
    expect(JSON.parse((await api.get('/api/flux/v6/services')).body)).toHaveLength(2);
    expect(asked).toBe(1);
  });

  test('< and > are escaped as Go escapes them', async () => {
    const failed = { ...web, syncError: 'field <spec> & more' };
    await using api = await serve(daemonOf({ listWorkloads: async () => [failed] }));
    expect((await api.get('/api/flux/v6/services')).body).toContain('"SyncError":"field \\u003cspec\\u003e \\u0026 more"');
  });

  test.each([
    ['namespace=&services=', { namespace: '', ids: [] }],
    ['namespace=shop', { namespace: 'shop', ids: [] }],
    ['services=shop%3Adeployment%2Fb,shop:Deployment/a', { namespace: '', ids: ['shop:deployment/b', 'shop:deployment/a'] }],
    ['services=shop/old', { namespace: '', ids: ['shop:service/old'] }],
  ])('%s is the filter %j', async (query, filter) => {
    await using api = await serve();
    await api.get(`/api/flux/v11/services?${query}`);
    expect(api.calls).toEqual([{ name: 'listWorkloads', argument: filter }]);
  });

  test('a bad id is named', async () => {
    await using api = await serve();
    const { status, body } = await api.get('/api/flux/v11/services?services=shop:deployment/a,bad%20id', {});
    expect({ status, body }).toEqual({ status: 400, body: 'parsing service spec "bad id": parsing bad id: invalid service ID' });
  });
});

test('an export is base64 of YAML as a JSON string; HEAD tells its size', async () => {
  await using api = await serve(daemonOf({ export: async () => 'kind: Namespace\n---\nkind: Deployment\n' }));
  const body = '"a2luZDogTmFtZXNwYWNlCi0tLQpraW5kOiBEZXBsb3ltZW50Cg=="';
  expect(await api.get('/api/flux/v6/export')).toMatchObject({ status: 200, body });
  const head = await api.send('/api/flux/v6/export', { method: 'HEAD' });
  expect(head).toMatchObject({ status: 200, body: '', headers: { 'content-length': String(body.length) } });
});

describe('images', () => {
  const served = () => serve(daemonOf({ listImages: async () => [cartImages] }));

  test.each(['/v6/images', '/v10/images'])('%s lists them with the keys of Go, in its order', async (path) => {
    await using api = await served();
    expect((await api.get(`/api/flux${path}?containerFields=&namespace=&service=%3Call%3E`)).body).toBe(
      '[{"ID":"shop:deployment/cart","Containers":[{"Name":"cart","Current":{"ID":"reg.example.org/acme/cart:1.3",' +
        '"Digest":"sha256:aa","ImageID":"sha256:bb","Labels":{"org.opencontainers.image.created":"2024-02-10T10:00:00Z"},' +
        '"CreatedAt":"2024-02-10T10:00:00.0000012Z","LastFetched":"2024-05-01T08:00:01.07Z"},' +
        '"LatestFiltered":{"ID":"reg.example.org/acme/cart:1.4","Labels":{}},' +
        '"Available":[{"ID":"reg.example.org/acme/cart:1.4","Labels":{}},{"ID":":1.2-arm","Labels":{}}],' +
        '"AvailableImagesCount":2,"NewAvailableImagesCount":1,"FilteredImagesCount":2}]}]',
    );
  });

  test('fields that are not asked for are empty or left out', async () => {
    await using api = await served();
    expect((await api.get('/api/flux/v10/images?containerFields=Name,AvailableImagesCount')).body).toBe(
      '[{"ID":"shop:deployment/cart","Containers":[{"Name":"cart","Current":{"ID":"","Labels":{}},' +
        '"LatestFiltered":{"ID":"","Labels":{}},"AvailableImagesCount":2}]}]',
    );
    expect((await api.get('/api/flux/v10/images?containerFields=AvailableError')).body).toContain(
      '"Containers":[{"Current":{"ID":"","Labels":{}},"LatestFiltered":{"ID":"","Labels":{}}}]',
    );
  });

  test('an unknown field is the fault of the user', async () => {
    await using api = await served();
    const { status, body } = await api.get('/api/flux/v10/images?containerFields=Name,Nope');
    expect(status).toBe(422);
    expect(JSON.parse(body)).toMatchObject({ type: 'user', error: 'Nope is an invalid field' });
  });

  test.each([
    ['', { namespace: '', spec: '<all>' }],
    ['service=', { namespace: '', spec: '<all>' }],
    ['service=%3Call%3E&namespace=shop', { namespace: 'shop', spec: '<all>' }],
    ['service=shop:deployment/cart', { namespace: '', spec: 'shop:deployment/cart' }],
  ])('%j is the filter %j', async (query, filter) => {
    await using api = await serve();
    expect((await api.get(`/api/flux/v10/images?${query}`)).body).toBe('null');
    expect(api.calls).toEqual([{ name: 'listImages', argument: filter }]);
  });

  test('a bad service is named', async () => {
    await using api = await serve();
    const { status, body } = await api.get('/api/flux/v6/images?service=foo/bar/baz', {});
    expect({ status, body }).toEqual({
      status: 400,
      body: 'parsing service spec "foo/bar/baz": parsing foo/bar/baz: invalid service ID',
    });
  });
});

describe('jobs', () => {
  const cause = { Message: '', User: 'Ann <ann@example.org>' };
  const STATES: readonly (readonly [JobStatus, string])[] = [
    [{ state: 'queued', error: '' }, '{"Result":{},"Err":"","StatusString":"queued"}'],
    [
      { state: 'failed', error: 'no changes made in repo' },
      '{"Result":{},"Err":"no changes made in repo","StatusString":"failed"}',
    ],
    [
      { state: 'succeeded', error: '', revision: '4be1', result: {} },
      '{"Result":{"revision":"4be1"},"Err":"","StatusString":"succeeded"}',
    ],
    [
      {
        state: 'succeeded',
        error: '',
        revision: '4be1',
        spec: {
          type: 'image',
          cause,
          spec: { ServiceSpecs: ['<all>'], ImageSpec: 'a:1', Kind: 'execute', Excludes: null, Force: false },
        },
        result: {
          'shop:deployment/mail': { Status: 'ignored', Error: 'not included', PerContainer: null },
          'shop:deployment/cart': { Status: 'success', PerContainer: [{ Container: 'cart', Current: 'a:0', Target: 'a:1' }] },
        },
      },
      '{"Result":{"revision":"4be1","spec":{"type":"image","cause":{"Message":"","User":"Ann \\u003cann@example.org\\u003e"},' +
        '"spec":{"ServiceSpecs":["\\u003call\\u003e"],"ImageSpec":"a:1","Kind":"execute","Excludes":null,"Force":false}},' +
        '"result":{"shop:deployment/cart":{"Status":"success","PerContainer":[{"Container":"cart","Current":"a:0","Target":"a:1"}]},' +
        '"shop:deployment/mail":{"Status":"ignored","Error":"not included","PerContainer":null}}},"Err":"","StatusString":"succeeded"}',
    ],
  ];
  test.each(STATES)('%j', async (status, body) => {
    await using api = await serve(daemonOf({ job: async () => status }));
    expect((await api.get('/api/flux/v6/jobs?id=x')).body).toBe(body);
  });

  test('an unknown job is missing', async () => {
    await using api = await serve();
    expect(await api.get('/api/flux/v6/jobs?id=abc')).toMatchObject({
      status: 404,
      body: '{"type":"missing","help":"unknown job \\"abc\\"\\n\\nJob not found\\n","error":"unknown job \\"abc\\""}',
    });
  });
});

test('sync status is a list, empty when done', async () => {
  await using api = await serve(daemonOf({ syncStatus: async (ref) => (ref === 'HEAD' ? ['aa', 'bb'] : []) }));
  expect((await api.get('/api/flux/v6/sync?ref=HEAD')).body).toBe('["aa","bb"]');
  expect((await api.get('/api/flux/v6/sync?ref=aa')).body).toBe('[]');
});

describe('git configuration', () => {
  test('without repository and key', async () => {
    await using api = await serve();
    expect((await api.post('/api/flux/v9/git-repo-config', 'false')).body).toBe(
      '{"remote":{"url":"file:","branch":"master","path":""},"publicSSHKey":{"key":"","fingerprints":null},' +
        '"status":"unconfigured","errors":"git repo has not been cloned yet"}',
    );
    expect((await api.get('/api/flux/v6/identity.pub')).body).toBe('{"key":"","fingerprints":null}');
  });

  test('ready, with paths joined, and never with a password', async () => {
    const config = {
      url: 'https://u:hunter2@h/r',
      branch: 'b',
      paths: ['a', 'b'],
      state: { status: 'ready' },
      publicKey: '',
    } as const;
    await using api = await serve(daemonOf({ gitConfig: async () => config }));
    const answer = JSON.parse((await api.post('/api/flux/v9/git-repo-config', 'true')).body);
    expect(answer).toMatchObject({ remote: { url: 'https://u:***@h/r', path: 'a,b' }, status: 'ready', errors: '' });
  });

  test.each(['', 'yes', '"true"', '{}', '0'])('the body %j is not a boolean, and only refused', async (body) => {
    await using api = await serve();
    const answer = await api.post('/api/flux/v9/git-repo-config', body);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({ type: 'user' });
    expect(api.calls).toEqual([]);
  });

  test('the key is made anew when asked', async () => {
    await using api = await serve();
    await api.post('/api/flux/v9/git-repo-config', 'true');
    await api.post('/api/flux/v6/identity.pub', '');
    await api.post('/api/flux/v9/git-repo-config', 'null');
    expect(api.calls.map(({ argument }) => argument)).toEqual([true, true, false].map((regenerateKey) => ({ regenerateKey })));
  });
});

describe('notifications', () => {
  test.each([
    ['{"Kind":"git","Source":{"URL":"git@h:o/r","Branch":"b"}}', { kind: 'git', url: 'git@h:o/r', branch: 'b' }],
    ['{"kind":"git","source":{"url":"u","branch":null}}', { kind: 'git', url: 'u', branch: '' }],
    [
      '{"Kind":"image","Source":{"Name":{"Domain":"quay.io","Image":"org/app"}}}',
      { kind: 'image', domain: 'quay.io', image: 'org/app' },
    ],
  ])('%s', async (body, change) => {
    await using api = await serve();
    expect((await api.post('/api/flux/v11/notify', body)).status).toBe(202);
    expect(api.calls).toEqual([{ name: 'notify', argument: change }]);
  });

  test.each(['{', '{"Kind":"hg"}', '[]', '{"Kind":"git","Source":7}'])('%s is refused', async (body) => {
    await using api = await serve();
    expect((await api.post('/api/flux/v11/notify', body)).status).toBe(400);
    expect(api.calls).toEqual([]);
  });
});

describe('the oldest ways to update', () => {
  test('update-images takes its release from the query', async () => {
    await using api = await serve();
    const path =
      '/api/flux/v6/update-images?service=shop:deployment/a&service=shop/b&image=x:1&kind=execute&exclude=shop:deployment/c&user=Ann&message=m';
    expect((await api.post(path, '')).body).toBe('"job-1"');
    expect(api.calls[0]?.argument).toEqual({
      type: 'image',
      cause: { Message: 'm', User: 'Ann' },
      spec: {
        ServiceSpecs: ['shop:deployment/a', 'shop:service/b'],
        ImageSpec: 'x:1',
        Kind: 'execute',
        Excludes: ['shop:deployment/c'],
        Force: false,
      },
    });
  });

  test('update-images that excludes nothing is the same update as that of fluxctl', async () => {
    await using api = await serve();
    await api.post('/api/flux/v6/update-images?service=%3Call%3E&image=x:1&kind=plan', '');
    expect(api.calls[0]?.argument).toMatchObject({ spec: { Excludes: null } });
  });

  test.each([
    ['service=a/b/c&image=x:1&kind=plan', 400],
    ['service=%3Call%3E&image=&kind=plan', 400],
    ['service=%3Call%3E&image=x&kind=plan', 400],
    ['service=%3Call%3E&image=x%40sha256:ff&kind=plan', 400],
    ['service=%3Call%3E&image=x:1&kind=now', 400],
    ['service=%3Call%3E&image=x:1&kind=plan&exclude=%3Call%3E', 400],
    ['service=%3Call%3E&image=x:1', 404],
    ['service=%3Call%3E&image=%3Call%20latest%3E&kind=plan', 200],
  ])('%s → %i', async (query, status) => {
    await using api = await serve();
    expect((await api.post(`/api/flux/v6/update-images?${query}`, '')).status).toBe(status);
  });

  test('policies takes its updates from the body', async () => {
    await using api = await serve();
    const body = '{"shop:deployment/a":{"add":["automated"]}}';
    const answer = await api.send('/api/flux/v6/policies?user=Ann', { method: 'PATCH', body });
    expect(answer).toMatchObject({ status: 200, body: '"job-1"' });
    expect(api.calls[0]?.argument).toEqual({
      type: 'policy',
      cause: { Message: '', User: 'Ann' },
      spec: { 'shop:deployment/a': { add: { automated: 'true' }, remove: null } },
    });
  });
});

describe('routes that are not there', () => {
  test.each(['/v99/x', '/v6/jobs', '/v6/sync', '/v6/services/', '/v12/ping', '/', '/v10/services'])('%s', async (path) => {
    await using api = await serve();
    const { status, body } = await api.get(`/api/flux${path}`);
    expect(status).toBe(404);
    const { type, error, help } = JSON.parse(body);
    expect({ type, error }).toEqual({ type: 'missing', error: 'API endpoint not found' });
    expect(help.endsWith(`\n    ${path}`)).toBe(true);
  });

  test('a known path by another method is not there either', async () => {
    await using api = await serve();
    expect((await api.send('/api/flux/v6/services', { method: 'DELETE' })).status).toBe(404);
    expect((await api.send('/api/flux/v11/ping', { method: 'HEAD' })).status).toBe(404);
  });

  test.each(['GET', 'POST', 'DELETE'])('versions 1 to 5 are gone (%s)', async (method) => {
    await using api = await serve();
    const { status, body } = await api.send('/api/flux/v3/services', { method, headers: { accept: 'application/json' } });
    expect(status).toBe(410);
    expect(JSON.parse(body)).toMatchObject({ type: 'missing', error: 'API endpoint deprecated' });
  });

  test.each(['/', '/nope', '/api/flux', '/api/fluxx/v6/services', '/debug/pprof/'])('%s is outside of the API', async (path) => {
    await using api = await serve();
    const { status, body, headers } = await api.get(path);
    expect({ status, body }).toEqual({ status: 404, body: '404 page not found\n' });
    expect(headers['content-type']).toBe('text/plain; charset=utf-8');
  });
});

describe('errors', () => {
  const failing = (error: Error) => serve(daemonOf({ listWorkloads: () => Promise.reject(error) }));
  const path = '/api/flux/v6/services';
  const helped = new FluxError('thing is wrong', { code: 'x/y', fault: 'user', help: 'Do <this>.' });

  test.each([
    ['missing', 404],
    ['user', 422],
    ['server', 500],
  ] as const)('fault %s is status %i', async (fault, status) => {
    await using api = await failing(new FluxError('m', { code: 'x/y', fault, help: 'h' }));
    expect(await api.get(path)).toMatchObject({ status, body: `{"type":"${fault}","help":"m\\n\\nh\\n","error":"m"}` });
  });

  test.each([
    [undefined, 'text/plain; charset=utf-8', 'thing is wrong'],
    ['text/plain', 'text/plain; charset=utf-8', 'thing is wrong\n\nDo <this>.\n'],
    [
      'application/json',
      'application/json; charset=utf-8',
      '{"type":"user","help":"thing is wrong\\n\\nDo \\u003cthis\\u003e.\\n","error":"thing is wrong"}',
    ],
    ['text/plain;q=0.1, application/json;q=0.2', 'application/json; charset=utf-8', expect.stringContaining('"type"')],
    ['application/json;q=0.1, text/plain', 'text/plain; charset=utf-8', 'thing is wrong\n\nDo <this>.\n'],
    ['text/html', 'text/plain; charset=utf-8', 'thing is wrong'],
    ['*/*', 'text/plain; charset=utf-8', 'thing is wrong'],
  ])('Accept: %s', async (accept, type, body) => {
    await using api = await failing(helped);
    const answer = await api.get(path, accept === undefined ? {} : { accept });
    expect({ type: answer.headers['content-type'], body: answer.body }).toEqual({ type, body });
  });

  test('an error without help gets the general one', async () => {
    await using api = await failing(new FluxError('thing is wrong', { code: 'x/y', fault: 'user' }));
    expect(JSON.parse((await api.get(path)).body).help).toMatch(
      /^Error: thing is wrong\n\nWe don't have a specific help message for the error above\.\n[\s\S]*\n$/,
    );
  });

  test('a fault of ours says nothing of its inside (S-074)', async () => {
    await using api = await failing(new TypeError('cannot read hunter2'));
    const { status, body } = await api.get(path);
    expect(status).toBe(500);
    expect(JSON.parse(body)).toMatchObject({ type: 'server', error: 'internal error of the daemon' });
    expect(body).not.toContain('hunter2');
  });

  test('a password in a URL never reaches the client (S-074)', async () => {
    await using api = await failing(
      new FluxError('clone of https://u:hunter2@h/r failed', { code: 'x/y', help: 'see https://u:hunter2@h/r' }),
    );
    expect((await api.get(path)).body).not.toContain('hunter2');
  });
});

test('a queue that is full, and too many dry runs, answer 503 and say when to come back', async () => {
  for (const code of ['job/queue-full', 'job/busy']) {
    const update = () => Promise.reject(new FluxError('the queue of jobs is full', { code, help: 'Wait.', expected: true }));
    await using api = await serve(daemonOf({ update }));
    const answer = await api.post('/api/flux/v9/update-manifests', '{"type":"sync","spec":{}}');
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    expect(JSON.parse(answer.body)).toMatchObject({ type: 'server', error: 'the queue of jobs is full' });
  }
});

test('an update is told when the client that asked for it has gone', async () => {
  const asked = Promise.withResolvers<AbortSignal | undefined>();
  const update: Daemon['update'] = async (_, options) => {
    asked.resolve(options?.signal);
    return new Promise(() => {});
  };
  await using api = await serve(daemonOf({ update }));
  const socket = connect(api.port, '127.0.0.1');
  socket.write(
    'POST /api/flux/v9/update-manifests HTTP/1.1\r\nHost: localhost\r\nContent-Length: 25\r\n\r\n{"type":"sync","spec":{}}',
  );
  const signal = await asked.promise;
  socket.destroy();
  await until('it is told', () => signal?.aborted === true);
});
