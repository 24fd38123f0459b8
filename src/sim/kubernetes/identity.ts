import { apiVersionOf, type Resource } from './catalog.ts';
import { asObject, type JsonObject } from './json.ts';
import { type KubeObject, metaOf } from './object.ts';
import { badRequest } from './status.ts';

/** The identity of an object: its resource, its namespace, if any, and its name. */
export interface Place {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string;
}

/** The object in the version of the request; conversion changes only the version name, as for versions with the same schema. */
export function inVersion(resource: Resource, object: KubeObject): KubeObject {
  const apiVersion = apiVersionOf(resource);
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion };
}

export function withIdentity(object: JsonObject, namespace: string | undefined, name: string): KubeObject {
  const metadata = { ...asObject(object.metadata), name, ...(namespace === undefined ? {} : { namespace }) };
  return { ...object, metadata };
}

/** The body's name and namespace must match the URL. */
export function checkIdentity({ resource, namespace, name }: Place, object: KubeObject, named: boolean): void {
  const meta = metaOf(object);
  if (named && meta.name !== undefined && meta.name !== name)
    throw badRequest(`the name of the object (${meta.name}) does not match the name on the URL (${name})`);
  if (resource.namespaced && meta.namespace !== undefined && meta.namespace !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
}

export function checkApplied(place: Place, config: JsonObject): void {
  const { resource } = place;
  const apiVersion = typeof config.apiVersion === 'string' ? config.apiVersion : '';
  const kind = typeof config.kind === 'string' ? config.kind : '';
  if (apiVersion !== apiVersionOf(resource) || kind !== resource.kind)
    throw badRequest(`invalid object type: ${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`);
  const metadata = asObject(config.metadata);
  if (metadata.managedFields !== undefined && metadata.managedFields !== null)
    throw badRequest('metadata.managedFields must be nil');
  checkIdentity(place, { ...config, metadata: { ...metadata } }, true);
}
