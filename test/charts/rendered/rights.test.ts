import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { createChangedOnly, createLogger, systemClock } from '../../../src/base/index.ts';
import { createObjectEvents } from '../../../src/cluster/event/object-events.ts';
import { createAllowedNamespaces } from '../../../src/cluster/scope/allowed-namespaces.ts';
import { selfSignedCertificate } from '../../../src/sim/kubernetes/certificate.ts';
import { parseResourcePath } from '../../../src/sim/kubernetes/route.ts';
import { transportTo } from '../../cluster/transport-to.ts';
import { type Account, type Fluxd, manifest, path, type Recorded, type Rule, until } from '../../e2e/harness/index.ts';
import { verbOf } from '../../e2e/harness/rights.ts';
import { freePort } from '../../support/free-port.ts';
import { networkAddress as address } from '../../support/network-address.ts';
import { argumentsOf, type Rendered, render } from './helm.ts';
import { registry, surround, world } from './surroundings.ts';

/*
 * fluxd runs as a service account that has the rendered roles and nothing else, on an API server with RBAC, and does all that it
 * does. What it asks for is recorded on its way: nothing may be refused that its profile is for, and no right may be left unused.
 */

surround();

const COLLECTIONS: Readonly<Record<string, string>> = {
  Role: 'roles',
  RoleBinding: 'rolebindings',
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
};

interface Installed {
  readonly account: Account;
  readonly roles: readonly Rendered[];
  /** Of the rendered Deployment, which has to know what the roles allow. */
  readonly allowed: readonly string[];
}

/** The roles of the chart, and an account that is bound to them. */
async function install(set: Readonly<Record<string, unknown>>): Promise<Installed> {
  const account = await world.account();
  const objects = render({
    namespace: account.namespace,
    set: {
      fullnameOverride: account.namespace,
      serviceAccount: { create: false, name: 'flux' },
      'tls.secretName': 'tls',
      ...set,
    },
  });
  const bound = objects.filter(({ kind }) => COLLECTIONS[kind]);
  for (const object of bound) {
    const within = object.metadata.namespace ? `/namespaces/${object.metadata.namespace}` : '';
    const collection = `apis/rbac.authorization.k8s.io/v1${within}/${COLLECTIONS[object.kind]}`;
    await world.kube.create(collection, object);
    onTestFinished(async () => {
      const made = `${collection}/${object.metadata.name}`;
      if (await world.kube.find(made)) await world.kube.delete(made);
    });
  }
  const allowed = argumentsOf(objects).filter((argument) => argument.startsWith('--k8s-allow-namespace='));
  return { account, allowed, roles: bound.filter(({ rules }) => rules) };
}

async function namespace(stem: string): Promise<string> {
  const name = world.namespace(stem);
  await world.kube.create('api/v1/namespaces', { metadata: { name } });
  return name;
}

/** A right that a request needs, as RBAC tells it. */
interface Need {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly status: number | undefined;
}

function needsOf(requests: readonly Recorded[]): readonly Need[] {
  return requests.flatMap((each) => {
    const route = parseResourcePath(each.path);
    if (!route) return [];
    const { group, plural, name, subresource } = route;
    const resource = subresource === undefined ? plural : `${plural}/${subresource}`;
    // Kubernetes counts a Namespace itself as being in it.
    const within = route.namespace ?? (group === '' && plural === 'namespaces' ? name : undefined);
    const verb = verbOf(each, name);
    const needed = { verb, group, resource, namespace: within, status: each.status };
    // An apply of an object that is not there yet is a creation, too.
    return each.status === 201 && verb === 'patch' ? [needed, { ...needed, verb: 'create' }] : [needed];
  });
}

/** Rights of the roles that no request needed, as `verb resource` by role. */
function unused(roles: readonly Rendered[], needs: readonly Need[]): readonly string[] {
  const covers = (list: readonly string[], what: string) => list.includes('*') || list.includes(what);
  return roles.flatMap(({ kind, metadata, rules }) =>
    (rules as readonly Rule[]).flatMap((rule) =>
      rule.verbs
        .filter(
          (verb) =>
            !needs.some(
              (need) =>
                need.verb === verb &&
                covers(rule.apiGroups, need.group) &&
                covers(rule.resources, need.resource) &&
                (kind === 'ClusterRole' || need.namespace === metadata.namespace),
            ),
        )
        .map((verb) => `${metadata.name}: ${verb} ${rule.resources}`),
    ),
  );
}

