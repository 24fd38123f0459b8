import { FluxError } from '../base/index.ts';
import { canonicalName, formatImageRef, type ImageRef, tryParseImageRef } from '../image/index.ts';
import { containersOf, isWorkload } from '../resource/index.ts';
import type { ImageLookup, UpdateContext } from './context.ts';
import { verifyNow } from './signature-questions.ts';

/**
 * Checks that the registry has the image that a person names. A tag may have been pushed after the last scan, so the registry is read again
 * before the tag is reported as missing. A repository that is not watched, because no synced revision has it, is read for this once.
 * Resolves to the images with what was found.
 * @throws FluxError `update/image-missing`, `update/image-unused`, `update/registry-failed`.
 */
export async function requireKnown(
  requested: ImageRef,
  context: Pick<UpdateContext, 'images' | 'manifests' | 'signal'>,
): Promise<ImageLookup> {
  const { images, signal } = context;
  const name = canonicalName(requested);
  const isKnown = () => images.repository(name)?.tags.includes(requested.tag) ?? false;
  if (isKnown()) return images;
  const before = images.repository(name)?.scannedAt;
  await images.scanNow(name, signal ? { signal } : {});
  if (isKnown()) return images;
  const repository = images.repository(name);
  if (!repository) return visited(requested, context);
  const { error, scannedAt } = repository;
  // Without a new list the tag's existence is unknown.
  if (error && scannedAt === before) throw unchecked(requested, error);
  throw missing(requested);
}

/** Reads the one image, by the credentials of the workloads that have an image of its repository in Git. */
async function visited(
  requested: ImageRef,
  context: Pick<UpdateContext, 'images' | 'manifests' | 'signal'>,
): Promise<ImageLookup> {
  const name = canonicalName(requested);
  const workloads = [...context.manifests].flatMap(([id, manifest]) => {
    const images = isWorkload(manifest.object) ? containersOf(manifest.object) : [];
    const refs = images.flatMap(({ image }) => tryParseImageRef(image) ?? []);
    return refs.some((ref) => canonicalName(ref) === name) ? [{ id, manifest }] : [];
  });
  if (workloads.length === 0) throw unused(requested);
  const question = { image: name, candidates: [{ tag: requested.tag }], policies: [] };
  const images = await verifyNow(
    workloads.map((workload) => ({ question, workload })),
    context,
  );
  const { barredBy, tags = [], images: found } = images.repository(name) ?? {};
  if (barredBy !== undefined) throw barred(requested, barredBy);
  if (tags.includes(requested.tag)) return images;
  const error = found?.get(requested.tag)?.error;
  if (error?.code === 'registry/not-found') throw missing(requested);
  throw unchecked(requested, error ?? new FluxError('its tags have not been read', { code: 'registry/not-read' }));
}

function missing(image: ImageRef): FluxError {
  return new FluxError(`image ${quoted(image)} does not exist: invalid image ID`, {
    code: 'update/image-missing',
    fault: 'user',
    help: `${canonicalName(image)} has no tag ${image.tag}. Check the spelling, that the tag was pushed, and with fluxctl list-images that the daemon can read this registry.`,
  });
}

function unused(image: ImageRef): FluxError {
  return new FluxError(`no workload has an image of ${canonicalName(image)}, so none is updated to ${quoted(image)}`, {
    code: 'update/image-unused',
    fault: 'user',
    help: 'Check the spelling. --update-image changes the tag of an image; to use another repository, edit the image in Git.',
  });
}

function unchecked(image: ImageRef, error: FluxError): FluxError {
  return new FluxError(`image ${quoted(image)} could not be checked: ${error.message}`, {
    code: 'update/registry-failed',
    fault: error.fault,
    help: error.help ?? `Reading ${canonicalName(image)} failed. Retry, or run fluxctl doctor.`,
    cause: error,
  });
}

function barred(image: ImageRef, by: string): FluxError {
  return new FluxError(`image ${quoted(image)} could not be checked: fluxd does not read this repository (${by})`, {
    code: 'update/registry-barred',
    fault: 'user',
    help: 'Edit the image in Git, or let fluxd read this registry.',
  });
}

function quoted(image: ImageRef): string {
  return JSON.stringify(formatImageRef(image));
}
