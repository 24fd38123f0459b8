/** An image as kustomize divides it: the text of its name, tag and digest; each empty if absent. */
export interface ImageText {
  readonly name: string;
  readonly tag: string;
  readonly digest: string;
}

/** Divides an image by kustomize's rule: the name ends at the first `:` or `@` after the first slash. */
export function splitImage(image: string): ImageText {
  const [, name = image, tag = '', digest = ''] = /^((?:[^/]+\/)?[^:@]*)(?::([^@]*))?(?:@(.*))?$/s.exec(image) ?? [];
  return { name, tag, digest };
}
