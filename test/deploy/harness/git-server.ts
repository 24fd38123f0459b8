import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runOk } from '../../e2e/harness/process.ts';
import type { SyncRecord } from '../../e2e/harness/repository.ts';
import { apply, command, environment } from './environment.ts';
import { pushGitServer } from './images.ts';
import { until } from './until.ts';

const NAMESPACE = 'git';
const HOST = `git.${NAMESPACE}.svc.cluster.local`;
const ROOT = '/srv/git';
const PORT = 2222;
const keys = join(environment.programs, 'keys');

/** Whom the server knows by name and password. */
export const HTTP_USER = { name: 'flux', password: 'pa55-w0rd' } as const;

/** What the daemon needs to reach a repository. */
export const gitAccess = {
  sshUrl: (repository: string) => `ssh://git@${HOST}:${PORT}${ROOT}/${repository}.git`,
  /** Without who asks; `credentials` go before the host. */
  httpUrl: (repository: string, credentials: string) => `http://${credentials}@${HOST}:8080/${repository}.git`,
  /** Private half of a key that may log in. */
  identity: () => readFileSync(join(keys, 'identity'), 'utf8'),
  knownHosts: () => `[${HOST}]:${PORT} ${readFileSync(join(keys, 'host.pub'), 'utf8')}`,
} as const;

/** Lets another key log in as well. The kubelet brings it to the server within two minutes. */
export async function authorize(publicKey: string): Promise<void> {
  const own = readFileSync(join(keys, 'identity.pub'), 'utf8');
  const stringData = { authorized_keys: `${own.trim()}\n${publicKey.trim()}\n` };
  await command('kubectl', '-n', NAMESPACE, 'patch', 'secret', 'git', '--patch', JSON.stringify({ stringData }));
}

/** One pod that serves the repositories over SSH and over HTTP, with host key and deploy key made anew. */
export async function startGitServer(repositories: readonly string[]): Promise<void> {
  mkdirSync(keys);
  for (const name of ['host', 'identity'])
    await command('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', join(keys, name));
  await pushGitServer('git-server', '1');
  const metadata = { name: 'git', namespace: NAMESPACE };
  const labels = { app: 'git' };
  await apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata,
      stringData: {
        host_key: readFileSync(join(keys, 'host'), 'utf8'),
        authorized_keys: readFileSync(join(keys, 'identity.pub'), 'utf8'),
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: {
        selector: labels,
        ports: [
          { name: 'ssh', port: PORT },
          { name: 'http', port: 8080 },
        ],
      },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            // sshd refuses a host key of its own user that others may read, and reads one of root's by its group.
            securityContext: { runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000 },
            containers: [
              {
                name: 'git',
                image: `${environment.registry}/git-server:1`,
                args: [ROOT, ...repositories],
                env: [
                  { name: 'GIT_USER', value: HTTP_USER.name },
                  { name: 'GIT_PASSWORD', value: HTTP_USER.password },
                ],
                readinessProbe: { tcpSocket: { port: PORT }, periodSeconds: 1 },
                volumeMounts: [
                  { name: 'keys', mountPath: '/etc/git-server', readOnly: true },
                  { name: 'repositories', mountPath: ROOT },
                ],
              },
            ],
            volumes: [
              { name: 'keys', secret: { secretName: metadata.name, defaultMode: 0o440 } },
              { name: 'repositories', emptyDir: {} },
            ],
          },
        },
      },
    },
  );
  await command('kubectl', '-n', NAMESPACE, 'rollout', 'status', 'deployment/git', '--timeout=60s');
}

/** A person's clone, outside of the cluster, who reads and pushes over SSH. */
export interface Clone {
  /** Writes and deletes (null) files, commits and pushes; gives the revision. */
  commit(message: string, files: Readonly<Record<string, string | null>>): Promise<string>;
  /** Brings the clone up to date, tags and notes included; gives the revision of the branch. */
  pull(): Promise<string>;
  /** The file as it is in the clone. */
  read(path: string): string;
  git(...args: readonly string[]): Promise<string>;
  /** Waits until the sync tag is at the revision, and gives the record of that sync. */
  synced(revision: string): Promise<SyncRecord>;
  /** Waits for the next commit after the revision, and gives its own. */
  nextAfter(revision: string): Promise<string>;
}

export async function clone(repository: string): Promise<Clone> {
  const directory = mkdtempSync(join(environment.programs, 'clone-')); // goes with the others
  const address = (await command('kubectl', '-n', NAMESPACE, 'get', 'service', 'git', '-o', 'jsonpath={.spec.clusterIP}')).trim();
  const knownHosts = join(directory, 'known_hosts');
  writeFileSync(knownHosts, gitAccess.knownHosts().replace(HOST, address));
  const ssh = `ssh -i ${join(keys, 'identity')} -o IdentitiesOnly=yes -o UserKnownHostsFile=${knownHosts} -o StrictHostKeyChecking=yes`;
  const env = {
    HOME: directory,
    GIT_SSH_COMMAND: ssh,
    GIT_AUTHOR_NAME: 'Ann',
    GIT_AUTHOR_EMAIL: 'ann@example.org',
    GIT_COMMITTER_NAME: 'Ann',
    GIT_COMMITTER_EMAIL: 'ann@example.org',
  };
  const tree = join(directory, 'clone');
  await runOk('git', ['clone', '--quiet', gitAccess.sshUrl(repository).replace(HOST, address), tree], { cwd: directory, env });
  const git = (...args: readonly string[]) => runOk('git', args, { cwd: tree, env });
  const remote = async (ref: string) => (await git('ls-remote', 'origin', ref)).split('\t')[0];
  const pull = async () => {
    await git(
      'fetch',
      '--quiet',
      '--force',
      'origin',
      ...['heads/main:refs/remotes/origin/main', 'tags/*:refs/tags/*', 'notes/*:refs/notes/*'].map((spec) => `+refs/${spec}`),
    );
    await git('reset', '--quiet', '--hard', 'origin/main');
    return (await git('rev-parse', 'HEAD')).trim();
  };
  await git('checkout', '--quiet', '-B', 'main');
  return {
    git,
    pull,
    read: (path) => readFileSync(join(tree, path), 'utf8'),
    async commit(message, files) {
      for (const [path, content] of Object.entries(files)) {
        const file = join(tree, path);
        if (content === null) {
          rmSync(file);
          continue;
        }
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, content);
      }
      await git('add', '--all');
      await git('commit', '--quiet', '--message', message);
      await git('push', '--quiet', 'origin', 'main');
      return (await git('rev-parse', 'HEAD')).trim();
    },
    async synced(revision) {
      await until(`the sync tag is at ${revision}`, async () => (await remote('refs/tags/flux-sync^{}')) === revision);
      await git('fetch', '--quiet', '--force', 'origin', '+refs/notes/*:refs/notes/*');
      return JSON.parse(await git('notes', '--ref=flux-sync', 'show', revision));
    },
    async nextAfter(revision) {
      await until('somebody commits', async () => (await remote('refs/heads/main')) !== revision);
      return pull();
    },
  };
}
