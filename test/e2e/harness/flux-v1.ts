import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import type { KubeJson } from './kube-client.ts';
import { namespace as namespaceManifest } from './manifests.ts';
import { runOk } from './process.ts';
import type { Repository } from './repository.ts';
import type { World } from './world.ts';

const WEAVE = {
  GIT_AUTHOR_NAME: 'Weave Flux',
  GIT_AUTHOR_EMAIL: 'support@weave.works',
  GIT_COMMITTER_NAME: 'Weave Flux',
  GIT_COMMITTER_EMAIL: 'support@weave.works',
  GIT_CONFIG_NOSYSTEM: '1',
};
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
export const GC_MARK = 'fluxcd.io/sync-gc-mark';
export const CHECKSUM = 'fluxcd.io/sync-checksum';
/** As kubectl 1.18 and newer is called in managedFields (Flux v1 from 1.21 on), and as any older one is. */
export type Kubectl = 'kubectl-client-side-apply' | 'kubectl';

const PLURALS: Readonly<Record<string, string>> = {
  ConfigMap: 'api/v1/*/configmaps',
  CronJob: 'apis/batch/v1/*/cronjobs',
  DaemonSet: 'apis/apps/v1/*/daemonsets',
  Deployment: 'apis/apps/v1/*/deployments',
  Namespace: 'api/v1/namespaces',
  Secret: 'api/v1/*/secrets',
  Service: 'api/v1/*/services',
  ServiceAccount: 'api/v1/*/serviceaccounts',
  StatefulSet: 'apis/apps/v1/*/statefulsets',
};

type Manifest = KubeJson & { readonly kind: string };

function collectionOf({ kind, metadata: { namespace } }: Manifest): string {
  const plural = PLURALS[kind];
  if (plural === undefined) throw new Error(`no path is known for ${kind}`);
  return plural.replace('*', `namespaces/${namespace}`);
}

