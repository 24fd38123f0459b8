import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { silentLogger } from '../../../src/base/index.ts';
import { loadKubeconfig } from '../../../src/cluster/connection/kubeconfig.ts';
import { createCluster } from '../../../src/cluster/index.ts';
import { createLoneCluster } from '../../support/lone-cluster.ts';
import { until } from '../../support/until.ts';
import { status } from '../api-server.ts';
import { configMap, JumpClock, path, request, startWorld, type World } from '../world.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flux-credentials-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** A cluster of its own kubeconfig against the server of a world. */
async function connect({ server, clock }: World, user: Record<string, unknown>, cluster: Record<string, unknown> = {}) {
  const file = join(directory, 'kubeconfig');
  const config = server.kubeconfig(user) as { clusters: { name: string; cluster: Record<string, unknown> }[] };
  const clusters = config.clusters.map((each) => ({ ...each, cluster: { ...each.cluster, ...cluster } }));
  writeFileSync(file, JSON.stringify({ ...config, clusters }));
  return createLoneCluster({ kubeconfigFile: file, excludeResources: [], clock, log: silentLogger() });
}

describe('Retry-After (R-003)', () => {
  test('is obeyed, and by every request: the rate drops, not only that of the one that was refused', async () => {
    const world = await startWorld();
    const plan = await world.plan([configMap('a'), configMap('b')]);
    let refused = 0;
    world.server.intercept = ({ method }) =>
      method === 'PATCH' && refused++ < 1
        ? { status: 429, body: status(429, 'TooManyRequests', 'slow down'), headers: { 'retry-after': '7' } }
        : undefined;
    expect((await world.cluster.apply(plan)).map(({ outcome }) => outcome)).toEqual(['created', 'created']);
    expect(world.clock.slept).toContain(7000);
  });

  test('without it the waits double, with jitter, and end', async () => {
    const world = await startWorld();
    world.server.intercept = () => ({ status: 503, body: 'down' });
    await expect(world.cluster.version()).rejects.toMatchObject({ code: 'cluster/unavailable' });
    expect(world.server.requests).toHaveLength(4);
    const bounds = [250, 500, 1000];
    for (const [n, ms] of world.clock.slept.entries()) {
      expect(ms).toBeGreaterThanOrEqual((bounds[n] ?? 0) / 2);
      expect(ms).toBeLessThanOrEqual(bounds[n] ?? 0);
    }
  });
});

describe('errors', () => {
  const cases = [
    [401, status(401, 'Unauthorized', 'Unauthorized'), 'cluster/unauthorized'],
    [403, status(403, 'Forbidden', 'no'), 'cluster/forbidden'],
    [404, '404 page not found\n', 'cluster/unknown-resource'],
    [404, status(404, 'NotFound', 'x "a" not found', { name: 'a', kind: 'x' }), 'cluster/not-found'],
    [405, status(405, 'MethodNotAllowed', 'no'), 'cluster/not-supported'],
    [409, status(409, 'Conflict', 'no'), 'cluster/conflict'],
    [410, status(410, 'Expired', 'no'), 'cluster/expired'],
    [418, 'teapot', 'cluster/refused'],
    [422, status(422, 'Invalid', 'no'), 'cluster/invalid'],
    [200, '<html>', 'cluster/bad-answer'],
    [200, '{}', 'cluster/bad-answer'],
  ] as const;

  test.for(cases)('an answer %s is %s', async ([code, body, expected]) => {
    const { server, cluster } = await startWorld();
    server.intercept = () => ({ status: code, body });
    await expect(cluster.version()).rejects.toMatchObject({ name: 'FluxError', code: expected });
  });

  test('a server that hangs is given up after a deadline, twice at most (R-002)', async () => {
    const { server, cluster } = await startWorld({ requestTimeoutMs: 300 });
    server.intercept = () => 'hang';
    await expect(cluster.version()).rejects.toMatchObject({ code: 'cluster/timeout' });
    expect(server.requests).toHaveLength(2);
  });

  test('a server that is not there is unreachable, and named (R-001)', async () => {
    const world = await startWorld();
    const cluster = await connect(world, {}, { server: 'http://127.0.0.1:1' });
    await expect(cluster.version()).rejects.toMatchObject({
      code: 'cluster/unreachable',
      message: expect.stringContaining('http://127.0.0.1:1'),
    });
  });

  test('passwords and tokens that a proxy echoes are not repeated', async () => {
    const { server, cluster } = await startWorld();
    server.intercept = ({ headers }) => ({ status: 400, body: `bad header ${headers.authorization}` });
    await expect(cluster.version()).rejects.not.toThrow('let-me-in');
  });
});

