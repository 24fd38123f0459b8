import { describe, expect, test } from 'vitest';
import type { NotifiedChange } from '../../../src/controller/index.ts';
import { sendRaw } from '../daemon-fixture.ts';
import { hmac, pathOf, type Receiver, receive } from './fixture.ts';
import { ecrEvent } from './samples.ts';

const KEY = 'c0ffee-5d41402abc4b2a76';
const JSON_TYPE = { 'content-type': 'application/json' };
const gitHub = [{ source: 'GitHub', key: KEY }];

function deliver(receiver: Receiver, event: string, body: string, headers: Readonly<Record<string, string>> = JSON_TYPE) {
  const signature = `sha256=${hmac(KEY, body)}`;
  return receiver.post(
    { key: KEY },
    { body, headers: { ...headers, 'x-github-event': event, 'x-hub-signature-256': signature } },
  );
}

const push = (ref: unknown, repository: object = { ssh_url: 'git@github.com:acme/config.git' }) =>
  JSON.stringify({ ref, repository });

describe('what GitHub sends', () => {
  const CASES: readonly (readonly [string, string, string, number, string, readonly NotifiedChange[]])[] = [
    ['a ping', 'ping', '{"zen":"x"}', 200, 'ignored', []],
    ['a push of a tag', 'push', push('refs/tags/v1'), 200, 'ignored', []],
    ['an event that is no push', 'issues', '{"action":"opened"}', 200, 'ignored', []],
    [
      'a branch with slashes',
      'push',
      push('refs/heads/feature/x'),
      202,
      'accepted',
      [{ kind: 'push', urls: ['git@github.com:acme/config.git'], branch: 'feature/x' }],
    ],
    [
      'a new image in its registry',
      'registry_package',
      JSON.stringify({
        action: 'published',
        registry_package: { package_type: 'CONTAINER', package_version: { package_url: 'ghcr.io/acme/api:1.2' } },
      }),
      202,
      'accepted',
      [{ kind: 'image', domain: 'ghcr.io', image: 'acme/api' }],
    ],
    [
      'a new image without a tag',
      'package',
      JSON.stringify({ package: { package_type: 'CONTAINER', package_version: { package_url: 'ghcr.io/acme/api:' } } }),
      202,
      'accepted',
      [{ kind: 'image', domain: 'ghcr.io', image: 'acme/api' }],
    ],
    [
      'another package',
      'registry_package',
      JSON.stringify({ registry_package: { package_type: 'npm', package_version: null } }),
      200,
      'ignored',
      [],
    ],
    ['a push without a repository', 'push', '{"ref":"refs/heads/main"}', 400, 'malformed', []],
    ['a ref that is no text', 'push', push(['refs/heads/main']), 400, 'malformed', []],
    [
      'an image that is none',
      'package',
      JSON.stringify({ package: { package_type: 'docker', package_version: { package_url: '/' } } }),
      400,
      'malformed',
      [],
    ],
    ['null', 'push', 'null', 400, 'malformed', []],
    ['nothing', 'push', '', 400, 'malformed', []],
    ['half a body', 'push', '{"ref":', 400, 'malformed', []],
    ['JSON of 100,000 levels', 'push', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 400, 'malformed', []],
  ];
  test.each(CASES)('%s', async (_, event, body, status, result, tells) => {
    await using receiver = await receive(gitHub);
    expect((await deliver(receiver, event, body)).status).toBe(status);
    expect(receiver.counted).toEqual([`GitHub ${result}`]);
    expect(receiver.calls).toEqual(tells.map((argument) => ({ name: 'notify', argument })));
  });

  test('comes as a form, too, signed as it is sent', async () => {
    await using receiver = await receive(gitHub);
    const body = new URLSearchParams({ payload: push('refs/heads/main') }).toString();
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await deliver(receiver, 'push', body, form)).status).toBe(202);
    expect((await deliver(receiver, 'push', 'other=1', form)).status).toBe(400);
    expect(receiver.calls).toHaveLength(1);
  });

  test('is read only when it says that it is JSON', async () => {
    await using receiver = await receive(gitHub);
    for (const type of ['text/plain', 'multipart/form-data; boundary=x', 'application/jsonx', ''])
      expect((await deliver(receiver, 'push', push('refs/heads/main'), { 'content-type': type })).status, type).toBe(415);
    expect((await deliver(receiver, 'push', push('refs/heads/main'), {})).status).toBe(415);
    expect(receiver.calls).toEqual([]);
  });
});

