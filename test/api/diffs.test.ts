import { expect, test } from 'vitest';
import { diffReportSchema, MAX_DIFF_BYTES, problemSchema } from '../../src/api/wire/index.ts';
import { FluxError } from '../../src/base/index.ts';
import type { DiffReport } from '../../src/controller/index.ts';
import { daemonOf, sendRaw, serve } from './daemon-fixture.ts';

const json = { 'content-type': 'application/json' };
const URL = '/api/v1/diffs';

test.each([
  ['{}', {}],
  ['{"revision":"main"}', { revision: 'main' }],
  ['{"files":[]}', { files: [] }],
  ['{"files":[{"path":"a/b.yaml","content":"kind: X"}]}', { files: [{ path: 'a/b.yaml', content: 'kind: X' }] }],
])('%s asks the daemon for what it says', async (body, argument) => {
  await using api = await serve();
  expect((await api.post(URL, body, json)).status).toBe(200);
  expect(api.calls).toEqual([{ name: 'diff', argument }]);
});

test.each([
  '',
  '[]',
  'null',
  '{"revision":""}',
  '{"revision":"a","files":[]}',
  '{"files":{}}',
  '{"files":[{"path":"/etc/x.yaml","content":""}]}',
  '{"files":[{"path":"a/../../x.yaml","content":""}]}',
  '{"files":[{"path":"x.yaml"}]}',
  '{"path":"x"}',
])('the body %s is refused', async (body) => {
  await using api = await serve();
  const { status, body: text } = await api.post(URL, body, json);
  expect(status).toBe(400);
  expect(problemSchema.parse(JSON.parse(text)).code).toBe('api/bad-request');
  expect(api.calls).toEqual([]);
});

test('a refused body is not quoted: it may hold Secrets (S-074)', async () => {
  await using api = await serve();
  const { body } = await api.post(URL, '{"files":[{"path":1,"content":"hunter2"}]}', json);
  expect(body).not.toContain('hunter2');
});

test('a report holds everything fluxctl prints', async () => {
  const error = new FluxError('refused at https://u:hunter2@h/', { code: 'cluster/invalid', fault: 'user', help: 'Correct it.' });
  const place = { file: 'a.yaml', document: 2, line: 7 };
  const report: DiffReport = {
    revision: 'aa',
    counts: { unchanged: 3, change: 1, failed: 1 },
    entries: [
      {
        id: 'a:deployment/b',
        inGit: true,
        action: 'change',
        place,
        reason: 'changed in Git',
        fields: [{ path: 'spec.x', from: [1], to: { a: 'b' } }],
      },
      { id: 'a:configmap/c', inGit: true, place, action: 'failed', error },
    ],
    errors: [{ file: 'bad.yaml', line: 3, error: new FluxError('bad.yaml is not YAML', { code: 'manifests/yaml' }) }],
    warnings: [],
  };
  await using api = await serve(daemonOf({ diff: async () => report }));
  const { body } = await api.post(URL, '{}', json);
  expect(JSON.parse(body)).toEqual({
    revision: 'aa',
    counts: { unchanged: 3, change: 1, failed: 1 },
    entries: [
      {
        id: 'a:deployment/b',
        action: 'change',
        place,
        reason: 'changed in Git',
        fields: [{ path: 'spec.x', from: [1], to: { a: 'b' } }],
      },
      {
        id: 'a:configmap/c',
        action: 'failed',
        place,
        error: { code: 'cluster/invalid', message: expect.stringMatching(/^((?!hunter2).)*$/), help: 'Correct it.' },
      },
    ],
    errors: [{ file: 'bad.yaml', line: 3, error: { code: 'manifests/yaml', message: 'bad.yaml is not YAML' } }],
    warnings: [],
  });
  expect(diffReportSchema.parse(JSON.parse(body))).toEqual(JSON.parse(body));
});

test.each([
  ['preview/busy', 'user', 429],
  ['git/bad-revision', 'user', 422],
  ['preview/timeout', 'server', 500],
] as const)('an error %s is a problem of its own status', async (code, fault, expected) => {
  const diff = async () => Promise.reject(new FluxError('no', { code, fault }));
  await using api = await serve(daemonOf({ diff }));
  const { status, headers, body } = await api.post(URL, '{}', json);
  expect({ status, type: headers['content-type'] }).toEqual({ status: expected, type: 'application/problem+json' });
  expect(problemSchema.parse(JSON.parse(body)).code).toBe(code);
});

test('a client that goes away ends the diff', async () => {
  const ended = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const diff = (_: unknown, { signal }: { signal?: AbortSignal } = {}) =>
    new Promise<DiffReport>((_resolve, reject) => {
      started.resolve();
      signal?.addEventListener('abort', () => {
        ended.resolve();
        reject(signal.reason);
      });
    });
  await using api = await serve(daemonOf({ diff }));
  const leave = new AbortController();
  const asked = fetch(`http://127.0.0.1:${api.port}${URL}`, { method: 'POST', headers: json, body: '{}', signal: leave.signal });
  await started.promise;
  leave.abort();
  await expect(asked).rejects.toThrow();
  await ended.promise;
});

test('the manifests of a large repository may be sent, but no more than that', async () => {
  await using api = await serve();
  const body = (bytes: number) => {
    const empty = JSON.stringify({ files: [{ path: 'a.yaml', content: '' }] });
    return JSON.stringify({ files: [{ path: 'a.yaml', content: 'x'.repeat(bytes - empty.length) }] });
  };
  expect((await api.post(URL, body(MAX_DIFF_BYTES), json)).status).toBe(200);
  const announced = await sendRaw(
    api.port,
    `POST ${URL} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${MAX_DIFF_BYTES + 1}\r\n\r\n`,
  );
  expect(announced).toMatch(/^HTTP\/1\.1 413 /);
});