describe('credentials', () => {
  const authorizations = ({ server }: World) => server.requests.map(({ headers }) => headers.authorization);

  test('a user name and password, a token, and none', async () => {
    const world = await startWorld();
    for (const [user, header] of [
      [{ username: 'ann', password: 'pw' }, `Basic ${Buffer.from('ann:pw').toString('base64')}`],
      [{ token: 'tok' }, 'Bearer tok'],
      [{}, undefined],
    ] as const) {
      world.server.clear();
      const cluster = await connect(world, user);
      await cluster.version();
      expect(authorizations(world)).toEqual([header]);
      cluster.close();
    }
  });

  test('a path of the server is kept', async () => {
    const world = await startWorld();
    const cluster = await connect(world, {}, { server: `${world.server.url}/k8s/clusters/one/` });
    await cluster.version().catch(() => undefined);
    expect(world.server.requests[0]?.path).toBe('/k8s/clusters/one/version');
  });

  /** A credential plugin that hands out what the file says. */
  function plugin(token: string) {
    const file = join(directory, 'token');
    writeFileSync(file, token);
    const script = `process.stdout.write(JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token: require('fs').readFileSync(${JSON.stringify(file)}, 'utf8') } }))`;
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: process.execPath,
      args: ['-e', script],
      interactiveMode: 'Never',
    };
    return { file, exec };
  }

  test('after a 401 they are asked for anew, once, and the request is sent again (R-010)', async () => {
    const world = await startWorld();
    const { file, exec } = plugin('old');
    const cluster = await connect(world, { exec });
    world.server.intercept = ({ headers }) =>
      headers.authorization === 'Bearer old' ? { status: 401, body: status(401, 'Unauthorized', 'expired') } : undefined;
    writeFileSync(file, 'old');
    await expect(cluster.version()).rejects.toMatchObject({ code: 'cluster/unauthorized' });
    expect(authorizations(world)).toEqual(['Bearer old', 'Bearer old']);

    world.server.clear();
    writeFileSync(file, 'new');
    expect(await cluster.version()).toBe('v1.34.4');
    expect(authorizations(world)).toEqual(['Bearer old', 'Bearer new']);
    await cluster.version();
    expect(authorizations(world).at(-1)).toBe('Bearer new');
    cluster.close();
  });

  test('when many requests are refused at once, they are renewed once', async () => {
    const world = await startWorld();
    const { file, exec } = plugin('old');
    const counted = join(directory, 'count');
    const args = [exec.args[0] ?? '', `require('fs').appendFileSync(${JSON.stringify(counted)}, 'x');${exec.args[1]}`];
    const cluster = await connect(world, { exec: { ...exec, args } });
    await cluster.version();
    world.server.intercept = ({ headers }) =>
      headers.authorization === 'Bearer old' ? { status: 401, body: status(401, 'Unauthorized', 'expired') } : undefined;
    writeFileSync(file, 'new');
    await Promise.all(Array.from({ length: 20 }, () => cluster.version()));
    expect(readFileSync(counted, 'utf8')).toBe('xx');
    cluster.close();
  });

  test('a kubeconfig that was rotated in place is read again after a 401', async () => {
    const world = await startWorld();
    const cluster = await connect(world, { token: 'old' });
    await cluster.version();
    world.server.intercept = ({ headers }) =>
      headers.authorization === 'Bearer old' ? { status: 401, body: status(401, 'Unauthorized', 'expired') } : undefined;
    const file = join(directory, 'kubeconfig');
    writeFileSync(file, readFileSync(file, 'utf8').replace('old', 'new'));
    expect(await cluster.version()).toBe('v1.34.4');
    cluster.close();
  });

  test('a plugin that fails is an error of the request, not of the process', async () => {
    const world = await startWorld();
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: join(directory, 'absent'), interactiveMode: 'Never' };
    const cluster = await connect(world, { exec });
    await expect(cluster.version()).rejects.toMatchObject({ code: 'cluster/credentials' });
  });

  test.each([
    ['prints no JSON', 'echo hunter2', 'the output of the credential plugin is not JSON'],
    ['prints other JSON', 'echo \'{"hunter2":1}\'', 'the output of the credential plugin contains no credentials'],
    ['says why it fails', 'echo hunter2 >&2; exit 1', 'the credential plugin failed'],
  ])('a plugin that %s is not quoted (S-074)', async (_, script, reason) => {
    const world = await startWorld();
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'sh',
      args: ['-c', script],
      interactiveMode: 'Never',
    };
    const cluster = await connect(world, { exec });
    const failure: unknown = await cluster.version().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'cluster/credentials', message: expect.stringContaining(reason) });
    expect(inspect(failure, { depth: 10 })).not.toContain('hunter2');
    cluster.close();
  });
});

