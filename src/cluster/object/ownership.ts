import { hash } from 'node:crypto';
import { isFields, type ResourceId } from '../../resource/index.ts';
import type { LiveObject, ManagedFields } from './live.ts';
import { replicasHeldByScale } from './scale.ts';

/** The field manager under which fluxd applies. */
export const FIELD_MANAGER = 'flux';

/** Label by which an object is found again for garbage collection; Flux v1's. */
export const MARK_LABEL = 'fluxcd.io/sync-gc-mark';
/** Annotation with the checksum of the manifest that was applied; Flux v1's. */
export const CHECKSUM_ANNOTATION = 'fluxcd.io/sync-checksum';

/** The mark of one object in one sync set: a copy under another name, or an object of another set, does not carry it (Flux v1's formula). */
export function gcMark(syncSet: string, id: ResourceId): string {
  return `sha256.${hash('sha256', syncSet + id, 'base64url')}`;
}

/** Flux v1's prefixes, the older one last. */
export const IGNORE_ANNOTATIONS = ['fluxcd.io/ignore', 'flux.weave.works/ignore'] as const;

/** Flux v1's `ignore` policy under either of its prefixes; `true` wins when both are given. A YAML boolean counts as its text. */
export function ignorePolicy(annotations: unknown): string | undefined {
  if (!isFields(annotations)) return undefined;
  const values = IGNORE_ANNOTATIONS.flatMap((key) =>
    annotations[key] === undefined || annotations[key] === null ? [] : [String(annotations[key])],
  );
  return values.includes('true') ? 'true' : values[0];
}

/** The record of what we applied last, as the API server keeps it on the object. */
export function ownEntry(live: LiveObject, manager: string): ManagedFields | undefined {
  return live.managedFields?.find((entry) => entry.manager === manager && entry.operation === 'Apply' && !entry.subresource);
}

/** True when the API server itself says that we put the mark there by server-side apply; a label alone anybody can copy. */
export function ownsMark(live: LiveObject, manager: string): boolean {
  const metadata = ownEntry(live, manager)?.fieldsV1?.['f:metadata'];
  const labels = isFields(metadata) ? metadata['f:labels'] : undefined;
  return isFields(labels) && Object.hasOwn(labels, `f:${MARK_LABEL}`);
}

/** Managers under which client-side `kubectl apply` writes, Flux v1's among them; before 1.18 every command of kubectl was `kubectl`. */
export const CLIENT_SIDE_APPLY = 'kubectl-client-side-apply';
export const OLD_KUBECTL = 'kubectl';
/** Where `kubectl apply` keeps what it applied last. One in a manifest was exported from a cluster; kubectl writes its own over it. */
export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * True when the mark is ours and no Flux v1 has applied the object since. One to which somebody went back for a while writes its own
 * checksum by `kubectl apply`; what it applied is to be taken over once more then.
 */
export function isAllOurs(live: LiveObject, manager: string): boolean {
  return ownsMark(live, manager) && !(live.managedFields ?? []).some(isOfFluxV1);
}

/**
 * Who applied, by `kubectl apply`, what our next apply takes over: Flux v1, or somebody else. From managedFields alone, since what is
 * watched is kept without the last-applied configuration.
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
 * Digest of the set of fields that we own, and of when we changed any of them last. A field that somebody else takes or removes
 * leaves the set; a foreign apply under our name moves the time. So while the digest stands, the values of our fields do. That
 * somebody holds the replicas counts too: once nobody does any more, they are ours again.
 */
export function fingerprint(live: LiveObject, manager: string): string {
  if (live.fingerprint !== undefined) return live.fingerprint;
  const own = ownEntry(live, manager);
  const fields = JSON.stringify(own?.fieldsV1 ?? null) + (replicasHeldByScale(live) ? SCALED : '');
  return `${own?.time ?? ''} ${hash('sha256', fields, 'base64url').slice(0, 22)}`;
}

const SCALED = ' scaled';

/** True when we wrote nothing between the two: only others may have taken fields from us. */
export function isSameWrite(fingerprint: string, other: string): boolean {
  return fingerprint.slice(0, fingerprint.indexOf(' ')) === other.slice(0, other.indexOf(' '));
}

/** Who else wrote to the object last, for the reason of a correction. */
export function lastForeignManager(live: LiveObject, manager: string): string | undefined {
  const foreign = (live.managedFields ?? []).filter(
    (entry) => entry.manager !== manager && entry.subresource !== 'status' && entry.time,
  );
  return foreign.sort((a, b) => (b.time ?? '').localeCompare(a.time ?? ''))[0]?.manager;
}
