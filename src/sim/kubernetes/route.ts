/** The parsed path of a request, as in https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris */
export interface ResourceRoute {
  readonly group: string;
  readonly version: string;
  readonly namespace?: string;
  readonly plural: string;
  readonly name?: string;
  readonly subresource?: string;
}

/** Undefined if the path is not of a resource. */
export function parseResourcePath(pathname: string): ResourceRoute | undefined {
  let parts: string[];
  try {
    parts = pathname.split('/').filter(Boolean).map(decodeURIComponent);
  } catch {
    // A malformed percent escape matches nothing.
    return undefined;
  }
  const [root, ...rest] = parts;
  if (root === 'api') return parseRest('', rest[0], rest.slice(1));
  return root === 'apis' && rest[0] !== undefined ? parseRest(rest[0], rest[1], rest.slice(2)) : undefined;
}

function parseRest(group: string, version: string | undefined, parts: readonly string[]): ResourceRoute | undefined {
  const [first, second, third, ...more] = parts;
  if (version === undefined || first === undefined) return undefined;
  const inNamespace = first === 'namespaces' && second !== undefined && third !== undefined;
  if (inNamespace && third !== 'status' && third !== 'finalize')
    return route({ group, version, namespace: second, plural: third }, more);
  return route({ group, version, plural: first }, parts.slice(1));
}

function route(base: ResourceRoute, [name, subresource, ...more]: readonly string[]): ResourceRoute | undefined {
  if (more.length > 0) return undefined;
  return { ...base, ...(name === undefined ? {} : { name }), ...(subresource === undefined ? {} : { subresource }) };
}
