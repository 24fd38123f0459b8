import { trimEndOf } from '../base/index.ts';
import type { ImageOrigin } from '../image/index.ts';
import { containerOf } from '../policy/index.ts';
import type { ResourceId } from '../resource/index.ts';
import type { PolicySpec, ReleaseContainersSpec, ReleaseImageSpec, RevertSpec, UpdateResult } from './spec.ts';

// Commit messages are those of Flux v1, except that lines in random order are sorted.

/** `Release all latest to all`. */
export function releaseMessage({ ImageSpec, ServiceSpecs }: ReleaseImageSpec): string {
  return `Release ${trimBrackets(ImageSpec)} to ${ServiceSpecs.map(trimBrackets).join(', ')}`;
}

/** The subject lists the workloads, the body the new images of each. */
export function containersMessage({ ContainerSpecs }: ReleaseContainersSpec, result: UpdateResult): string {
  const changed = Object.keys(ContainerSpecs)
    .filter((id) => result[id]?.Status === 'success')
    .sort();
  const blocks = changed.map(
    (id) => `\n${id}${(result[id]?.PerContainer ?? []).map(({ Target }) => `\n- ${Target}`).join('')}\n`,
  );
  return `Update image refs in ${changed.join(', ')}\n${blocks.join('')}`;
}

/** `Rollback shop:deployment/cart to registry.example.org/cart:1.2.0`, and the bans below; or below a user's message. */
export function rollbackMessage({ Bans = {} }: ReleaseContainersSpec, result: UpdateResult, personal: string): string {
  const changed = Object.keys(result).filter((id) => result[id]?.Status === 'success');
  const lines = changed.map((id) => {
    const targets = (result[id]?.PerContainer ?? []).map(({ Target }) => Target);
    return `Rollback ${id} to ${[...new Set(targets)].join(', ')}`;
  });
  const bans = changed.flatMap((id) =>
    Object.entries(Bans[id] ?? {}).map(([container, ban]) => `Ban ${ban} of ${container} in ${id}`),
  );
  const [first, ...others] = lines;
  const subject = personal === '' && others.length === 0 && first !== undefined ? first : personal || 'Rollback workloads';
  const body = [...(subject === first ? [] : lines), ...bans];
  return body.length === 0 ? subject : `${subject}\n\n${body.map((line) => `- ${line}\n`).join('')}`;
}

/** @param images Distinct references, sorted. `origin` says what an image was built from; below Flux v1's lines, they are grouped by it. */
export function automatedMessage(images: readonly string[], origin: (image: string) => ImageOrigin | undefined): string {
  if (images.length === 0) return 'Auto-release (no images)\n';
  const origins = Map.groupBy(images, (image) => describeOrigin(origin(image)));
  const groups = [...origins]
    .flatMap(([from, built]) => (from === undefined ? [] : [`\n${from}:\n${built.map((image) => `  ${image}\n`).join('')}`]))
    .sort();
  if (images.length === 1) return [`Auto-release ${images[0]}`, ...groups].join('\n');
  const list = images.map((image) => ` - ${image}\n`).join('');
  return [`Auto-release multiple (${images.length}) images\n\n${list}`, ...groups].join('');
}

/** `Built from https://github.com/acme/shop at 3f2a91c`. */
function describeOrigin({ source, revision }: ImageOrigin = {}): string | undefined {
  if (source === undefined && revision === undefined) return undefined;
  return `Built${source === undefined ? '' : ` from ${source}`}${revision === undefined ? '' : ` at ${revision}`}`;
}

/** The subject lists the workloads; the body has the images that failed, those put back, and why. */
export function revertMessage({ Commit, Reasons }: RevertSpec, result: UpdateResult): string {
  const reverted = Object.entries(result).filter(([, { Status }]) => Status === 'success');
  const blocks = reverted.map(([id, { PerContainer }]) => {
    const moves = (PerContainer ?? []).map(
      ({ Container, Current, Target }) => `- ${Container}: ${Current} is banned, back to ${Target}\n`,
    );
    return `\n${id}: ${Reasons[id] ?? 'it did not become ready'}\n${moves.join('')}`;
  });
  return `Revert image update of ${reverted.map(([id]) => id).join(', ')}\n\nIt was made in commit ${Commit}.\n${blocks.join('')}`;
}

/** One line for each kind of change; several lines, or a user's message, become a list below the subject. */
export function policyMessage(spec: PolicySpec, personal: string): string {
  const lines = policyEvents(spec);
  if (personal === '' && lines.length === 1) return `${lines[0]}\n`;
  const subject = personal === '' ? 'Updated workload policies' : personal;
  return `${subject}\n\n${lines.map((line) => `- ${line}\n`).join('')}`;
}

function policyEvents(spec: PolicySpec): readonly string[] {
  const workloads = new Map<string, Set<ResourceId>>();
  const note = (event = 'Updated policies', id: ResourceId) => workloads.set(event, (workloads.get(event) ?? new Set()).add(id));
  for (const [id, { add, remove }] of Object.entries(spec)) {
    for (const policy of Object.keys(add ?? {})) note(ADDED.get(kindOf(policy)), id);
    for (const policy of Object.keys(remove ?? {})) note(REMOVED.get(kindOf(policy)), id);
  }
  return [...workloads].map(([event, ids]) => `${event}: ${[...ids].sort().join(', ')}`).sort();
}

/** `ban` for the bans of any container; other policies of a container have no message of their own. */
function kindOf(policy: string): string {
  return containerOf(policy)?.kind ?? policy;
}

const ADDED: ReadonlyMap<string, string> = new Map([
  ['automated', 'Automated'],
  ['locked', 'Locked'],
  ['ban', 'Banned images'],
  ['suspend', 'Suspended'],
  ['suspend_user', 'Suspended'],
  ['suspend_msg', 'Suspended'],
]);
const REMOVED: ReadonlyMap<string, string> = new Map([
  ['automated', 'Deautomated'],
  ['locked', 'Unlocked'],
  ['ban', 'Lifted bans of images'],
  ['suspend', 'Resumed'],
  ['suspend_user', 'Resumed'],
  ['suspend_msg', 'Resumed'],
]);

function trimBrackets(text: string): string {
  return trimEndOf(text.replace(/^[<>]+/, ''), '<>');
}