test('nobody but GitHub sends forms', async () => {
  await using receiver = await receive([{ source: 'Gitea', key: KEY }]);
  const body = new URLSearchParams({ payload: push('refs/heads/main') }).toString();
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    'x-gitea-event': 'push',
    'x-gitea-signature': hmac(KEY, body),
  };
  expect((await receiver.post({ key: KEY }, { headers, body })).status).toBe(415);
});

test.each([
  ['GitLab', { 'x-gitlab-event': 'Tag Push Hook', 'x-gitlab-token': KEY }, {}],
  ['GitLab', { 'x-gitlab-event': 'System Hook', 'x-gitlab-token': KEY }, { object_kind: 'tag_push' }],
  ['Harbor', { authorization: KEY }, { type: 'SCANNING_COMPLETED' }],
  ['Harbor', { authorization: KEY }, { type: 'PUSH_ARTIFACT', event_data: { resources: [] } }],
  ['Distribution', { authorization: KEY }, { events: [{ action: 'pull', target: { repository: 'acme/api' } }] }],
  ['Distribution', { authorization: KEY }, { events: [] }],
  ['ACR', { authorization: KEY }, { action: 'delete', target: { repository: 'acme/api' } }],
  ['ACR', { authorization: KEY }, { action: 'ping' }],
  ['ECR', { authorization: KEY }, { source: 'aws.ec2', 'detail-type': 'EC2 Instance State-change Notification' }],
  ['ECR', { authorization: KEY }, ecrEvent('eu-west-1', { 'action-type': 'DELETE' })],
  ['ECR', { authorization: KEY }, ecrEvent('eu-west-1', { result: 'FAILURE' })],
])('what is no news from %s is answered well and does nothing', async (source, headers, payload) => {
  await using receiver = await receive([{ source, key: KEY }]);
  const answer = await receiver.post({ key: KEY }, { headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify(payload) });
  expect(answer.status).toBe(200);
  expect(receiver.calls).toEqual([]);
});

test.each([
  ['of npm', { type: 'npm' }, 'created'],
  ['that was deleted', { type: 'container' }, 'deleted'],
])('a package %s is no news from Gitea', async (_, { type }, action) => {
  await using receiver = await receive([{ source: 'Gitea', key: KEY }]);
  const html_url = 'https://git.example/acme/-/packages/x/y/1';
  const body = JSON.stringify({ action, package: { type, name: 'y', html_url, owner: { login: 'acme' } } });
  const headers = { ...JSON_TYPE, 'x-gitea-event': 'package', 'x-gitea-signature': hmac(KEY, body) };
  expect((await receiver.post({ key: KEY }, { headers, body })).status).toBe(200);
  expect(receiver.calls).toEqual([]);
});

test.each(['account', 'region'])('an event of ECR with a hostile %s names no host', async (field) => {
  await using receiver = await receive([{ source: 'ECR', key: KEY }]);
  const body = JSON.stringify({ ...ecrEvent('eu-west-1'), [field]: 'evil.example/x#' });
  const headers = { ...JSON_TYPE, authorization: KEY };
  expect((await receiver.post({ key: KEY }, { headers, body })).status).toBe(400);
});

