import { formatName, type ImageRef } from './ref.ts';

const HUB = 'index.docker.io';
const HUB_NAMES: readonly string[] = ['', 'docker.io', HUB];

/** The fully qualified reference: Docker Hub becomes `index.docker.io`, and its official images `library/…`. */
export function canonicalRef(ref: ImageRef): ImageRef {
  if (!HUB_NAMES.includes(ref.domain)) return ref;
  return { ...ref, domain: HUB, image: ref.image.includes('/') ? ref.image : `library/${ref.image}` };
}

/** Fully qualified name of the image repository, `index.docker.io/library/alpine`; the key of its metadata. */
export function canonicalName(ref: Pick<ImageRef, 'domain' | 'image'>): string {
  return formatName(canonicalRef({ tag: '', digest: '', ...ref }));
}

/** Whether two references name the same image repository, regardless of spelling, tag and digest. */
export function sameImage(a: ImageRef, b: ImageRef): boolean {
  return canonicalName(a) === canonicalName(b);
}
