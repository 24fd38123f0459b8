import { goJson } from '../../base/index.ts';
import type { ContainerImages, ListedImage, WorkloadImages, WorkloadStatus } from '../../controller/index.ts';
import type { ContainerField, ContainerWire, ControllerStatusWire, ImageInfoWire, ImageStatusWire } from '../wire/index.ts';

const NOTHING: ImageInfoWire = { ID: '', Labels: {} };
const LABELS = ['org.label-schema.build-date', 'org.opencontainers.image.created'] as const;

/** Encoded entries and listings, cached by identity: the daemon returns the same objects until something changes. */
const ENTRIES = new WeakMap<WorkloadStatus, string>();
const LISTINGS = new WeakMap<readonly WorkloadStatus[], Buffer>();

/** The encoded listing, built once for each state of the cluster. */
export function workloadsToJson(workloads: readonly WorkloadStatus[]): Buffer {
  // Go writes a nil slice as null, and Flux v1's listings start as nil.
  return remembered(LISTINGS, workloads, () =>
    Buffer.from(workloads.length === 0 ? 'null' : `[${workloads.map(entryToJson).join(',')}]`),
  );
}

function entryToJson(workload: WorkloadStatus): string {
  return remembered(ENTRIES, workload, () => goJson(workloadToWire(workload)));
}

function remembered<K extends WeakKey, V>(memory: WeakMap<K, V>, key: K, make: () => V): V {
  const known = memory.get(key);
  if (known !== undefined) return known;
  const made = make();
  memory.set(key, made);
  return made;
}

function workloadToWire(workload: WorkloadStatus): ControllerStatusWire {
  const { rollout, labels } = workload;
  return {
    ID: workload.id,
    Containers: workload.containers.map(({ name, image }) => ({
      Name: name,
      Current: { ID: image, Labels: {} },
      LatestFiltered: NOTHING,
    })),
    ReadOnly: workload.readOnly,
    Status: workload.status,
    Rollout: {
      Desired: rollout.desired,
      Updated: rollout.updated,
      Ready: rollout.ready,
      Available: rollout.available,
      Outdated: rollout.outdated,
      Messages: rollout.messages.length === 0 ? null : rollout.messages,
    },
    SyncError: workload.syncError,
    Antecedent: workload.antecedent,
    Labels: Object.keys(labels).length === 0 ? null : sorted(labels),
    Automated: workload.automated,
    Locked: workload.locked,
    Ignore: workload.ignore,
    Policies: sorted(workload.policies),
  };
}

export function imagesToWire({ id, containers }: WorkloadImages, fields: ReadonlySet<ContainerField>): ImageStatusWire {
  return {
    ID: id,
    Containers: containers.length === 0 ? null : containers.map((container) => containerToWire(container, fields)),
  };
}

/** `Current` and `LatestFiltered` are always present; other fields only if requested and not empty. */
function containerToWire(container: ContainerImages, fields: ReadonlySet<ContainerField>): ContainerWire {
  const { name, current, latestFiltered, available, availableError, notUpdated = '' } = container;
  const when = <K extends ContainerField, V>(field: K, value: V, isEmpty: boolean): { readonly [P in K]?: V } =>
    fields.has(field) && !isEmpty ? ({ [field]: value } as { readonly [P in K]: V }) : {};
  const count = <K extends ContainerField>(field: K, value: number) => when(field, value, value === 0);
  return {
    ...when('Name', name, name === ''),
    Current: fields.has('Current') ? imageToWire(current) : NOTHING,
    LatestFiltered: fields.has('LatestFiltered') ? imageToWire(latestFiltered) : NOTHING,
    ...when('Available', available.map(imageToWire), available.length === 0),
    ...when('AvailableError', availableError, availableError === ''),
    ...when('NotUpdated', notUpdated, notUpdated === ''),
    ...count('AvailableImagesCount', container.availableCount),
    ...count('NewAvailableImagesCount', container.newAvailableCount),
    ...count('FilteredImagesCount', container.filteredCount),
    ...count('NewFilteredImagesCount', container.newFilteredCount),
  };
}

function imageToWire({ ref, info, banned }: ListedImage): ImageInfoWire {
  const ours = banned ? { Banned: true as const } : {};
  if (info === undefined) return { ID: ref, Labels: {}, ...ours };
  const { digest, imageId, labels, createdAt, createdNs, fetchedAt } = info;
  return {
    ID: ref,
    ...(digest ? { Digest: digest } : {}),
    ...(imageId ? { ImageID: imageId } : {}),
    Labels: Object.fromEntries(LABELS.flatMap((name) => (labels[name] ? [[name, labels[name]]] : []))),
    ...(createdAt === undefined ? {} : { CreatedAt: rfc3339Nano(createdAt, createdNs) }),
    LastFetched: rfc3339Nano(fetchedAt),
    ...ours,
  };
}

/** A time as Go prints it: in UTC, without trailing zeros of the fraction. */
function rfc3339Nano(ms: number, ns = 0): string {
  const digits = String(ns).padStart(6, '0');
  return new Date(ms)
    .toISOString()
    .replace('Z', `${digits}Z`)
    .replace(/\.?0*Z$/, 'Z');
}

function sorted(record: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
