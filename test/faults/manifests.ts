import { dump } from 'js-yaml';

/** Text of a manifest file with these objects. */
export function yaml(...objects: readonly object[]): string {
  return objects.map((object) => dump(object)).join('---\n');
}

export function configMap(name: string, data: Readonly<Record<string, string>> = { a: 'b' }, namespace = 'shop'): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data };
}

export function namespace(name: string): object {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

export function configMapPath(name: string, space = 'shop'): string {
  return `api/v1/namespaces/${space}/configmaps/${name}`;
}

export function maps(count: number, data?: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`map-${n}.yaml`, yaml(configMap(`map-${n}`, data))]));
}
