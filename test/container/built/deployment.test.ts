import { chmodSync, chownSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFailed, onTestFinished, test } from 'vitest';
import { manifest, path, type Repository, startWorld, type World } from '../../e2e/harness/index.ts';
import { temporaryDirectory } from '../../git/support/repository.ts';
import { type SshServer, startSshd } from '../../git/support/ssh-server.ts';
import { CHART_ARGUMENTS } from '../../support/flux-v1-chart.ts';
import { type ContainerOptions, shell, startContainer } from './container.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** Files as a Secret or ConfigMap has them in a pod: they belong to root and the volume's group, with the volume's mode. */
function volume(files: Readonly<Record<string, string>>, mode: number, group = 0): string {
  const directory = temporaryDirectory();
  chmodSync(directory, 0o755);
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(directory, name), content, { mode });
    chownSync(join(directory, name), 0, group);
  }
  return directory;
}

async function shop(): Promise<{ repository: Repository; ssh: SshServer; url: string; namespace: string; first: string }> {
  const namespace = world.namespace('shop');
  const repository = await world.repository();
  const first = await repository.commit('Open the shop', {
    'namespace.yaml': manifest.namespace(namespace),
    'web.yaml': manifest.deployment({ namespace, name: 'web', image: `${world.registry}/web:1`, replicas: 0 }),
  });
  const ssh = await startSshd();
  return { repository, ssh, url: `ssh://${ssh.user}@127.0.0.1:${ssh.port}${repository.directory}`, namespace, first };
}

async function startDaemon(options: ContainerOptions) {
  const container = await startContainer(options);
  onTestFailed(() => console.log(`--- log of fluxd ---\n${container.output()}`));
  onTestFinished(async () => {
    await container.kill('KILL');
    await container.finished;
  });
  return container;
}

test('a Deployment of Flux v1 with only the image replaced clones over SSH, applies, and writes its tag', async () => {
  const { repository, ssh, url, namespace, first } = await shop();
  const settings = ['git-url', 'git-branch', 'git-poll-interval', 'sync-interval'].map((name) => `--${name}=`);
  const args = [
    ...CHART_ARGUMENTS.filter((argument) => !settings.some((setting) => argument.startsWith(setting))),
    `--git-url=${url}`,
    '--git-branch=main',
    '--git-poll-interval=1s',
    '--sync-interval=1s',
    '--listen=127.0.0.1:0',
    '--registry-disable-scanning',
  ];
  const daemon = await startDaemon({
    args,
    writable: true,
    scratch: ['/var/fluxd/keygen'],
    env: { KUBECONFIG: '/root/.kubectl/config' },
    mounts: [
      { source: volume({ identity: readFileSync(ssh.identityFile, 'utf8') }, 0o400), destination: '/etc/fluxd/ssh' },
      { source: volume({ config: readFileSync(world.kubeconfig, 'utf8') }, 0o644), destination: '/root/.kubectl' },
      { source: volume({ known_hosts: readFileSync(ssh.knownHostsFile, 'utf8') }, 0o600), destination: '/root/.ssh' },
    ],
  });
  await repository.synced(first);
  expect(await world.kube.find(path.deployment(namespace, 'web'))).toBeDefined();
  await daemon.kill('TERM');
  expect((await daemon.finished).code).toBe(0);
});

test('the same as user 10001 with a group for volumes, on a read-only root', async () => {
  const { repository, ssh, url, namespace, first } = await shop();
  const secret = { identity: readFileSync(ssh.identityFile, 'utf8'), known_hosts: readFileSync(ssh.knownHostsFile, 'utf8') };
  await startDaemon({
    args: [
      `--git-url=${url}`,
      '--git-branch=main',
      '--git-poll-interval=1s',
      '--listen=127.0.0.1:0',
      '--registry-disable-scanning',
    ],
    uid: 10001,
    scratch: ['/home/flux'],
    env: { KUBECONFIG: '/etc/fluxd/kube/config' },
    mounts: [
      // 0400 of a Secret becomes 0440 with fsGroup; ssh minds what others may read only for a key of its own user.
      { source: volume(secret, 0o440, 10001), destination: '/etc/fluxd/ssh' },
      { source: volume({ config: readFileSync(world.kubeconfig, 'utf8') }, 0o644), destination: '/etc/fluxd/kube' },
    ],
  });
  await repository.synced(first);
  expect(await world.kube.find(path.deployment(namespace, 'web'))).toBeDefined();
});

test('as user 10001 it reads a kubeconfig below the home of root, and known hosts in its own', async () => {
  const { repository, ssh, url, first } = await shop();
  await startDaemon({
    args: [`--git-url=${url}`, '--git-branch=main', '--listen=127.0.0.1:0', '--registry-disable-scanning'],
    uid: 10001,
    scratch: ['/home/flux'],
    env: { KUBECONFIG: '/root/.kubectl/config' },
    mounts: [
      { source: volume({ identity: readFileSync(ssh.identityFile, 'utf8') }, 0o440, 10001), destination: '/etc/fluxd/ssh' },
      { source: volume({ config: readFileSync(world.kubeconfig, 'utf8') }, 0o440, 10001), destination: '/root/.kubectl' },
      { source: volume({ known_hosts: readFileSync(ssh.knownHostsFile, 'utf8') }, 0o640, 10001), destination: '/home/flux/.ssh' },
    ],
  });
  await repository.synced(first);
});

test('a host that is not known is refused, by the settings of the image alone', async () => {
  const { ssh, url } = await shop();
  const key = { source: volume({ identity: readFileSync(ssh.identityFile, 'utf8') }, 0o400), destination: '/etc/fluxd/ssh' };
  await expect(shell(`git ls-remote ${url}`, { mounts: [key] })).rejects.toThrow('Host key verification failed');
  const known = { source: volume({ known_hosts: readFileSync(ssh.knownHostsFile, 'utf8') }, 0o600), destination: '/root/.ssh' };
  expect(await shell(`git ls-remote ${url}`, { mounts: [key, known] })).toContain('refs/heads/main');
});

test('a user id without a name can use ssh with a name of its own, as on OpenShift', async () => {
  const { ssh, url } = await shop();
  const own = volume({ passwd: 'flux:x:123456:0::/tmp:/bin/sh\n', group: 'root:x:0:\n' }, 0o644);
  const secret = { identity: readFileSync(ssh.identityFile, 'utf8'), known_hosts: readFileSync(ssh.knownHostsFile, 'utf8') };
  const mounts = [
    { source: volume(secret, 0o440, 123456), destination: '/etc/fluxd/ssh' },
    { source: own, destination: '/etc/nss' },
  ];
  const line = `GIT_SSH_COMMAND='ssh -o UserKnownHostsFile=/etc/fluxd/ssh/known_hosts' git ls-remote ${url}`;
  await expect(shell(line, { uid: 123456, mounts })).rejects.toThrow('No user exists for uid 123456');
  const env = { LD_PRELOAD: 'libnss_wrapper.so', NSS_WRAPPER_PASSWD: '/etc/nss/passwd', NSS_WRAPPER_GROUP: '/etc/nss/group' };
  expect(await shell(line, { uid: 123456, mounts, env })).toContain('refs/heads/main');
});
