import * as z from 'zod';
import type { ClusterView } from '../../cluster/port-forward/index.ts';
import { type Finding, ok, warn } from './finding.ts';
import { flux1Findings, type InUse, type LeftDeployment } from './flux-v1-daemon.ts';
import { helmReleaseFindings, markFindings, oldMarkFindings } from './flux-v1-objects.ts';

const deploymentsSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), namespace: z.string() }),
      spec: z.object({
        replicas: z.number().default(1),
        template: z.object({
          spec: z.object({
            containers: z.array(z.object({ image: z.string().default(''), args: z.array(z.string()).default([]) })),
          }),
        }),
      }),
    }),
  ),
});

/** The names in Flux v1's manifests and charts, under both labels in use. */
const NAMES = '(flux,fluxd,memcached,flux-memcached,helm-operator,flux-helm-operator)';
const SELECTORS = [`name in ${NAMES}`, `app in ${NAMES}`];

const DAEMON = /(^|\/)(fluxcd|weaveworks)\/flux:/;
const MEMCACHED = /(^|\/)memcached:/;
const HELM_OPERATOR = /(^|\/)(fluxcd|weaveworks)\/helm-operator:/;

/** Definitions used only by early versions. */
const OLD_DEFINITIONS = ['fluxhelmreleases.helm.integrations.flux.weave.works', 'helmreleases.flux.weave.works'];

/** Objects that Flux v1 left in the cluster, or that an upgrade from it will encounter, each with how fluxd handles it. */
export async function checkLeftovers(cluster: ClusterView, inUse: InUse): Promise<readonly Finding[]> {
  const { daemons, caches, operators } = await leftDeployments(cluster);
  const found = [
    ...(await Promise.all(daemons.map((each) => flux1Findings(cluster, each, inUse)))).flat(),
    ...caches.filter(({ replicas }) => replicas > 0).map((each) => cacheFinding(each, inUse)),
    ...operators.filter(({ replicas }) => replicas > 0).map(operatorFinding),
    ...(await helmReleaseFindings(
      cluster,
      operators.some(({ replicas }) => replicas > 0),
    )),
    ...(await markFindings(cluster, inUse)),
    ...(await oldDefinitions(cluster)),
    ...(await oldMarkFindings(cluster)),
  ];
  return found.length > 0 ? found : [ok('leftovers', 'no leftovers of Flux v1')];
}

interface LeftDeployments {
  readonly daemons: readonly LeftDeployment[];
  readonly caches: readonly LeftDeployment[];
  readonly operators: readonly LeftDeployment[];
}

async function leftDeployments(cluster: ClusterView): Promise<LeftDeployments> {
  const lists = await Promise.all(
    SELECTORS.map(
      async (labelSelector) => deploymentsSchema.parse(await cluster.get('/apis/apps/v1/deployments', { labelSelector })).items,
    ),
  );
  const byPlace = new Map(lists.flat().map((each) => [`${each.metadata.namespace}/${each.metadata.name}`, each]));
  const withImage = (pattern: RegExp) =>
    [...byPlace.values()].flatMap(({ metadata, spec }): readonly LeftDeployment[] => {
      const container = spec.template.spec.containers.find(({ image }) => pattern.test(image));
      return container ? [{ ...metadata, replicas: spec.replicas, image: container.image, args: container.args }] : [];
    });
  return { daemons: withImage(DAEMON), caches: withImage(MEMCACHED), operators: withImage(HELM_OPERATOR) };
}

function cacheFinding({ name, namespace }: LeftDeployment, { isFlux1 }: InUse): Finding {
  const where = `${namespace}:deployment/${name}`;
  if (isFlux1) return ok('leftovers', `memcached of Flux v1 runs: ${where}; fluxd does not need it`);
  return warn(
    'leftovers',
    `memcached of Flux v1 runs: ${where}`,
    `fluxd keeps image metadata in memory. If you do not plan to go back, run kubectl -n ${namespace} delete deployment,service ${name}`,
  );
}

function operatorFinding({ name, namespace }: LeftDeployment): Finding {
  return warn(
    'leftovers',
    `the Helm operator runs: ${namespace}:deployment/${name}`,
    'fluxd does not install charts: keep the operator as long as you have HelmReleases.',
  );
}

async function oldDefinitions(cluster: ClusterView): Promise<readonly Finding[]> {
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
        `definition ${name} exists`,
        `No current component reads it: migrate its objects to helm.fluxcd.io/v1, then run kubectl delete crd ${name}`,
      ),
    );
}
