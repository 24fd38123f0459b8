import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { serveGitOverHttp } from '../git/support/http-server.ts';
import { createWebhooks, manifest, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** Secrets that nobody could guess, by where they are planted. */
function canaries<Name extends string>(...names: readonly Name[]): Readonly<Record<Name, string>> {
  return Object.fromEntries(names.map((name) => [name, `k${randomBytes(12).toString('hex')}`])) as Record<Name, string>;
}

/** As it is, and as it would look encoded; of each the beginning, in case the rest is cut. */
function forms(secret: string): readonly string[] {
  // Base64 of what stands behind one or two other bytes looks different.
  const base64 = [0, 1, 2].map((shift) =>
    Buffer.from('x'.repeat(shift) + secret)
      .toString('base64')
      .slice(shift === 0 ? 0 : 4, 16),
  );
  return [secret.slice(0, 10), Buffer.from(secret).toString('hex').slice(0, 20), ...base64];
}

const secret = (namespace: string, name: string, rest: string) =>
  `apiVersion: v1\nkind: Secret\nmetadata:\n  name: ${name}\n  namespace: ${namespace}\n${rest}`;
const base64 = (text: string) => Buffer.from(text).toString('base64');

test('S-074: no secret comes out by the log, the API, the metrics, events, commits, notes or command lines', async () => {
  const planted = canaries(
    'git password',
    'data',
    'changed data',
    'stringData',
    'data that is not base64',
    'data of the wrong type',
    'data of an unknown field',
    'a file that cannot be parsed',
    'last-applied annotation',
    'pull secret',
    'live data',
    'previewed data',
    'bearer token',
    'probe token',
    'token in a query',
    'refused body',
    'webhook with a wrong key',
  );
  const shop = world.namespace('shop');
  const repository = await world.repository();
  const webhooks = await createWebhooks();
  onTestFinished(() => webhooks.remove());
  const { port } = await serveGitOverHttp(dirname(repository.directory), { user: 'flux', password: planted['git password'] });
  const image = world.unique('acme/web');
  await world.push(image, '1.0.0', { version: '1.0.0' });

  const auth = { auths: { [world.registry]: { username: 'bot', password: planted['pull secret'] } } };
  const lastApplied = JSON.stringify({ data: { key: planted['last-applied annotation'] } });
  const files = {
    'namespace.yaml': manifest.namespace(shop),
    'web.yaml': manifest
      .deployment({ namespace: shop, name: 'web', image: `${world.registry}/${image}:1.0.0` })
      .replace('    spec:\n', '    spec:\n      imagePullSecrets: [{ name: pull }]\n'),
    'good.yaml': secret(shop, 'good', `data: { key: ${base64(planted.data)} }\nstringData: { plain: ${planted.stringData} }\n`),
    'pull.yaml': secret(
      shop,
      'pull',
      `type: kubernetes.io/dockerconfigjson\ndata: { .dockerconfigjson: ${base64(JSON.stringify(auth))} }\n`,
    ),
    'annotated.yaml': secret(shop, 'annotated', 'data: {}\n').replace(
      'metadata:\n',
      `metadata:\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: '${lastApplied}'\n`,
    ),
    'bad-base64.yaml': secret(shop, 'bad-base64', `data: { key: "${planted['data that is not base64']}!" }\n`),
    'bad-type.yaml': secret(shop, 'bad-type', `data: { key: [${planted['data of the wrong type']}] }\n`),
    'unparsable.yaml': secret(shop, 'unparsable', `stringData:\n  key: ${planted['a file that cannot be parsed']}: [\n  {\n`),
    'bad-field.yaml': secret(shop, 'bad-field', `dato: { key: ${planted['data of an unknown field']} }\n`),
  };
  const first = await repository.commit('Open the shop', files);
  const url = `http://flux:${planted['git password']}@127.0.0.1:${port}/${basename(repository.directory)}`;
  const fluxd = await world.fluxd(url, {
    args: ['--log-format=json', '--registry-trace', '--sync-garbage-collection', ...webhooks.args],
  });
  const origin = new URL(fluxd.url).origin;
  const seen = new Map<string, string>();
  const ask = async (what: string, path: string, init?: RequestInit) => {
    const response = await fetch(origin + path, init);
    seen.set(what, `${seen.get(what) ?? ''}${JSON.stringify([...response.headers])}\n${await response.text()}\n`);
    return response.status;
  };
  const post = (what: string, path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
    ask(what, path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } });
  const streaming = new AbortController();
  const events = fetch(`${origin}/api/v1/events`, { signal: streaming.signal });
  void (async () => {
    const decoder = new TextDecoder();
    for await (const piece of (await events).body ?? []) seen.set('events', (seen.get('events') ?? '') + decoder.decode(piece));
  })().catch(() => {}); // it is aborted in the end
  onTestFinished(() => streaming.abort());

  // What is applied, refused, changed in Git and in the cluster, and gone.
  await repository.synced(first);
  const second = await repository.commit('Change', {
    'good.yaml': secret(shop, 'good', `data: { key: ${base64(planted['changed data'])} }\n`),
  });
  await repository.synced(second);
  const good = `api/v1/namespaces/${shop}/secrets/good`;
  await world.kube.patch(good, { data: { key: base64(planted['live data']) } });
  await until('the drift is corrected', async () => {
    const live = await world.kube.find(good);
    return live?.data?.key === base64(planted['changed data']);
  });
  await until('the registry was scanned', () => fluxd.log().includes(image));

  // What people and strangers send.
  const content = secret(shop, 'good', `data: { key: ${base64(planted['previewed data'])} }\n`);
  expect(await post('diff of files', '/api/v1/diffs', { files: [{ path: 'good.yaml', content }] })).toBe(200);
  expect(seen.get('diff of files')).toContain(`${shop}:secret/good`);
  await post('diff of a revision', '/api/v1/diffs', { revision: first });
  await post('refused body', '/api/v1/diffs', { password: planted['refused body'] });
  await post('refused body', '/api/flux/v9/update-manifests', { type: planted['refused body'] });
  await ask('with a token', '/api/flux/v11/nope', { headers: { authorization: `Bearer ${planted['bearer token']}` } });
  await ask('with a token', '/api/v1/nope', { headers: { authorization: `Scope-Probe token=${planted['probe token']}` } });
  await ask('with a token', `/api/v1/history?limit=x&token=${planted['token in a query']}`);
  const hook = webhooks.gitHubPush({ url: `http://127.0.0.1:${port}/${basename(repository.directory)}`, branch: 'main' });
  expect(await webhooks.send(hook)).toBe(202);
  await webhooks.send({ ...hook, path: `/hook/${planted['webhook with a wrong key']}` });
  expect((await fluxd.fluxctl('automate', '--workload', `${shop}:deployment/web`)).code).toBe(0);
  await repository.synced(repository.head());

  // What can be read of it.
  const routes = ['objects', 'history', 'images/scans', 'health', 'gc', 'syncs/none'];
  for (const route of routes) await ask(route, `/api/v1/${route}`);
  for (const path of ['v11/services?namespace=', 'v10/images?namespace=&service=%3Call%3E', 'v6/sync?ref=main', 'v6/export'])
    await ask(path, `/api/flux/${path}`);
  await post('git-repo-config', '/api/flux/v9/git-repo-config', false);
  await ask('metrics', '/metrics');
  for (const words of [['list-workloads', '-a'], ['list-images', '-n', shop], ['sync'], ['diff'], ['save', '--out', '-']]) {
    const { stdout, stderr } = await fluxd.fluxctl(...words);
    seen.set(`fluxctl ${words[0]}`, stdout + stderr);
  }
  seen.set('log', fluxd.log());
  seen.set(
    'command line',
    readFileSync(`/proc/${fluxd.pid}/task/${fluxd.pid}/children`, 'utf8').split(' ').filter(Boolean).map(commandLine).join('\n'),
  );
  seen.set('commits', await repository.git('log', '--format=raw', '--all'));
  for (const ref of ['flux', 'flux-sync'])
    for (const line of (await repository.git('notes', `--ref=${ref}`, 'list')).trim().split('\n'))
      seen.set(
        `notes ${ref}`,
        (seen.get(`notes ${ref}`) ?? '') + (await repository.git('cat-file', '-p', line.split(' ')[0] ?? '')),
      );
  seen.set('cluster events', JSON.stringify(await world.kube.find('api/v1/events')));

  for (const what of ['events', 'log', 'objects', 'history', 'notes flux', 'notes flux-sync', 'v6/export', 'fluxctl diff'])
    expect(seen.get(what)?.length, what).toBeGreaterThan(100);
  const [keyDigest = ''] = /[0-9a-f]{64}$/.exec(hook.path) ?? [];
  const all = { ...planted, 'URL of the webhook': keyDigest, 'token for the API server': 'the-proxy-has-the-credentials' };
  const leaks = [...seen].flatMap(([where, text]) =>
    Object.entries(all)
      .filter(([, each]) => forms(each).some((form) => text.includes(form)))
      .map(([name]) => `${name} in ${where}`),
  );
  expect(leaks).toEqual([]);
});

function commandLine(pid: string): string {
  return execFileSync('ps', ['-ww', '-o', 'args=', '-p', pid], { encoding: 'utf8' });
}
