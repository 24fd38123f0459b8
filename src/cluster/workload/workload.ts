import {
  type ClusterWorkload,
  containersOf,
  type Fields,
  formatApiVersion,
  formatResourceId,
  isFluxV1Workload,
  isWorkload,
  parseResourceId,
  type ResourceId,
} from '../../resource/index.ts';
import type { ApiResource } from '../discovery/api-resource.ts';
import { confidentialLive, withoutWords } from '../object/confidential.ts';
import { type LiveObject, metadataOf } from '../object/live.ts';
import { LAST_APPLIED } from '../object/ownership.ts';
import { fluxV1Status } from './flux-v1-status.ts';
import { statusByHealth } from './status-by-health.ts';

const ANTECEDENT = 'helm.fluxcd.io/antecedent';

/** A workload as listing and updates need it; undefined for what is none, and for the add-ons that Flux v1 never lists. */
export function workloadOf(resource: ApiResource, whole: Fields): ClusterWorkload | undefined {
  const item = withoutWords(whole);
  const live = metadataOf(item);
  const { kind } = resource;
  // Items of a list do not repeat the kind.
  const object = { ...item, apiVersion: formatApiVersion(resource), kind };
  if (!isWorkload(object) || isAddon(live)) return undefined;
  const { name, namespace, labels, annotations: { [LAST_APPLIED]: _, ...annotations } = {} } = live;
  const antecedent = antecedentOf(annotations[ANTECEDENT]);
  return {
    id: formatResourceId({ namespace, kind, name }),
    containers: containersOf(object),
    ...(isFluxV1Workload(resource) ? fluxV1Status(kind, item) : statusByHealth(resource, item)),
    labels: confidentialLive(live) ? {} : (labels ?? {}),
    annotations,
    ...(antecedent === undefined ? {} : { antecedent }),
  };
}

/** The HelmRelease that made this workload; a value that is no resource id says nothing. */
function antecedentOf(value: string | undefined): ResourceId | undefined {
  if (value === undefined) return undefined;
  try {
    return formatResourceId(parseResourceId(value));
  } catch {
    return undefined;
  }
}

/** Parts of the cluster itself, which Flux v1 never lists. */
export function isAddon({ namespace, labels = {} }: LiveObject): boolean {
  if (namespace !== 'kube-system') return false;
  const mode = labels['addonmanager.kubernetes.io/mode'];
  return labels['kubernetes.io/cluster-service'] === 'true' || mode === 'EnsureExists' || mode === 'Reconcile';
}