describe('the kubeconfig', () => {
  const options = { excludeResources: [], clock: new JumpClock(), log: silentLogger() };

  test('that is not there, cannot be read, or has no such context is told before the start', async () => {
    const world = await startWorld();
    await expect(createCluster({ ...options, kubeconfigFile: join(directory, 'absent') })).rejects.toMatchObject({
      code: 'cluster/bad-config',
    });
    const bad = join(directory, 'bad');
    writeFileSync(bad, 'clusters: [');
    await expect(createCluster({ ...options, kubeconfigFile: bad })).rejects.toMatchObject({ code: 'cluster/bad-config' });
    writeFileSync(bad, '');
    await expect(createCluster({ ...options, kubeconfigFile: bad })).rejects.toMatchObject({ code: 'cluster/bad-config' });
    await expect(
      createCluster({ ...options, kubeconfigFile: world.server.kubeconfigFile, context: 'nope' }),
    ).rejects.toMatchObject({
      code: 'cluster/bad-config',
      message: expect.stringMatching(/^context "nope" does not exist in kubeconfig \//),
    });
  });

  test.each([
    ['an open quote', 'users: [{name: a, user: {token: "hunter2', 'line 1: invalid YAML'],
    ['an alias', 'users:\n- name: a\n  user:\n    token: *hunter2\n', 'line 4: invalid YAML'],
    ['a tag', 'users:\n- name: a\n  user:\n    token: !hunter2!x y\n', 'line 4: invalid YAML'],
    ['nothing at all', '# hunter2\n', 'it is not a kubeconfig'],
  ])('with %s is refused by a place and a kind, and never quoted (S-074)', async (_, text, why) => {
    const file = join(directory, 'secret');
    writeFileSync(file, text);
    const failure: unknown = await loadKubeconfig({ kubeconfigFile: file }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'cluster/bad-config', message: `kubeconfig ${file}: ${why}` });
    expect(inspect(failure, { depth: 10 })).not.toContain('hunter2');
  });

  test('outside of a cluster there is no service account to use', async () => {
    await expect(createCluster({ ...options, inCluster: true })).rejects.toMatchObject({ code: 'cluster/no-config' });
  });

  test('that names no cluster, as the one of the Flux v1 chart, leaves the service account of the pod, and the namespace of its context', async () => {
    const file = join(directory, 'config');
    writeFileSync(
      file,
      `apiVersion: v1
kind: Config
clusters: []
contexts: [{context: {cluster: "", namespace: shop, user: ""}, name: default}]
current-context: default
users: []
`,
    );
    await expect(loadKubeconfig({ kubeconfigFile: file })).rejects.toMatchObject({ code: 'cluster/no-config' });
    vi.stubEnv('KUBERNETES_SERVICE_HOST', '10.0.0.1');
    vi.stubEnv('KUBERNETES_SERVICE_PORT', '443');
    expect(await loadKubeconfig({ kubeconfigFile: file })).toMatchObject({ server: 'https://10.0.0.1:443', namespace: 'shop' });
    vi.stubEnv('KUBECONFIG', file);
    expect(await loadKubeconfig({})).toMatchObject({ server: 'https://10.0.0.1:443', namespace: 'shop' });
    vi.unstubAllEnvs();
  });

  test('a server that is down is no error of the start (R-001)', async () => {
    const world = await startWorld();
    const cluster = await connect(world, {}, { server: 'http://127.0.0.1:1' });
    await expect(cluster.plan(request([configMap('a')]))).rejects.toMatchObject({ code: 'cluster/unreachable' });
  });
});

