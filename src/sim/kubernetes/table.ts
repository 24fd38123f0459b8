import type { Resource } from './catalog.ts';
import { asList, asString, at, type Json, type JsonObject } from './json.ts';
import { type KubeObject, metaOf } from './object.ts';

interface Column {
  readonly name: string;
  readonly type?: string;
  readonly priority?: number;
  readonly value: (object: KubeObject, now: number) => Json;
}

/** "5s", "3m20s", "2d": as kubectl shows ages. */
export function shortAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  if (hours < 48) return `${hours}h`;
  return `${Math.floor(hours / 24)}d`;
}

const count = (object: KubeObject, ...path: string[]): number => {
  const value = at(object, ...path);
  return typeof value === 'number' ? value : 0;
};
const text =
  (...path: string[]) =>
  (object: KubeObject): Json =>
    asString(at(object, ...path)) ?? '<none>';
const readyOf = (object: KubeObject) => `${count(object, 'status', 'readyReplicas')}/${count(object, 'spec', 'replicas')}`;
const size = (field: string) => (object: KubeObject) => Object.keys((at(object, field) as JsonObject) ?? {}).length;

const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  '/Namespace': [{ name: 'Status', value: text('status', 'phase') }],
  '/ConfigMap': [{ name: 'Data', type: 'integer', value: size('data') }],
  '/Secret': [
    { name: 'Type', value: text('type') },
    { name: 'Data', type: 'integer', value: size('data') },
  ],
  '/Pod': [
    {
      name: 'Ready',
      value: (object) => {
        const statuses = asList(at(object, 'status', 'containerStatuses'));
        return `${statuses.filter((status) => at(status, 'ready') === true).length}/${asList(at(object, 'spec', 'containers')).length}`;
      },
    },
    { name: 'Status', value: text('status', 'phase') },
    { name: 'Restarts', value: () => '0' },
  ],
  '/Service': [
    { name: 'Type', value: text('spec', 'type') },
    { name: 'Cluster-IP', value: text('spec', 'clusterIP') },
    { name: 'External-IP', value: () => '<none>' },
    {
      name: 'Port(s)',
      value: (object) =>
        asList(at(object, 'spec', 'ports'))
          .map((port) => `${String(at(port, 'port'))}/${String(at(port, 'protocol'))}`)
          .join(',') || '<none>',
    },
  ],
  'apps/Deployment': [
    { name: 'Ready', value: readyOf },
    { name: 'Up-to-date', type: 'integer', value: (object) => count(object, 'status', 'updatedReplicas') },
    { name: 'Available', type: 'integer', value: (object) => count(object, 'status', 'availableReplicas') },
  ],
  'apps/StatefulSet': [{ name: 'Ready', value: readyOf }],
  'apps/ReplicaSet': [
    { name: 'Desired', type: 'integer', value: (object) => count(object, 'spec', 'replicas') },
    { name: 'Current', type: 'integer', value: (object) => count(object, 'status', 'replicas') },
    { name: 'Ready', type: 'integer', value: (object) => count(object, 'status', 'readyReplicas') },
  ],
  'apps/DaemonSet': [
    { name: 'Desired', type: 'integer', value: (object) => count(object, 'status', 'desiredNumberScheduled') },
    { name: 'Current', type: 'integer', value: (object) => count(object, 'status', 'currentNumberScheduled') },
    { name: 'Ready', type: 'integer', value: (object) => count(object, 'status', 'numberReady') },
  ],
  'batch/CronJob': [
    { name: 'Schedule', value: text('spec', 'schedule') },
    { name: 'Suspend', value: (object) => (at(object, 'spec', 'suspend') === true ? 'True' : 'False') },
  ],
};

/** Columns of workloads for `-o wide`: containers and images. */
const WIDE: readonly Column[] = [
  { name: 'Containers', priority: 1, value: (object) => containersOf(object, 'name') },
  { name: 'Images', priority: 1, value: (object) => containersOf(object, 'image') },
];

function containersOf(object: KubeObject, field: string): string {
  return asList(at(object, 'spec', 'template', 'spec', 'containers'))
    .map((container) => asString(at(container, field)) ?? '')
    .join(',');
}

function customColumns(resource: Resource): { readonly columns: readonly Column[]; readonly ownAge: boolean } {
  const columns = (resource.custom?.columns ?? []).map((column): Column => {
    const path = (asString(column.jsonPath) ?? '').replace(/^\./, '').split('.');
    const type = asString(column.type) ?? 'string';
    return {
      name: asString(column.name) ?? '',
      type,
      ...(typeof column.priority === 'number' ? { priority: column.priority } : {}),
      value: (object, now) => {
        const value = at(object, ...path) ?? null;
        return type === 'date' && typeof value === 'string' ? shortAge(now - Date.parse(value)) : value;
      },
    };
  });
  return { columns, ownAge: columns.length > 0 };
}

export interface TableOptions {
  /** Rows contain complete objects with `includeObject=Object`, nothing with `None`, else metadata. */
  readonly includeObject: string;
  readonly now: number;
  readonly list: JsonObject;
}

/** The output of `kubectl get`: https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables */
export function tableOf(
  resource: Resource,
  objects: readonly KubeObject[],
  { includeObject, now, list }: TableOptions,
): JsonObject {
  const custom = customColumns(resource);
  const age: Column = { name: 'Age', value: (object) => shortAge(now - Date.parse(metaOf(object).creationTimestamp)) };
  const known = COLUMNS[`${resource.group}/${resource.kind}`] ?? [];
  const wide = known.length > 0 && resource.group === 'apps' ? WIDE : [];
  const columns: readonly Column[] = [
    { name: 'Name', value: (object) => metaOf(object).name },
    ...known,
    ...custom.columns,
    ...(custom.ownAge ? [] : [age]),
    ...wide,
  ];
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: list,
    columnDefinitions: columns.map(({ name, type = 'string', priority = 0 }) => ({
      name,
      type,
      format: name === 'Name' ? 'name' : '',
      description: '',
      priority,
    })),
    rows: objects.map((object) => ({
      cells: columns.map((column) => column.value(object, now)),
      ...(includeObject === 'None' ? {} : { object: includeObject === 'Object' ? object : partial(object) }),
    })),
  };
}

export function partial(object: KubeObject): JsonObject {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata ?? {} };
}
