import { join } from 'node:path';
import { type Clock, Secret, silentLogger, systemClock } from '../../../src/base/index.ts';
import type { Cluster } from '../../../src/controller/ports/cluster.ts';
import type { ImageWatch } from '../../../src/controller/ports/image-watch.ts';
import type { Source } from '../../../src/controller/ports/source.ts';
import { createProposals, type ProposalsOptions } from '../../../src/controller/pull-requests/proposals.ts';
import { createRepositoryReader } from '../../../src/controller/repository/view.ts';
import { createGitHost, type HostKind } from '../../../src/git-host/index.ts';
import { createManifests, ManifestThread } from '../../../src/manifests/index.ts';
import { createGates } from '../../../src/schedule/index.ts';
import { type AutomatedSpec, planAutomation } from '../../../src/update/index.ts';
import { createRemote, sourceOf } from '../../git/support/repository.ts';
import { hasAutoMerge, hasLabels } from '../../git-host/support/abilities.ts';
import { type Imitation, imitationInTest, TOKEN } from '../../git-host/support/imitation.ts';
import { partOf } from '../../support/part-of.ts';
import { idOf, repositoryOf } from '../../update/repository.ts';

export const SYNC_SET = 'the-sync-set';

export const deployment = (name: string, tag: string, annotations = "{fluxcd.io/automated: 'true'}") => `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: shop, annotations: ${annotations}}
spec: {template: {spec: {containers: [{name: ${name}, image: "acme/${name}:${tag}"}]}}}
`;

const ROLLED_OUT = { desired: 1, updated: 1, ready: 1, available: 1, outdated: 0, messages: [] };
const thread = new ManifestThread();

export interface WorldOptions extends Partial<Pick<ProposalsOptions, 'per' | 'releases' | 'syncSet' | 'template'>> {
  readonly kind?: HostKind;
  /** Without a host, branches alone. */
  readonly hasHost?: boolean;
  readonly files?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  readonly setAuthor?: boolean;
  /** URL of the repository in place of its path. */
  readonly url?: (path: string) => Promise<string>;
}

/** A real repository, an imitation of a host, and the images of a registry. */
export async function openWorld({
  kind = 'gitea',
  hasHost = true,
  files = { 'cart.yaml': deployment('cart', '1.0.0'), 'mail.yaml': deployment('mail', '1.0.0') },
  clock = systemClock,
  setAuthor = false,
  url = async (path) => path,
  ...options
}: WorldOptions = {}) {
  const remote = createRemote(files);
  const imitation: Imitation = await imitationInTest(kind);
  const source = sourceOf(await url(remote.path), { names: /\.yaml$/, setAuthor });
  const tags: Record<string, string[]> = { cart: ['1.0.0'], mail: ['1.0.0'] };
  const looked = async () =>
    repositoryOf(
      { 'cart.yaml': deployment('cart', '1.0.0'), 'mail.yaml': deployment('mail', '1.0.0') },
      {
        running: ['shop:deployment/cart', 'shop:deployment/mail'],
        registry: Object.fromEntries(
          Object.entries(tags).map(([name, all]) => [
            `index.docker.io/acme/${name}`,
            Object.fromEntries(all.map((tag, at) => [tag, { createdAt: at + 1 }])),
          ]),
        ),
      },
    );
  let present = await looked();
  const cluster = partOf<Cluster>({
    workloads: async ({ ids = [] }: { readonly ids?: readonly string[] }) =>
      (await present.workloads.workloads({ ids })).map((workload) => ({
        ...workload,
        status: 'ready',
        rollout: ROLLED_OUT,
        labels: {},
      })),
    idOf,
    namesBy: () => idOf,
  });
  const desired = createManifests({ thread });
  const reader = createRepositoryReader(source, desired, cluster);
  const images = partOf<ImageWatch>({
    repository: (name: string) => present.images.repository(name),
    scanNow: async () => undefined,
    readTag: () => undefined,
    verify: () => undefined,
    verifyNow: async () => undefined,
  });
  const hostOf = () =>
    createGitHost({
      kind,
      repository: { api: imitation.api, names: ['acme', 'shop'] },
      extras: { labels: hasLabels(kind) ? ['flux'] : [], reviewers: [], autoMerge: hasAutoMerge(kind) },
      token: async () => new Secret(TOKEN),
      environment: {},
      clock,
    });
  /** As a daemon has them after its start. */
  const start = (differently: Partial<Pick<ProposalsOptions, 'per' | 'syncSet' | 'log' | 'mayWrite' | 'desired'>> = {}) =>
    createProposals({
      source: partOf<Source>(source),
      syncSet: SYNC_SET,
      branch: 'flux-updates',
      per: 'all',
      releases: true,
      ...(hasHost ? { host: hostOf() } : {}),
      template: async () => undefined,
      reader,
      desired,
      cluster,
      images,
      pinning: {},
      mayWrite: () => undefined,
      onProgress: () => undefined,
      clock,
      log: silentLogger(),
      ...options,
      ...differently,
    });
  return {
    remote,
    imitation,
    source,
    reader,
    desired,
    start,
    directory: join(remote.path, '..'),
    /** A new tag of the image of a workload. */
    async tag(name: 'cart' | 'mail', tag: string) {
      tags[name]?.push(tag);
      present = await looked();
    },
    /** What automation finds on the head, as of a time with or without a window. */
    async found(window?: string): Promise<AutomatedSpec['Changes']> {
      const head = await source.fetch();
      const { manifests } = await reader.read(head);
      const gates = createGates(window === undefined ? {} : { window });
      const timing = { gates, now: Date.parse('2026-12-05T12:00:00Z') };
      const { spec } = await planAutomation({ manifests, workloads: cluster, images, timing, pinning: {} });
      return spec?.Changes ?? [];
    },
    text: (branch: string, file = 'cart.yaml') => remote.git('show', `${branch}:${file}`),
    has: (branch: string) => remote.git('for-each-ref', `refs/heads/${branch}`) !== '',
    /** The branch becomes the followed one. */
    merge(branch = 'flux-updates') {
      remote.git('update-ref', 'refs/heads/main', `refs/heads/${branch}`);
      for (const pull of imitation.pulls) if (pull.head === branch && pull.state === 'open') pull.state = 'merged';
    },
  };
}

export type PullWorld = Awaited<ReturnType<typeof openWorld>>;

/** One look of automation, on the head of the branch. */
export async function look(world: PullWorld, proposals: ReturnType<PullWorld['start']>, window?: string): Promise<void> {
  const found = await world.found(window);
  await proposals.automate(await world.source.fetch(), found);
}
