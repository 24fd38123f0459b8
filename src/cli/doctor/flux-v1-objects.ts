import { FluxError } from '../../base/index.ts';
import type { ClusterView, Kind, LiveObject } from '../../cluster/port-forward/index.ts';
import { FIELD_MANAGER, isAllOurs, MARK_LABEL } from '../../cluster/port-forward/index.ts';
import { type Finding, ok, warn } from './finding.ts';
import type { InUse } from './flux-v1-daemon.ts';

const CHECK = 'leftovers';
/** The mark of versions long gone. */
const OLD_MARK = 'flux.weave.works/sync-gc-mark';

const kind = (group: string, kind: string, plural: string, version = 'v1'): Kind => ({ group, version, kind, plural });
const DEPLOYMENTS = kind('apps', 'Deployment', 'deployments');
const HELM_RELEASES = kind('helm.fluxcd.io', 'HelmRelease', 'helmreleases');
/** Where marks are looked for: what nearly every repository has. */
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

/** Objects that carry the mark of Flux v1 and that fluxd has not applied, or not since a Flux v1 did. */
export async function markFindings(cluster: ClusterView, { isFlux1 }: InUse): Promise<readonly Finding[]> {
  const unseen: string[] = [];
  const look = async (each: Kind) => {
    try {
      return named(each, await cluster.metadata(each, { labelSelector: MARK_LABEL }));
    } catch (error) {
      if (!(error instanceof FluxError) || error.code !== 'cluster/forbidden') throw error;
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
  const help = 'You may not list them in all namespaces; ask somebody who may.';
  return [warn(CHECK, `not looked at for marks of Flux v1: ${kinds.join(', ')}`, help)];
}

function leftFindings(left: readonly Named[], isFlux1: boolean): readonly Finding[] {
  if (left.length === 0) return [];
  const carry = `${counted(left)} the mark and the checksum of Flux v1`;
  if (isFlux1) return [ok(CHECK, `${carry}; fluxd takes over those that are in Git, and nothing restarts because of it`)];
  return [
    warn(
      CHECK,
      `${carry}, and fluxd has not applied them`,
      'What is in Git is taken over by the next sync. What is not is never deleted by fluxd: put it back into Git, or delete it by kubectl. To see them all: fluxctl gc, with --sync-garbage-collection-dry or without the -dry.',
    ),
  ];
}

/** Labels of versions long gone. */
export async function oldMarkFindings(cluster: ClusterView): Promise<readonly Finding[]> {
  const left = named(DEPLOYMENTS, await cluster.metadata(DEPLOYMENTS, { labelSelector: OLD_MARK }));
  if (left.length === 0) return [];
  return [
    warn(
      CHECK,
      `${counted(left)} the label ${OLD_MARK}`,
      `Garbage collection goes by fluxcd.io/sync-gc-mark only: kubectl label deployments --all-namespaces --selector=${OLD_MARK} ${OLD_MARK}-, or delete what is not in Git any more.`,
    ),
  ];
}

/** HelmReleases of Flux v1's operator, and whether anybody installs them. */
export async function helmReleaseFindings(cluster: ClusterView, hasOperator: boolean): Promise<readonly Finding[]> {
  const releases = named(HELM_RELEASES, await cluster.metadata(HELM_RELEASES, {}));
  if (releases.length === 0) return [];
  const there = `${releases.length} HelmRelease${releases.length === 1 ? '' : 's'} of helm.fluxcd.io`;
  if (hasOperator)
    return [ok(CHECK, `${there}: fluxd applies them and updates their images, the Helm operator installs the charts`)];
  return [
    warn(
      CHECK,
      `${there}, such as ${releases[0]?.id}, and no Helm operator runs`,
      'fluxd applies them and updates their images, but installs no charts: run the operator, or move them to another one.',
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
