import { formatName, type ImageRef } from './ref.ts';

const HUB = 'index.docker.io';
const HUB_NAMES: readonly string[] = ['', 'docker.io', HUB];

/** The reference with nothing implied: Docker Hub is named `index.docker.io`, and its official images `library/…`. */
export function canonicalRef(ref: ImageRef): ImageRef {
  if (!HUB_NAMES.includes(ref.domain)) return ref;
  return { ...ref, domain: HUB, image: ref.image.includes('/') ? ref.image : `library/${ref.image}` };
}

/** Name of the image repository with nothing implied, `index.docker.io/library/alpine`; keys what is known of it. */
export function canonicalName(ref: Pick<ImageRef, 'domain' | 'image'>): string {
  return formatName(canonicalRef({ tag: '', digest: '', ...ref }));
}

/** Whether two references name the same image repository, however they spell it and whatever tag or digest they carry. */
export function sameImage(a: ImageRef, b: ImageRef): boolean {
  return canonicalName(a) === canonicalName(b);
}