describe('single reads', () => {
  test('a Secret or ServiceAccount is read whole; absent and forbidden are undefined, the rest is an error', async () => {
    const { server, cluster } = await startWorld();
    server.put(path.secret('s'), {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's', namespace: 'shop' },
      data: { a: 'MQ==' },
    });
    expect(await cluster.readCore('Secret', 'shop', 's')).toMatchObject({ data: { a: 'MQ==' } });
    expect(await cluster.readCore('ServiceAccount', 'shop', 'default')).toBeUndefined();
    expect(await cluster.readCore('Secret', 'shop', '../../configmaps/x')).toBeUndefined();
    server.intercept = () => ({ status: 403, body: status(403, 'Forbidden', 'no') });
    expect(await cluster.readCore('Secret', 'shop', 's')).toBeUndefined();
    server.intercept = () => ({ status: 500, body: 'no' });
    await expect(cluster.readCore('Secret', 'shop', 's')).rejects.toMatchObject({ code: 'cluster/unavailable' });
  });
});

test('who waits for another request to find out whether the server is back can stop at once (R-001)', async () => {
  const world = await startWorld();
  const silent = createServer();
  const sockets: Socket[] = [];
  silent.on('connection', (socket) => sockets.push(socket));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  await new Promise((resolve) => silent.close(resolve));
  const cluster = await connect(world, {}, { server: `http://127.0.0.1:${port}` });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    cluster.close();
    silent.close();
  });
  await expect(cluster.version()).rejects.toMatchObject({ code: 'cluster/unreachable' });
  await new Promise<void>((resolve) => silent.listen(port, '127.0.0.1', resolve));
  // Tries, and hears nothing for its whole deadline.
  const probing = new AbortController();
  const probe = cluster.version({ signal: probing.signal });
  await until('the try', () => sockets.length > 0);
  const stopping = new AbortController();
  const waiting = cluster.version({ signal: stopping.signal });
  stopping.abort(new Error('the daemon stops'));
  await expect(waiting).rejects.toMatchObject({ code: 'cluster/stopped' });
  probing.abort(new Error('the test is over'));
  await expect(probe).rejects.toMatchObject({ code: 'cluster/stopped' });
});

test.for([
  'etcdserver: request is too large',
  'rpc error: code = ResourceExhausted desc = trying to send message larger than max (2097296 vs. 2097152)',
])('an object that is refused as %j is sent once, and told with its size (R-004)', async (message) => {
  const { server, cluster, plan } = await startWorld();
  const planned = await plan([configMap('large', { text: 'x'.repeat(1.6 * 2 ** 20) })]);
  server.intercept = ({ method }) => (method === 'PATCH' ? { status: 500, body: status(500, '', message) } : undefined);
  expect(await cluster.apply(planned)).toMatchObject([
    { outcome: 'failed', error: { code: 'cluster/too-large', fault: 'user', message: `1.6 MiB as JSON, too large: ${message}` } },
  ]);
  expect(server.requests.filter(({ method }) => method === 'PATCH')).toHaveLength(1);
});