test('a push among other events of GitLab’s registry, which have other targets, is passed on', async () => {
  await using receiver = await receive([{ source: 'Distribution', key: KEY }]);
  const request = { id: '8a4f', addr: '10.0.0.9', host: 'registry.gitlab.example', method: 'PUT', useragent: 'docker/27.0' };
  const actor = { name: 'root', user_type: 'gitlab_container_registry', user: 'eyJhbGciOiJSUzI1NiJ9' };
  const repository = 'shop/api';
  const events = [
    { id: '1', action: 'rename', target: { repository, rename: { from: 'old/api', to: repository, type: 'project' } }, actor },
    { id: '2', action: 'delete', target: { digest: `sha256:${'a'.repeat(64)}` }, request: { ...request, method: 'DELETE' } },
    { id: '3', action: 'delete' },
    {
      id: '4',
      timestamp: '2026-11-25T09:50:20.143145347Z',
      action: 'push',
      target: {
        mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
        size: 708,
        length: 708,
        digest: `sha256:${'b'.repeat(64)}`,
        repository,
        url: `https://registry.gitlab.example/v2/${repository}/manifests/sha256:${'b'.repeat(64)}`,
        tag: '1.2',
      },
      request,
      actor,
      source: { addr: 'gitlab:5000', instanceID: 'a53db899' },
    },
  ];
  const headers = { authorization: KEY, 'content-type': 'application/vnd.docker.distribution.events.v1+json' };
  expect((await receiver.post({ key: KEY }, { body: JSON.stringify({ events }), headers })).status).toBe(202);
  const argument = { kind: 'image', domain: 'registry.gitlab.example', image: 'shop/api' };
  expect(receiver.calls).toEqual([{ name: 'notify', argument }]);
});

test('events of another JSON type are only those of Distribution', async () => {
  await using receiver = await receive([{ source: 'ACR', key: KEY }]);
  const headers = { authorization: KEY, 'content-type': 'application/vnd.docker.distribution.events.v1+json' };
  expect((await receiver.post({ key: KEY }, { headers, body: '{}' })).status).toBe(415);
});

test('hooks of a whole GitLab tell of pushes, too', async () => {
  await using receiver = await receive([{ source: 'GitLab', key: KEY }]);
  const project = { git_http_url: 'https://gitlab.example/a/b.git' };
  const body = JSON.stringify({ object_kind: 'push', ref: 'refs/heads/main', project });
  const headers = { ...JSON_TYPE, 'x-gitlab-event': 'System Hook', 'x-gitlab-token': KEY };
  expect((await receiver.post({ key: KEY }, { headers, body })).status).toBe(202);
});

test('Generic takes {} for a push that says nothing, and knows images', async () => {
  await using receiver = await receive([{ source: 'Generic', key: KEY }]);
  const sendGeneric = (body: string) =>
    receiver.post({ key: KEY }, { headers: { ...JSON_TYPE, 'x-signature': `sha256=${hmac(KEY, body)}` }, body });
  expect((await sendGeneric('{}')).status).toBe(202);
  expect((await sendGeneric('{"image":"quay.io/acme/api:1"}')).status).toBe(202);
  expect((await sendGeneric('{"brunch":"main"}')).status).toBe(400);
  expect(receiver.calls.map(({ argument }) => argument)).toEqual([
    { kind: 'push' },
    { kind: 'image', domain: 'quay.io', image: 'acme/api' },
  ]);
});

test('what does not concern us is answered with 200', async () => {
  await using receiver = await receive(gitHub, { notify: async () => false });
  expect(await deliver(receiver, 'push', push('refs/heads/next'))).toMatchObject({ status: 200 });
  expect(receiver.counted).toEqual(['GitHub ignored']);
});

