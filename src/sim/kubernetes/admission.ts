import { randomInt } from 'node:crypto';
import { type Resource, storageKey } from './catalog.ts';
import { asList, asObject, at, isObject, type JsonObject } from './json.ts';
import { type KubeObject, metaOf } from './object.ts';
import type { Store } from './store.ts';

export interface AdmissionContext {
  readonly store: Store;
  readonly now: () => number;
}

/** Sets the fields of a new object that the server determines, after defaulting; changes the object in place. */
export function prepareForCreate(resource: Resource, object: KubeObject, context: AdmissionContext): void {
  switch (`${resource.group}/${resource.kind}`) {
    case '/Namespace':
      object.spec = { ...asObject(object.spec), finalizers: ['kubernetes'] };
      object.status = { phase: 'Active' };
      return;
    case '/Service':
      allocateAddress(object, context.store);
      object.status = { loadBalancer: {} };
      return;
    case '/PersistentVolumeClaim':
      object.status = { phase: 'Pending' };
      metaOf(object).finalizers ??= [];
      if (!metaOf(object).finalizers?.includes('kubernetes.io/pvc-protection'))
        metaOf(object).finalizers?.push('kubernetes.io/pvc-protection');
      return;
    case '/Pod':
      object.status = { phase: 'Pending', qosClass: 'BestEffort' };
      return;
    case 'batch/Job':
      selectOwnPods(object);
      return;
    default:
  }
}

/** The same for an update: keeps fields that the client omitted but cannot remove. */
export function prepareForUpdate(resource: Resource, object: KubeObject, old: KubeObject, context: AdmissionContext): void {
  switch (`${resource.group}/${resource.kind}`) {
    case '/Namespace':
      // Only /finalize removes the namespace finalizer.
      object.spec = { ...asObject(object.spec), finalizers: asObject(old.spec).finalizers ?? [] };
      return;
    case '/Service':
      keepAddress(object, old, context.store);
      return;
    case 'batch/Job':
      keepJobSelector(object, old);
      return;
    default:
  }
}

const usedAddresses = (store: Store) =>
  new Set(store.list(storageKey({ group: '', plural: 'services' })).map((service) => at(service, 'spec', 'clusterIP')));

/** Assigns a cluster IP from 10.96.0.0/16, as the API server does; headless and external services have none. */
function allocateAddress(object: KubeObject, store: Store): void {
  const spec = asObject(object.spec);
  if (spec.type === 'ExternalName') return;
  if (!spec.clusterIP) {
    const used = usedAddresses(store);
    let address = '';
    do address = `10.96.${randomInt(1, 255)}.${randomInt(1, 255)}`;
    while (used.has(address));
    spec.clusterIP = address;
  }
  spec.clusterIPs = [spec.clusterIP];
  spec.ipFamilies ??= ['IPv4'];
  spec.ipFamilyPolicy ??= 'SingleStack';
  allocateNodePorts(spec);
}

function allocateNodePorts(spec: JsonObject): void {
  if (spec.type !== 'NodePort' && spec.type !== 'LoadBalancer') return;
  for (const port of asList(spec.ports)) if (isObject(port) && !port.nodePort) port.nodePort = randomInt(30000, 32768);
}

function keepAddress(object: KubeObject, old: KubeObject, store: Store): void {
  const [spec, before] = [asObject(object.spec), asObject(old.spec)];
  if (spec.type === 'ExternalName') return;
  if (before.type === 'ExternalName') {
    allocateAddress(object, store);
    return;
  }
  for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'])
    if (spec[field] === undefined && before[field] !== undefined) spec[field] = before[field];
  allocateNodePorts(spec);
}

const JOB_LABELS = ['batch.kubernetes.io/controller-uid', 'batch.kubernetes.io/job-name', 'controller-uid', 'job-name'];

/** A Job selects its pods by its own uid by default. */
function selectOwnPods(object: KubeObject): void {
  const spec = asObject(object.spec);
  const meta = metaOf(object);
  if (spec.manualSelector === true || spec.selector !== undefined) return;
  const own = { [JOB_LABELS[0] ?? '']: meta.uid };
  const template = asObject(spec.template);
  const metadata = asObject(template.metadata);
  const [uid, name] = [meta.uid, meta.name];
  metadata.labels = {
    ...asObject(metadata.labels),
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
    'controller-uid': uid,
    'job-name': name,
  };
  template.metadata = metadata;
  spec.template = template;
  spec.selector = { matchLabels: own };
}

function keepJobSelector(object: KubeObject, old: KubeObject): void {
  const [spec, before] = [asObject(object.spec), asObject(old.spec)];
  if (spec.selector === undefined && before.selector !== undefined) spec.selector = before.selector;
  const labels = asObject(at(before.template, 'metadata', 'labels'));
  const metadata = asObject(at(spec.template, 'metadata'));
  const kept = Object.fromEntries(JOB_LABELS.flatMap((key) => (labels[key] === undefined ? [] : [[key, labels[key]]])));
  metadata.labels = { ...asObject(metadata.labels), ...kept };
  asObject(spec.template).metadata = metadata;
}
