import { hasCode } from '../../base/index.ts';
import type { ClusterView, Kind, LiveObject } from '../../cluster/port-forward/index.ts';
import { FIELD_MANAGER, isAllOurs, MARK_LABEL } from '../../cluster/port-forward/index.ts';
import { type Finding, ok, warn } from './finding.ts';
import type { InUse } from './flux-v1-daemon.ts';

const CHECK = 'leftovers';
/** The mark of early versions. */
const OLD_MARK = 'flux.weave.works/sync-gc-mark';

const kind = (group: string, kind: string, plural: string, version = 'v1'): Kind => ({ group, version, kind, plural });
const DEPLOYMENTS = kind('apps', 'Deployment', 'deployments');
const HELM_RELEASES = kind('helm.fluxcd.io', 'HelmRelease', 'helmreleases');
/** The kinds searched for marks: nearly every repository has them. */
const KINDS = [
  kind('', 'Namespace', 'namespaces'),
  kind('', 'ConfigMap', 'configmaps'),
  kind('', 'Secret', 'secrets'),
  kind('', 'Service', 'services'),
  kind('', 'ServiceAccount', 'serviceaccounts'),
  DEPLOYMENTS,
  kind('apps', 'DaemonSet', 'daemonsets'),
  kind('apps', 'StatefulSet', 'statefulsets'),
  kind('batch', 'CronJob', 'cronjobs'),
  kind('networking.k8s.io', 'Ingress', 'ingresses'),
  HELM_RELEASES,
];

/** Objects with the mark of Flux v1 that fluxd has not applied, or not since Flux v1 last did. */
export async function markFindings(cluster: ClusterView, { isFlux1 }: InUse): Promise<readonly Finding[]> {
  const unseen: string[] = [];
  const look = async (each: Kind) => {
    try {
      return named(each, await cluster.metadata(each, { labelSelector: MARK_LABEL }));
    } catch (error) {
      if (!hasCode(error, 'cluster/forbidden')) throw error;
      unseen.push(each.plural);
      return [];
    }
  };
  const lists = await Promise.all(KINDS.map(look));
  const left = lists.flat().filter(({ live }) => !isAllOurs(live, FIELD_MANAGER));
  return [...leftFindings(left, isFlux1), ...unseenFindings(unseen)];
}

function unseenFindings(kinds: readonly string[]): readonly Finding[] {
  if (kinds.length === 0) return [];
  const help = 'You may not list them in all namespaces; ask a cluster administrator.';
  return [warn(CHECK, `not searched for marks of Flux v1: ${kinds.join(', ')}`, help)];
}

function leftFindings(left: readonly Named[], isFlux1: boolean): readonly Finding[] {
  if (left.length === 0) return [];
  const carry = `${counted(left)} the mark and the checksum of Flux v1`;
  if (isFlux1) return [ok(CHECK, `${carry}; fluxd takes over those in Git without restarting them`)];
  return [
    warn(
      CHECK,
      `${carry}, and fluxd has not applied them`,
      'The next sync takes over those in Git. fluxd never deletes the others: add them to Git, or delete them with kubectl. To list them, run fluxctl gc while fluxd runs with --sync-garbage-collection or --sync-garbage-collection-dry.',
    ),
  ];
}

/** Labels of early versions. */
export async function oldMarkFindings(cluster: ClusterView): Promise<readonly Finding[]> {
  const left = named(DEPLOYMENTS, await cluster.metadata(DEPLOYMENTS, { labelSelector: OLD_MARK }));
  if (left.length === 0) return [];
  return [
    warn(
      CHECK,
      `${counted(left)} the label ${OLD_MARK}`,
      `Garbage collection uses only fluxcd.io/sync-gc-mark. Run kubectl label deployments --all-namespaces --selector=${OLD_MARK} ${OLD_MARK}-, or delete the objects that are no longer in Git.`,
    ),
  ];
}

/** HelmReleases of the Helm operator, and whether the operator runs. */
export async function helmReleaseFindings(cluster: ClusterView, hasOperator: boolean): Promise<readonly Finding[]> {
  const releases = named(HELM_RELEASES, await cluster.metadata(HELM_RELEASES, {}));
  if (releases.length === 0) return [];
  const there = `${releases.length} HelmRelease${releases.length === 1 ? '' : 's'} of helm.fluxcd.io`;
  if (hasOperator)
    return [ok(CHECK, `${there}: fluxd applies them and updates their images, the Helm operator installs the charts`)];
  return [
    warn(
      CHECK,
      `${there}, such as ${releases[0]?.id}, but no running Helm operator`,
      'fluxd applies them and updates their images but does not install charts: run the operator, or migrate to another one.',
    ),
  ];
}

interface Named {
  readonly id: string;
  readonly live: LiveObject;
}

function named({ kind }: Kind, objects: readonly LiveObject[]): readonly Named[] {
  return objects.map((live) => ({ id: `${live.namespace ?? '<cluster>'}:${kind.toLowerCase()}/${live.name}`, live }));
}

/** `3 objects, such as shop:deployment/cart, carry`. */
function counted(found: readonly Named[]): string {
  const [first] = found;
  return found.length === 1 ? `${first?.id} carries` : `${found.length} objects, such as ${first?.id}, carry`;
}