const refused = (needs: readonly Need[]) => [
  ...new Set(needs.filter(({ status }) => status === 403).map(({ verb, resource }) => `${verb} ${resource}`)),
];

const image = (tag: string) => `${registry.host}/shop/web:${tag}`;
const files = (shop: string) => ({
  'web.yaml': manifest
    .deployment({
      namespace: shop,
      name: 'web',
      image: image('1.0.0'),
      replicas: 0,
      annotations: { 'fluxcd.io/automated': 'true' },
    })
    .replace('      containers:', '      imagePullSecrets: [{ name: pull }]\n      containers:'),
  'maps.yaml': `${manifest.configMap(shop, 'a')}---\n${manifest.configMap(shop, 'b')}`,
});

async function pullSecret(shop: string): Promise<void> {
  const auth = Buffer.from(JSON.stringify({ auths: { [registry.host]: { auth: 'YTpi' } } })).toString('base64');
  const secret = { metadata: { name: 'pull' }, type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': auth } };
  await world.kube.create(`api/v1/namespaces/${shop}/secrets`, secret);
}

/** A caller from the network with a token: it takes a review of the token, and one of the right. */
async function callByTls(installed: Installed): Promise<readonly Recorded[]> {
  const directory = mkdtempSync(join(tmpdir(), 'flux-chart-tls-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const { cert, key } = selfSignedCertificate(Date.now());
  writeFileSync(join(directory, 'tls.crt'), cert);
  writeFileSync(join(directory, 'tls.key'), key);
  const port = await freePort();
  const repository = await world.repository();
  await repository.commit('Nothing', { 'README.md': '' });
  const fluxd = await world.fluxd(repository, {
    account: installed.account,
    wait: false,
    args: [
      `--listen=:${port}`,
      `--tls-cert-file=${directory}/tls.crt`,
      `--tls-private-key-file=${directory}/tls.key`,
      ...installed.allowed,
    ],
  });
  const ask = () =>
    new Promise<number>((resolve) => {
      const headers = { authorization: `Bearer ${installed.account.token}` };
      const url = `https://${address}:${port}/api/flux/v6/services`;
      request(url, { headers, rejectUnauthorized: false }, (response) => resolve(response.resume().statusCode ?? 0))
        .on('error', () => resolve(0)) // not listening yet
        .end();
    });
  // It is somebody, who may nothing there; without the rights for the reviews it would be 503.
  await until('a caller is told of the right that is missing', async () => (await ask()) === 403);
  return fluxd.proxy.requests;
}

/** The Lease is created at first and renewed only seconds later, which a quick test does not reach. */
async function renewedLease({ proxy }: Fluxd): Promise<void> {
  await until('the Lease was renewed', () =>
    proxy.requests.some(({ method, path }) => method === 'PATCH' && path.includes('/leases/')),
  );
}

/** What outlasts a restart: the ConfigMap is patched, found missing, and created. */
async function remembered(fluxd: Fluxd): Promise<void> {
  expect(await fluxd.fluxctl('suspend', '--user=')).toMatchObject({ code: 0 });
  expect(await fluxd.fluxctl('resume', '--user=')).toMatchObject({ code: 0 });
}

/** A deploy key is generated, and stored in the Secret that the chart creates. */
async function storedKey({ account, roles }: Installed): Promise<readonly Recorded[]> {
  const rules = roles.flatMap((role) => role.rules as readonly (Rule & { readonly resourceNames?: readonly string[] })[]);
  const name =
    rules.find(({ resources, resourceNames }) => resources.includes('secrets') && resourceNames)?.resourceNames?.[0] ??
    'flux-git-deploy';
  await world.kube.create(`api/v1/namespaces/${account.namespace}/secrets`, { metadata: { name } });
  const args = [`--k8s-secret-name=${name}`];
  const fluxd = await world.fluxd('ssh://git@127.0.0.1:1/you/config', { account, args, wait: false });
  await until('the key is stored', () => fluxd.log().includes('identity.pub='));
  await fluxd.stop();
  return fluxd.proxy.requests;
}

/** What happens again after five minutes is counted in the Event that is there. */
async function repeatedEvent({ account, allowed }: Installed, fluxd: Fluxd, shop: string): Promise<void> {
  let later = 0;
  const clock = { ...systemClock, now: () => Date.now() + later, monotonic: () => systemClock.monotonic() + later };
  const transport = await transportTo(fluxd.proxy.kubeconfig, clock);
  const log = await createLogger({ format: 'fmt', destination: new PassThrough() });
  const results: string[] = [];
  const events = createObjectEvents({
    ...{ transport, clock, log, changedOnly: createChangedOnly(), instance: account.namespace },
    allowed: createAllowedNamespaces(allowed.length > 0 ? [shop] : []),
    onEvent: (result) => results.push(result),
  });
  const subject = {
    resource: { group: '', version: 'v1', kind: 'ConfigMap' },
    namespace: shop,
    name: 'a',
    uid: undefined,
    fence: { check: () => undefined },
  };
  const event = { type: 'Warning', reason: 'SyncFailed', note: 'again', revision: 'none', action: 'Sync' } as const;
  events.add(subject, event);
  await until('the Event is written', () => results.length === 1);
  later = 301_000;
  events.add(subject, event);
  await until('the Event is written again', () => results.length === 2);
  events.close();
  transport.close();
  expect(results).toEqual(['written', 'written']);
}

async function work(installed: Installed, shop: string): Promise<readonly Need[]> {
  registry.pushImage({ repository: 'shop/web', tag: '1.0.0', created: new Date('2026-01-01') });
  await pullSecret(shop);
  const repository = await world.repository();
  const first = await repository.commit('Open the shop', files(shop));
  const fluxd = await world.fluxd(repository, {
    account: installed.account,
    args: [`--registry-insecure-host=${registry.host}`, '--sync-garbage-collection', ...installed.allowed],
  });
  await repository.synced(first);
  expect((await fluxd.fluxctl('sync', '--wait')).stderr).toContain('3 of 3 objects healthy.');
  expect((await fluxd.fluxctl('list-workloads', '--all-namespaces')).stdout).toContain(`${shop}:deployment/web`);
  await world.kube.patch(path.configMap(shop, 'a'), { data: { greeting: 'drifted' } });
  await until('drift is corrected', async () => (await world.kube.get(path.configMap(shop, 'a'))).data.greeting === 'hello');
  registry.pushImage({ repository: 'shop/web', tag: '1.0.1', created: new Date('2026-01-02') });
  await until('the image is updated', async () => {
    const { spec } = await world.kube.get(path.deployment(shop, 'web'));
    return spec.template.spec.containers[0].image === image('1.0.1');
  });
  await repository.pull();
  await repository.commit('Less', { 'maps.yaml': manifest.configMap(shop, 'a') });
  await until('what is gone from Git is deleted', async () => (await world.kube.find(path.configMap(shop, 'b'))) === undefined);
  await repository.commit('Wrong', {
    'wrong.yaml': `apiVersion: v1\nkind: Service\nmetadata: { name: s, namespace: ${shop} }\nspec: { ports: [{ port: 99999 }] }\n`,
  });
  await until('a failure is told by an Event', async () => {
    const events = await world.kube.list(`apis/events.k8s.io/v1/namespaces/${shop}/events`);
    return events.some(({ reason }) => reason === 'SyncFailed');
  });
  await repeatedEvent(installed, fluxd, shop);
  await renewedLease(fluxd);
  await remembered(fluxd);
  return needsOf([...fluxd.proxy.requests, ...(await callByTls(installed)), ...(await storedKey(installed))]);
}

test('`namespaced` is enough for everything in its namespaces, and each right of it is needed', async () => {
  const shop = await namespace('shop');
  const installed = await install({ 'clusterRole.create': false, allowedNamespaces: [shop] });
  const needs = await work(installed, shop);
  expect(refused(needs.filter((need) => need.namespace !== undefined))).toEqual([]);
  // Before it deletes, it looks for its own among kinds without namespaces, too; it may not, and has none there.
  expect(refused(needs).filter((need) => !need.startsWith('list '))).toEqual([]);
  // The role is the same in each namespace; of its own one the daemon needs what any other would.
  const roles = installed.roles.filter(({ kind, metadata }) => kind === 'ClusterRole' || metadata.namespace === shop);
  expect(unused(roles, needs)).toEqual([]);
});

test('with `rbac.rules` for the kinds that are in Git, what the chart adds for the daemon itself is enough and needed', async () => {
  const shop = await namespace('shop');
  const rules = [
    {
      apiGroups: ['', 'apps'],
      resources: ['configmaps', 'deployments', 'services'],
      verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
    },
    // Credentials for images.
    { apiGroups: [''], resources: ['secrets', 'serviceaccounts'], verbs: ['get'] },
  ];
  const installed = await install({ 'clusterRole.create': false, allowedNamespaces: [shop], 'rbac.rules': rules });
  const needs = await work(installed, shop);
  for (const resource of ['configmaps', 'deployments', 'services'])
    expect(refused(needs.filter((need) => need.resource === resource))).toEqual([]);
  // Kinds that were not given are looked for all the same, as workloads and before deletions; nothing else is tried.
  expect(refused(needs).filter((need) => !/^(list|watch) /.test(need))).toEqual([]);
  const own = installed.roles
    .filter(({ kind, metadata }) => kind === 'ClusterRole' || metadata.namespace === shop || metadata.name.endsWith('-lease'))
    .map((role) => ({
      ...role,
      rules: (role.rules as readonly Rule[]).filter(
        (rule) => !rules.some((one) => one.resources.join() === rule.resources.join()),
      ),
    }));
  expect(unused(own, needs)).toEqual([]);
});

test('`readonly` sees everything and writes nothing but its Lease, its memory and Events, and each right of it is needed', async () => {
  const shop = await namespace('shop');
  const installed = await install({ 'rbac.profile': 'readonly' });
  registry.pushImage({ repository: 'shop/web', tag: '1.0.0', created: new Date('2026-01-01') });
  await pullSecret(shop);
  await world.kube.create(`api/v1/namespaces/${shop}/configmaps`, { metadata: { name: 'a' }, data: { greeting: 'hello' } });
  const repository = await world.repository();
  const first = await repository.commit('Open the shop', files(shop));
  const fluxd = await world.fluxd(repository, {
    account: installed.account,
    args: [`--registry-insecure-host=${registry.host}`, '--sync-garbage-collection'],
  });
  await repository.synced(first);
  expect((await fluxd.sync()).changes).toEqual(
    expect.arrayContaining([expect.objectContaining({ id: `${shop}:configmap/b`, outcome: 'failed' })]),
  );
  expect(await world.kube.find(path.configMap(shop, 'b'))).toBeUndefined();
  const listed = await fluxd.fluxctl('list-workloads', '--all-namespaces');
  expect(listed.code).toBe(0);
  await until('a failure is told by an Event', async () => {
    const events = await world.kube.list(`apis/events.k8s.io/v1/namespaces/${shop}/events`);
    return events.some(({ reason }) => reason === 'SyncFailed');
  });
  await repeatedEvent(installed, fluxd, shop);
  await renewedLease(fluxd);
  await remembered(fluxd);
  const key = await storedKey(installed);
  const needs = needsOf([...fluxd.proxy.requests, ...(await callByTls(installed)), ...key]);
  expect(refused(needs).sort()).toEqual(['patch configmaps', 'patch deployments']);
  expect(unused(installed.roles, needs)).toEqual([]);
});

test('`cluster` may write any kind, also roles that give more than it uses itself', async () => {
  const shop = await namespace('shop');
  const installed = await install({});
  const repository = await world.repository();
  const name = world.unique('role');
  onTestFinished(() => world.kube.delete(`apis/rbac.authorization.k8s.io/v1/clusterroles/${name}`));
  const first = await repository.commit('Power', {
    'role.yaml': `apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: { name: ${name} }\nrules:\n- apiGroups: ['*']\n  resources: ['*']\n  verbs: ['*']\n- nonResourceURLs: ['*']\n  verbs: ['*']\n`,
    'map.yaml': manifest.configMap(shop, 'a'),
  });
  const fluxd = await world.fluxd(repository, { account: installed.account });
  expect(await repository.synced(first)).toMatchObject({ counts: { created: 2 } });
  expect(refused(needsOf(fluxd.proxy.requests))).toEqual([]);
});
