import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startProxy } from '../git/support/connect-proxy.ts';
import { startGitHub } from '../git/support/github-app.ts';
import { serveGitOverHttp } from '../git/support/http-server.ts';
import { temporaryDirectory } from '../git/support/repository.ts';
import { haveSigners } from '../git/support/signing-keys.ts';
import { haveSshd, startSshd } from '../git/support/ssh-server.ts';
import { certificate, hasOpenssl } from '../support/certificate.ts';
import { askAsGo } from '../support/go-client.ts';
import { thorough } from '../support/sampled.ts';
import { manifest, path, type Repository, signAndVerify, startWorld, until, verified, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

interface Transport {
  readonly url: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Must not show up in any log. */
  readonly secret?: string;
}

/** Over each transport the daemon verifies, reads, applies, commits and signs a policy, pushes its note and moves its tag. */
async function readsAndWrites(connect: (repository: Repository) => Promise<Transport>): Promise<void> {
  const shop = world.namespace('shop');
  const repository = await world.repository();
  const signing = haveSigners() ? await signAndVerify(repository) : [];
  const first = await repository.commit('Open the shop', {
    'namespace.yaml': manifest.namespace(shop),
    'web.yaml': manifest.deployment({ namespace: shop, name: 'web', image: `${world.registry}/web:1`, replicas: 0 }),
  });
  const { url, args = [], env = {}, secret } = await connect(repository);
  const fluxd = await world.fluxd(url, { args: [...args, ...signing], env });
  await repository.synced(first);
  expect(await world.kube.find(path.deployment(shop, 'web'))).toBeDefined();

  const { code } = await fluxd.fluxctl('automate', '--workload', `${shop}:deployment/web`);
  expect(code).toBe(0);
  const head = repository.head();
  expect(await repository.commitsSince(first)).toEqual([head]);
  expect(JSON.parse(await repository.git('notes', '--ref=flux', 'show', head))).toMatchObject({ spec: { type: 'policy' } });
  await repository.synced(head);
  if (signing.length > 0)
    for (const [command, name] of [
      ['verify-commit', head],
      ['verify-tag', 'flux-sync'],
    ] as const)
      expect(await verified(repository, command, name)).toMatchObject({ code: 0 });
  if (secret) expect(fluxd.log()).not.toContain(secret);
}

test.runIf(thorough('Git from a directory'))('file', () =>
  readsAndWrites(async ({ directory }) => ({ url: `file://${directory}` })),
);

test.runIf(thorough('HTTP with a password'))('HTTP with a password', () =>
  readsAndWrites(async ({ directory }) => {
    const { port } = await serveGitOverHttp(dirname(directory), { user: 'flux', password: 'pa55-w0rd' });
    return { url: `http://flux:pa55-w0rd@127.0.0.1:${port}/${basename(directory)}`, secret: 'pa55-w0rd' };
  }),
);

test.runIf(hasOpenssl() && thorough('HTTPS with a token file'))(
  'HTTPS with a token file, by a private authority, through a proxy',
  async () => {
    const proxy = await startProxy();
    await readsAndWrites(async ({ directory }) => {
      const host = certificate();
      const scratch = temporaryDirectory();
      writeFileSync(join(scratch, 'ca.pem'), host.cert);
      writeFileSync(join(scratch, 'token'), 't0ken-of-a-file\n');
      const { origin } = await serveGitOverHttp(dirname(directory), {
        tls: host,
        user: 'x-token-auth',
        password: 't0ken-of-a-file',
      });
      return {
        url: `${origin}/${basename(directory)}`,
        args: [`--git-token-file=${join(scratch, 'token')}`, `--git-ca-file=${join(scratch, 'ca.pem')}`],
        env: { HTTPS_PROXY: proxy.url },
        secret: 't0ken-of-a-file',
      };
    });
    expect(proxy.connects().length).toBeGreaterThan(3);
  },
);

test.runIf(thorough('HTTP with a GitHub App'))('HTTP with a GitHub App', async () => {
  const github = await startGitHub();
  const { appId, installationId, privateKeyFile, api } = github.authentication;
  await readsAndWrites(async ({ directory }) => {
    const { origin } = await serveGitOverHttp(dirname(directory), { admits: github.admits });
    return {
      url: `${origin}/${basename(directory)}`,
      args: [
        `--git-github-app-id=${appId}`,
        `--git-github-app-installation-id=${installationId}`,
        `--git-github-app-private-key-file=${privateKeyFile}`,
        `--git-github-api=${api}`,
      ],
      secret: 'ghs_',
    };
  });
  expect(github.answers).toEqual(['201']);
});

test.runIf(haveSshd() && thorough('SSH with a mounted key'))('SSH with a deploy key', () =>
  readsAndWrites(async ({ directory }) => {
    const { user, port, identityFile, knownHostsFile } = await startSshd();
    // As the Secret with the deploy key is mounted: the private key, and the hosts it may be shown to.
    const secret = join(dirname(identityFile), 'secret');
    mkdirSync(secret);
    copyFileSync(identityFile, join(secret, 'identity'));
    copyFileSync(knownHostsFile, join(secret, 'known_hosts'));
    return { url: `ssh://${user}@127.0.0.1:${port}${directory}`, args: [`--k8s-secret-volume-mount-path=${secret}`] };
  }),
);

test.runIf(haveSshd() && thorough('SSH with a generated key'))(
  'SSH with a key that the daemon generated, and another one later',
  async () => {
    const [home, shop] = [world.namespace('home'), world.namespace('shop')];
    await world.kube.create('api/v1/namespaces', { metadata: { name: home } });
    await world.kube.create(`api/v1/namespaces/${home}/secrets`, { metadata: { name: 'flux-git-deploy' } });
    const secret = async () => (await world.kube.get(`api/v1/namespaces/${home}/secrets/flux-git-deploy`)).data ?? {};
    const repository = await world.repository();
    const signing = haveSigners() ? await signAndVerify(repository) : [];
    const first = await repository.commit('Open the shop', { 'namespace.yaml': manifest.namespace(shop) });
    const { user, port, knownHostsFile, authorize } = await startSshd();
    authorize();
    // What the chart mounts: the Secret while it is empty.
    const mount = join(dirname(knownHostsFile), 'mount');
    mkdirSync(mount);
    copyFileSync(knownHostsFile, join(mount, 'known_hosts'));
    const fluxd = await world.fluxd(`ssh://${user}@127.0.0.1:${port}${repository.directory}`, {
      args: [`--k8s-secret-volume-mount-path=${mount}`, '--git-poll-interval=1s', ...signing],
      pod: { namespace: home, name: 'flux-0' },
    });
    const identity = async (...flags: readonly string[]) => (await fluxd.fluxctl('identity', ...flags)).stdout;
    const key = await identity();
    expect(key).toMatch(/^ssh-ed25519 \S+ flux\n$/);
    expect(Buffer.from((await secret())['identity.pub'] ?? '', 'base64').toString()).toBe(key);
    await until('the host denies the key', () => /Permission denied/.test(fluxd.log()));
    authorize(key);
    await repository.synced(first);
    expect(fluxd.log()).toContain(`identity.pub="${key.trim()}"`);

    const between = await identity('--regenerate');
    expect(await identity()).toBe(between);
    // Flux v1's fluxctl, which asks in the same way; the key that the host knows stays, not the one between.
    const asked = { path: '/v9/git-repo-config', method: 'POST', body: 'true' };
    const { status, body } = await askAsGo(Number(new URL(fluxd.url).port), asked);
    const next: string = JSON.parse(body).publicSSHKey.key;
    expect({ status, keys: new Set([key, between, next]).size, shown: await identity() }).toEqual({
      status: 200,
      keys: 3,
      shown: next,
    });
    expect(await identity('--fingerprint', '--visual')).toMatch(/^([0-9a-f]{2}:){15}[0-9a-f]{2}\n\+/);
    expect(Object.keys(await secret()).sort()).toEqual(['identity', 'identity.previous', 'identity.pub']);
    authorize(next);
    const second = await repository.commit('Second', { 'a.yaml': manifest.configMap(shop, 'a') });
    await repository.synced(second);
    if (signing.length > 0) expect(await verified(repository, 'verify-tag', 'flux-sync')).toMatchObject({ code: 0 });
    await until('the one before is removed', async () => !('identity.previous' in (await secret())));
    const stored = Buffer.from((await secret()).identity ?? '', 'base64').toString();
    for (const line of stored.split('\n').filter((each) => each.length > 20)) expect(fluxd.log()).not.toContain(line);
  },
);

test.runIf(thorough('HTTP with a wrong password'))(
  'HTTP with a wrong password says so, and does not say the password',
  async () => {
    const shop = world.namespace('shop');
    const repository = await world.repository();
    await repository.commit('Open the shop', { 'namespace.yaml': manifest.namespace(shop) });
    const { port } = await serveGitOverHttp(dirname(repository.directory), { user: 'flux', password: 'right' });
    const fluxd = await world.fluxd(`http://flux:wr0ng-pass@127.0.0.1:${port}/${basename(repository.directory)}`);
    await until('the failure is logged', () => /authentication/i.test(fluxd.log()));
    expect(fluxd.log()).not.toContain('wr0ng-pass');
    const { code, stderr } = await fluxd.fluxctl('sync');
    expect(code).toBe(1);
    expect(stderr).toContain('not ready to sync');
    expect(await repository.resolve('refs/tags/flux-sync')).toBeUndefined();
  },
);

test.runIf(thorough('a repository that appears later'))(
  'a repository that appears later is found without a restart',
  async () => {
    const shop = world.namespace('shop');
    const repository = await world.repository();
    const fluxd = await world.fluxd(repository); // it has no branch yet
    await until('the missing branch is logged', () => /main/.test(fluxd.log()));
    const revision = await repository.commit('Open the shop', { 'namespace.yaml': manifest.namespace(shop) });
    await repository.synced(revision);
    expect(await world.kube.find(path.namespace(shop))).toBeDefined();
  },
);
