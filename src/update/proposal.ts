import { yieldTurn } from '../base/index.ts';
import { canonicalName, formatImageRef, type ImageOrigin, tryParseImageRef } from '../image/index.ts';
import { policiesOf } from '../policy/index.ts';
import { containersOf, type ResourceId } from '../resource/index.ts';
import { containerKey } from './container-key.ts';
import type { UpdateContext } from './context.ts';
import { decideAgain, isAutomated } from './decide.ts';
import { editImages, type Planned } from './edit.ts';
import { automatedMessage } from './message.ts';
import type { ProposedImage } from './proposed.ts';
import { sortedResult } from './select.ts';
import type { AutomatedSpec, ContainerUpdate, UpdateResult, WorkloadResult } from './spec.ts';

/** Images that are considered without a pause. */
const TURN = 100;

export interface PendingOptions {
  /** What the branches have now. */
  readonly carried: readonly ProposedImage[];
  /** What automation would commit now. */
  readonly found: AutomatedSpec['Changes'];
  /** What a person releases now. */
  readonly released: UpdateResult;
}

/**
 * What is to be proposed on a revision: what the branches have and the revision lacks, and what was found or released since. What
 * automation has proposed stays until the image is no longer wanted; that it is not the time to commit is no reason to take it back. What a
 * person released stays until it is merged, or a newer image of an automated workload takes its place.
 */
export async function pendingImages(
  { carried, found, released }: PendingOptions,
  context: Pick<UpdateContext, 'manifests' | 'images' | 'pinning' | 'signal'>,
): Promise<readonly ProposedImage[]> {
  const pending = new Map<string, ProposedImage>();
  const put = (image: ProposedImage) => pending.set(containerKey(image), image);
  for (const [index, image] of carried.entries()) {
    if (index % TURN === 0) await yieldTurn(context.signal);
    const wanted = stillWanted(image, context);
    if (wanted) put(wanted);
  }
  for (const [index, { WorkloadID: workload, Container, ImageID: target }] of found.entries()) {
    if (index % TURN === 0) await yieldTurn(context.signal);
    const before = pending.get(containerKey({ workload, container: Container.Name }));
    put({ workload, container: Container.Name, target, released: before?.target === target && before.released });
  }
  await yieldTurn(context.signal);
  for (const [workload, { Status, PerContainer }] of Object.entries(released)) {
    if (Status !== 'success') continue;
    for (const { Container: container, Target: target } of PerContainer ?? [])
      put({ workload, container, target, released: true });
  }
  await yieldTurn(context.signal);
  return [...pending.keys()].sort().flatMap((key) => pending.get(key) ?? []);
}

/** An image as it is proposed from now on: meanwhile it may have to be pinned, to a digest that is verified. */
function stillWanted(
  image: ProposedImage,
  { manifests, images, pinning }: Pick<UpdateContext, 'manifests' | 'images' | 'pinning'>,
): ProposedImage | undefined {
  const { workload, container: name, target, released } = image;
  const object = manifests.get(workload)?.object;
  const container = object && containersOf(object).find((each) => each.name === name);
  if (!container || container.image === target) return undefined;
  if (released) return image;
  const inGit = policiesOf(object.metadata.annotations);
  const wanted = tryParseImageRef(target);
  if (!wanted || !isAutomated(inGit)) return undefined;
  const decision = decideAgain({ workload, container, inGit, images, pinning }, wanted);
  if (decision.state === 'update') return { ...image, target: formatImageRef(decision.target) };
  const isOver = decision.state === 'held' ? decision.by.kind !== 'suspended' : decision.state === 'current';
  return isOver ? undefined : image;
}

/** A planned branch: its edits, what they propose, and the message of its commit. */
export interface ProposalPlan extends Planned {
  readonly images: readonly ProposedImage[];
  readonly message: string;
}

/** Plans the edits of a branch. A workload that cannot be edited is left out. `own` is the message of a release that is all of it. */
export async function planProposal(
  images: readonly ProposedImage[],
  context: UpdateContext,
  own?: string,
): Promise<ProposalPlan> {
  const results = new Map<ResourceId, WorkloadResult>();
  for (const [workload, wanted] of Map.groupBy(images, (image) => image.workload)) {
    if (results.size % TURN === 0) await yieldTurn(context.signal);
    const object = context.manifests.get(workload)?.object;
    const now = new Map((object ? containersOf(object) : []).map(({ name, image }) => [name, image]));
    const updates = wanted.flatMap(({ container, target }): readonly ContainerUpdate[] => {
      const current = now.get(container);
      return current === undefined || current === target ? [] : [{ Container: container, Current: current, Target: target }];
    });
    if (updates.length > 0) results.set(workload, { Status: 'success', PerContainer: updates });
  }
  const { edits, failure } = await editImages(results, context);
  const planned = images.filter(({ workload }) => results.get(workload)?.Status === 'success');
  return { result: sortedResult(results), edits, failure, images: planned, message: own ?? messageOf(planned, context) };
}

function messageOf(images: readonly ProposedImage[], context: Pick<UpdateContext, 'images'>): string {
  const targets = [...new Set(images.map(({ target }) => target))].sort();
  const text = automatedMessage(targets, (image) => originOf(image, context));
  // It is not automation's alone.
  return images.some(({ released }) => released) ? text.replace(/^Auto-release/, 'Release') : text;
}

/** What an image was built from, as far as its metadata has been read. */
export function originOf(image: string, { images }: Pick<UpdateContext, 'images'>): ImageOrigin | undefined {
  const ref = tryParseImageRef(image);
  return ref && images.repository(canonicalName(ref))?.images.get(ref.tag)?.origin;
}