/** Where an object of a manifest is. */
export function pathOf(text: string): string {
  const object = load(text) as Manifest;
  return `${collectionOf(object)}/${object.metadata.name}`;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url');

/** The mark that Flux v1 gives an object; written here again, so that nobody changes the formula by mistake. */
function markOf(syncSet: string, { kind, metadata: { namespace, name } }: Manifest): string {
  return `sha256.${sha256(`${syncSet}${namespace ?? '<cluster>'}:${kind.toLowerCase()}/${name}`)}`;
}

/** Does to a repository and a cluster what fluxd 1.25 does: nothing here comes from the code that is tested. */
export interface FluxV1 {
  /** Where it is installed. */
  readonly namespace: string;
  /** A sync: marks and applies the manifests with `kubectl apply`, then moves the tag to the head. */
  sync(manifests: readonly string[]): Promise<void>;
  /** A release: a commit, and its note. */
  release(jobId: string, message: string, path: string, content: string): Promise<string>;
  /** Scales it to 0. */
  switchOff(): Promise<void>;
}

/** Installs what the chart of Flux v1 installs, without rights, around a program that only runs. */
export async function installFluxV1(world: World, repository: Repository, kubectl: Kubectl): Promise<FluxV1> {
  const namespace = world.namespace('flux');
  const deployment = `apis/apps/v1/namespaces/${namespace}/deployments/flux`;
  const tag = '1.25.4';
  await world.push('fluxcd/flux', tag, { version: tag });
  await world.push('library/memcached', '1.6.12-alpine', { version: tag });
  const url = `file://${repository.directory}`;
  const syncSet = sha256(`${url}main`);

  const clientSide = async (object: Manifest) => {
    const { annotations, ...metadata } = object.metadata;
    const applied = { ...annotations, [LAST_APPLIED]: `${JSON.stringify(object)}\n` };
    const whole = { ...object, metadata: { ...metadata, annotations: applied } };
    const at = `${collectionOf(object)}/${metadata.name}`;
    if (await world.kube.find(at)) await world.kube.patch(`${at}?fieldManager=${kubectl}&`, whole);
    else await world.kube.create(`${collectionOf(object)}?fieldManager=${kubectl}`, whole);
  };
  /** `kubectl apply -f -`: with kubectl itself where there is a real cluster, else, or as an old one, with what it sends. */
  const apply = async (objects: readonly Manifest[]) => {
    if (!world.runsPods || kubectl === 'kubectl') {
      for (const object of objects) await clientSide(object);
      return;
    }
    const list = { apiVersion: 'v1', kind: 'List', items: objects };
    await runOk('kubectl', ['--kubeconfig', world.kubeconfig, 'apply', '-f', '-'], {
      env: { HOME: repository.directory },
      input: JSON.stringify(list),
    });
  };
  const marked = (text: string): Manifest => {
    const object = load(text) as Manifest;
    const { labels, annotations } = object.metadata;
    const checksum = createHash('sha1').update(text).digest('hex');
    return {
      ...object,
      metadata: {
        ...object.metadata,
        labels: { [GC_MARK]: markOf(syncSet, object), ...labels },
        annotations: { [CHECKSUM]: checksum, ...annotations },
      },
    };
  };
  const git = (...args: readonly string[]) => runOk('git', args, { cwd: repository.clone, env: WEAVE });

  await apply(installation({ namespace, registry: world.registry, url, tag }).map((text) => load(text) as Manifest));
  return {
    namespace,
    async sync(manifests) {
      await apply(manifests.map(marked));
      await git('tag', '--force', '-a', '-m', 'Sync pointer', 'flux-sync', repository.head());
      await git('push', '--quiet', '--force', 'origin', 'tag', 'flux-sync');
    },
    async release(jobId, message, path, content) {
      writeFileSync(join(repository.clone, path), content);
      await git('commit', '--quiet', '--all', '--no-verify', '--message', message);
      const spec = { type: 'image', cause: { Message: '', User: 'Ann <ann@example.org>' }, spec: {} };
      const note = JSON.stringify({ jobID: jobId, spec, result: {} }).replaceAll('<', '\\u003c').replaceAll('>', '\\u003e');
      await git('notes', '--ref=flux', 'add', '-m', note, 'HEAD');
      await git('push', '--quiet', 'origin', 'main', 'refs/notes/flux');
      return repository.head();
    },
    async switchOff() {
      await world.kube.patch(`${deployment}/scale`, { spec: { replicas: 0 } });
    },
  };
}

function installation(at: {
  readonly namespace: string;
  readonly registry: string;
  readonly url: string;
  readonly tag: string;
}): readonly string[] {
  const { namespace, registry, url, tag } = at;
  const identity = Buffer.from('-----BEGIN OPENSSH PRIVATE KEY-----').toString('base64');
  return [
    namespaceManifest(namespace),
    `apiVersion: v1
kind: Secret
metadata: { name: flux-git-deploy, namespace: ${namespace} }
type: Opaque
data: { identity: ${identity}, identity.pub: ${identity} }
`,
    `apiVersion: v1
kind: ConfigMap
metadata: { name: flux-kube-config, namespace: ${namespace} }
data: { config: "apiVersion: v1\\nkind: Config\\n" }
`,
    `apiVersion: v1
kind: ConfigMap
metadata: { name: flux-ssh-config, namespace: ${namespace} }
data: { known_hosts: "github.com ssh-ed25519 AAAA\\n" }
`,
    `apiVersion: apps/v1
kind: Deployment
metadata: { name: flux, namespace: ${namespace}, labels: { app: flux, chart: flux-1.13.3, release: flux, heritage: Helm } }
spec:
  replicas: 1
  selector: { matchLabels: { app: flux, release: flux } }
  strategy: { type: Recreate }
  template:
    metadata: { labels: { app: flux, release: flux } }
    spec:
      terminationGracePeriodSeconds: 0
      volumes:
        - { name: git-key, secret: { secretName: flux-git-deploy, defaultMode: 256 } }
        - { name: kubedir, configMap: { name: flux-kube-config } }
        - { name: sshdir, configMap: { name: flux-ssh-config, defaultMode: 384 } }
      containers:
        - name: flux
          image: ${registry}/fluxcd/flux:${tag}
          volumeMounts: [{ name: git-key, mountPath: /etc/fluxd/ssh, readOnly: true }]
          args: [--k8s-secret-name=flux-git-deploy, --memcached-hostname=flux-memcached, "--git-url=${url}", --git-branch=main, --git-path=, --sync-garbage-collection=true]
`,
    `apiVersion: apps/v1
kind: Deployment
metadata: { name: flux-memcached, namespace: ${namespace}, labels: { app: flux-memcached, release: flux } }
spec:
  selector: { matchLabels: { app: flux-memcached, release: flux } }
  template:
    metadata: { labels: { app: flux-memcached, release: flux } }
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{ name: memcached, image: "${registry}/library/memcached:1.6.12-alpine", args: [-m 512, -I 5m, -p 11211] }]
`,
  ];
}
