export interface IdParts {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
}

/** `shop:deployment/cart`; a cluster-wide object has the namespace `<cluster>`. What is no id is a name alone. */
export function partsOfId(id: string): IdParts {
  const [, namespace = '', kind = '', name = id] = /^([^:]*):([^/]*)\/(.*)$/s.exec(id) ?? [];
  return { namespace, kind, name };
}
