import { hash } from 'node:crypto';
import { isFields, type ResourceId } from '../../resource/index.ts';
import type { LiveObject, ManagedFields } from './live.ts';
import { replicasHeldByScale } from './scale.ts';

/** The field manager of fluxd's applies. */
export const FIELD_MANAGER = 'flux';

/** Label for finding objects in garbage collection; Flux v1's. */
export const MARK_LABEL = 'fluxcd.io/sync-gc-mark';
/** Annotation with the checksum of the applied manifest; Flux v1's. */
export const CHECKSUM_ANNOTATION = 'fluxcd.io/sync-checksum';
/** What `kubectl rollout history` shows. */
export const CHANGE_CAUSE = 'kubernetes.io/change-cause';

/** The mark of one object in one sync set (Flux v1's formula): it does not match a copy under another name, or an object of another set. */
export function gcMark(syncSet: string, id: ResourceId): string {
  return `sha256.${hash('sha256', syncSet + id, 'base64url')}`;
}

/** Our managedFields entry, the API server's record of our last apply. */
export function ownEntry(live: LiveObject, manager: string): ManagedFields | undefined {
  return live.managedFields?.find((entry) => entry.manager === manager && entry.operation === 'Apply' && !entry.subresource);
}

/** True if managedFields prove that we set the mark by server-side apply; anyone can copy a label. */
export function ownsMark(live: LiveObject, manager: string): boolean {
  const metadata = ownEntry(live, manager)?.fieldsV1?.['f:metadata'];
  const labels = isFields(metadata) ? metadata['f:labels'] : undefined;
  return isFields(labels) && Object.hasOwn(labels, `f:${MARK_LABEL}`);
}

/** Managers of client-side `kubectl apply`, including Flux v1's; before 1.18 all commands of kubectl used `kubectl`. */
export const CLIENT_SIDE_APPLY = 'kubectl-client-side-apply';
export const OLD_KUBECTL = 'kubectl';
/** Annotation with the last configuration of `kubectl apply`. In a manifest it was exported from a cluster, and kubectl overwrites it. */
export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * True if the mark is ours and Flux v1 has not applied the object since. After a temporary switch back, Flux v1 has written its own
 * checksum by `kubectl apply`, and its fields must be taken over again.
 */
export function isAllOurs(live: LiveObject, manager: string): boolean {
  return ownsMark(live, manager) && !(live.managedFields ?? []).some(isOfFluxV1);
}

/**
 * Whose `kubectl apply` our next apply takes over: that of Flux v1, or another. Derived only from managedFields, since watched objects are
 * stored without the last-applied configuration.
 */
export function appliedBefore(live: LiveObject, manager: string): 'Flux v1' | 'kubectl apply' | undefined {
  if (isAllOurs(live, manager)) return undefined;
  const entries = live.managedFields ?? [];
  if (entries.some(isOfFluxV1)) return 'Flux v1';
  return entries.some(isOfApply) ? 'kubectl apply' : undefined;
}

function isOfFluxV1(entry: ManagedFields): boolean {
  return isOfKubectl(entry) && wroteAnnotation(entry, CHECKSUM_ANNOTATION);
}

function isOfApply(entry: ManagedFields): boolean {
  return isOfKubectl(entry) && (entry.manager === CLIENT_SIDE_APPLY || wroteAnnotation(entry, LAST_APPLIED));
}

function isOfKubectl({ manager, operation, subresource }: ManagedFields): boolean {
  return operation === 'Update' && !subresource && (manager === CLIENT_SIDE_APPLY || manager === OLD_KUBECTL);
}

function wroteAnnotation({ fieldsV1 }: ManagedFields, name: string): boolean {
  const metadata = fieldsV1?.['f:metadata'];
  const annotations = isFields(metadata) ? metadata['f:annotations'] : undefined;
  return isFields(annotations) && Object.hasOwn(annotations, `f:${name}`);
}

/**
 * Digest of the set of fields that we own, and of the time of our last change. A field that others take or remove leaves the set; a
 * foreign apply under our name changes the time. So while the digest is unchanged, the values of our fields are. It includes whether
 * another manager holds the replicas, since they become ours again when it stops.
 */
export function fingerprint(live: LiveObject, manager: string): string {
  if (live.fingerprint !== undefined) return live.fingerprint;
  const own = ownEntry(live, manager);
  const fields = JSON.stringify(own?.fieldsV1 ?? null) + (replicasHeldByScale(live) ? SCALED : '');
  return `${own?.time ?? ''} ${hash('sha256', fields, 'base64url').slice(0, 22)}`;
}

const SCALED = ' scaled';

/** True if we wrote nothing between the two states, so that only others may have taken fields. */
export function isSameWrite(fingerprint: string, other: string): boolean {
  return fingerprint.slice(0, fingerprint.indexOf(' ')) === other.slice(0, other.indexOf(' '));
}

/** The last other writer of the object, for the reason of a correction. */
export function lastForeignManager(live: LiveObject, manager: string): string | undefined {
  const foreign = (live.managedFields ?? []).filter(
    (entry) => entry.manager !== manager && entry.subresource !== 'status' && entry.time,
  );
  return foreign.sort((a, b) => (b.time ?? '').localeCompare(a.time ?? ''))[0]?.manager;
}
