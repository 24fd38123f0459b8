import * as z from 'zod';
import type { ClusterView } from '../../cluster/port-forward/index.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

const deploymentsSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), namespace: z.string() }),
      spec: z.object({
        replicas: z.number().default(1),
        template: z.object({ spec: z.object({ containers: z.array(z.object({ image: z.string().default('') })) }) }),
      }),
    }),
  ),
});

/** The names that Flux v1's manifests and charts give to what they install, by both labels in use. */
const NAMES = '(flux,fluxd,memcached,flux-memcached,helm-operator,flux-helm-operator)';
const SELECTORS = [`name in ${NAMES}`, `app in ${NAMES}`];

interface Leftover {
  readonly image: RegExp;
  readonly finding: (where: string) => Finding;
}

const LEFTOVERS: readonly Leftover[] = [
  {
    image: /(^|\/)(fluxcd|weaveworks)\/flux:/,
    finding: (where) =>
      fail(
        'leftovers',
        `a Flux v1 daemon runs: ${where}`,
        'With two daemons on one cluster each undoes the work of the other: scale it to 0.',
      ),
  },
  {
    image: /(^|\/)memcached:/,
    finding: (where) =>
      warn('leftovers', `memcached of Flux v1 runs: ${where}`, 'fluxd keeps image metadata in memory: delete it.'),
  },
  {
    image: /(^|\/)(fluxcd|weaveworks)\/helm-operator:/,
    finding: (where) =>
      warn(
        'leftovers',
        `the Helm operator runs: ${where}`,
        'fluxd does not install charts; keep it as long as you have HelmReleases.',
      ),
  },
];

/** Definitions that only versions long gone used. */
const OLD_DEFINITIONS = ['fluxhelmreleases.helm.integrations.flux.weave.works', 'helmreleases.flux.weave.works'];
const OLD_MARK = 'flux.weave.works/sync-gc-mark';

/** What Flux v1 left in the cluster. `isFlux1` tells that the daemon in use is a Flux v1 itself, which is no leftover then. */
export async function checkLeftovers(
  cluster: ClusterView,
  { isFlux1 }: { readonly isFlux1: boolean },
): Promise<readonly Finding[]> {
  if (isFlux1) return [];
  const found = [...(await leftDeployments(cluster)), ...(await leftDefinitions(cluster)), ...(await leftMarks(cluster))];
  return found.length > 0 ? found : [ok('leftovers', 'nothing of Flux v1 runs')];
}

async function leftDeployments(cluster: ClusterView): Promise<readonly Finding[]> {
  const lists = await Promise.all(
    SELECTORS.map(
      async (labelSelector) => deploymentsSchema.parse(await cluster.get('/apis/apps/v1/deployments', { labelSelector })).items,
    ),
  );
  const running = lists.flat().filter(({ spec }) => spec.replicas > 0);
  const byPlace = new Map(running.map((each) => [`${each.metadata.namespace}:deployment/${each.metadata.name}`, each]));
  return [...byPlace].flatMap(([where, { spec }]) =>
    LEFTOVERS.filter(({ image }) => spec.template.spec.containers.some((container) => image.test(container.image))).map(
      ({ finding }) => finding(where),
    ),
  );
}

async function leftDefinitions(cluster: ClusterView): Promise<readonly Finding[]> {
  const there = await Promise.all(
    OLD_DEFINITIONS.map(async (name) => {
      const definition = await cluster.get(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`);
      return definition === undefined ? [] : [name];
    }),
  );
  return there
    .flat()
    .map((name) =>
      warn(
        'leftovers',
        `definition ${name} is there`,
        'Nothing of today reads it: move its objects to helm.fluxcd.io/v1, then delete it.',
      ),
    );
}

async function leftMarks(cluster: ClusterView): Promise<readonly Finding[]> {
  const query = { labelSelector: OLD_MARK };
  const { items } = deploymentsSchema.parse(await cluster.get('/apis/apps/v1/deployments', query));
  if (items.length === 0) return [];
  const first = items[0]?.metadata;
  return [
    warn(
      'leftovers',
      `${items.length} Deployments carry the label ${OLD_MARK}, such as ${first?.namespace}:deployment/${first?.name}`,
      'Garbage collection goes by fluxcd.io/sync-gc-mark only: delete the old label, or the objects that are not in Git any more.',
    ),
  ];
}
