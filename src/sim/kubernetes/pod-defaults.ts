import { asList, at, isObject, type Json, type JsonObject } from './json.ts';

/** Sets `key` if the object does not have it. */
export function fill(target: JsonObject, key: string, value: Json): void {
  if (target[key] === undefined || target[key] === null) target[key] = value;
}

/** Defaults of pods and pod templates: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ */
export function podSpecDefaults(spec: JsonObject): void {
  fill(spec, 'restartPolicy', 'Always');
  fill(spec, 'terminationGracePeriodSeconds', 30);
  fill(spec, 'dnsPolicy', 'ClusterFirst');
  fill(spec, 'securityContext', {});
  fill(spec, 'schedulerName', 'default-scheduler');
  if (typeof spec.serviceAccountName === 'string') spec.serviceAccount = spec.serviceAccountName;
  else if (typeof spec.serviceAccount === 'string') spec.serviceAccountName = spec.serviceAccount;
  for (const container of [...asList(spec.initContainers), ...asList(spec.containers)])
    if (isObject(container)) containerDefaults(container);
  for (const volume of asList(spec.volumes)) if (isObject(volume)) volumeDefaults(volume);
}

/** In a pod, but not in a template, a limit without a request is also the request. */
export function podRequestDefaults(spec: JsonObject): void {
  for (const container of [...asList(spec.initContainers), ...asList(spec.containers)])
    if (isObject(container)) requestsFromLimits(container);
}

function containerDefaults(container: JsonObject): void {
  const image = typeof container.image === 'string' ? container.image : '';
  const tag = /:([^:/@]+)$/.exec(image.replace(/@.*$/, ''))?.[1] ?? (image.includes('@') ? '' : 'latest');
  fill(container, 'imagePullPolicy', tag === 'latest' ? 'Always' : 'IfNotPresent');
  fill(container, 'terminationMessagePath', '/dev/termination-log');
  fill(container, 'terminationMessagePolicy', 'File');
  for (const variable of asList(container.env)) {
    const fieldRef = at(variable, 'valueFrom', 'fieldRef');
    if (isObject(fieldRef)) fill(fieldRef, 'apiVersion', 'v1');
  }
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    const probe = container[name];
    if (!isObject(probe)) continue;
    fill(probe, 'timeoutSeconds', 1);
    fill(probe, 'periodSeconds', 10);
    fill(probe, 'successThreshold', 1);
    fill(probe, 'failureThreshold', 3);
    httpGetDefaults(probe);
  }
  for (const hook of ['postStart', 'preStop']) {
    const handler = at(container.lifecycle, hook);
    if (isObject(handler)) httpGetDefaults(handler);
  }
}

function httpGetDefaults(handler: JsonObject): void {
  const httpGet = handler.httpGet;
  if (!isObject(httpGet)) return;
  fill(httpGet, 'path', '/');
  fill(httpGet, 'scheme', 'HTTP');
}

function requestsFromLimits(container: JsonObject): void {
  const limits = at(container, 'resources', 'limits');
  const resources = container.resources;
  if (!isObject(limits) || !isObject(resources)) return;
  const requests = isObject(resources.requests) ? resources.requests : {};
  for (const [name, value] of Object.entries(limits)) fill(requests, name, value);
  resources.requests = requests;
}

function volumeDefaults(volume: JsonObject): void {
  if (Object.keys(volume).every((key) => key === 'name')) volume.emptyDir = {};
  for (const source of ['secret', 'configMap', 'downwardAPI', 'projected']) {
    const value = volume[source];
    if (isObject(value)) fill(value, 'defaultMode', 420);
  }
  const hostPath = volume.hostPath;
  if (isObject(hostPath)) fill(hostPath, 'type', '');
  for (const source of asList(at(volume.projected, 'sources'))) {
    const token = at(source, 'serviceAccountToken');
    if (isObject(token)) fill(token, 'expirationSeconds', 3600);
  }
}