describe('an unknown URL and a wrong signature', () => {
  test.each(['10.1.2.3', '127.0.0.1'])('get one and the same answer on %s (S-081)', async (localAddress) => {
    await using receiver = await receive([...gitHub, { source: 'GitLab', key: 'other' }], { localAddress });
    const body = push('refs/heads/main');
    const headers = { ...JSON_TYPE, 'x-github-event': 'push', 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` };
    const request = { headers, body };
    const answers = [
      await receiver.post({ key: KEY }, request),
      await receiver.post({ key: 'other' }, request),
      await receiver.post({ key: 'nobody' }, request),
      await receiver.post('/hook/x', request),
      await receiver.post('/hook/%00', request),
      await receiver.post('/hook/__proto__', request),
      await receiver.post('/', { ...request }),
      await receiver.post('/api/flux/v11/notify', request),
      await receiver.post('/hook', request),
      await receiver.post(`${pathOf({ key: KEY })}/`, request),
    ].map((answer) => ({ ...answer, headers: { ...answer.headers, date: '', connection: '' } }));
    for (const answer of answers) expect(answer).toEqual({ ...answers[0], status: 404 });
    expect((await receiver.post(pathOf({ key: KEY }), { method: 'GET' })).status).toBe(404);
    expect((await receiver.post(pathOf({ key: KEY }), { method: 'PUT', body })).status).toBe(404);
    expect(receiver.calls).toEqual([]);
  });

  test('are told in the log once a minute at most, and only for endpoints that are there', async () => {
    await using receiver = await receive(gitHub);
    const told = () =>
      receiver
        .log()
        .split('\n')
        .filter((line) => line.includes('webhook rejected')).length;
    for (let n = 0; n < 5; n++) await receiver.post({ key: KEY }, {});
    for (let n = 0; n < 5; n++) await receiver.post({ key: 'nobody' }, {});
    expect(told()).toBe(1);
    receiver.clock.advance(60_000);
    await receiver.post({ key: KEY }, {});
    expect(told()).toBe(2);
    expect(receiver.counted.filter((line) => line === 'GitHub refused')).toHaveLength(6);
    expect(receiver.counted.filter((line) => line === 'unknown refused')).toHaveLength(5);
  });
});

test('a body over 5 MiB is refused, announced or not, whoever the endpoint is (S-076)', async () => {
  await using receiver = await receive(gitHub);
  for (const path of [pathOf({ key: KEY }), pathOf({ key: 'nobody' })]) {
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\n`;
    const announced = await sendRaw(receiver.port, `${head}Content-Length: 1073741824\r\n\r\n`);
    expect(announced).toMatch(/^HTTP\/1\.1 413 [\s\S]*\r\nConnection: close\r\n/i);
    const chunk = `100000\r\n${'x'.repeat(0x100000)}\r\n`;
    expect(await sendRaw(receiver.port, `${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(6)}`)).toMatch(
      /^HTTP\/1\.1 413 /,
    );
  }
});

test('a push that names thousands of files is read', async () => {
  await using receiver = await receive(gitHub);
  const files = Array.from({ length: 20_000 }, (_, n) => `clusters/production/namespaces/team-${n % 100}/application-${n}.yaml`);
  const body = JSON.stringify({
    ...JSON.parse(push('refs/heads/main')),
    commits: [{ modified: files }],
    head_commit: { modified: files },
  });
  expect(body.length).toBeGreaterThan(2 * 1024 * 1024);
  expect((await deliver(receiver, 'push', body)).status).toBe(202);
});

test('the probe of Flux v1s receiver is answered', async () => {
  await using receiver = await receive(gitHub);
  expect(await receiver.post('/health', { method: 'GET' })).toMatchObject({ status: 200, body: 'OK\n' });
  expect(receiver.counted).toEqual([]);
});

test('many connections of one address are taken: an Ingress is one address for everybody', async () => {
  await using receiver = await receive(gitHub);
  const answers = await Promise.all(Array.from({ length: 150 }, () => deliver(receiver, 'push', push('refs/heads/main'))));
  expect(answers.filter(({ status }) => status === 202)).toHaveLength(150);
});
