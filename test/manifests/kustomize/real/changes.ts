import type { Manifests } from '../../../../src/manifests/index.ts';
import type { FileText } from '../../../../src/repository/index.ts';
import type { DesiredState, Manifest } from '../../../../src/resource/index.ts';
import { idOf } from '../../../update/repository.ts';
import { type Entries, lines, revisionOf } from '../checkout.ts';

/** Manifests that are rendered by a program. */
interface Opened {
  readonly manifests: Pick<Manifests, 'editUnit'>;
  read(files: Entries): Promise<DesiredState>;
}

/** New images by container, or annotations by key: an image has no `null`, and `annotations` says that they are none. */
export interface Wanted {
  readonly images?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string | null>>;
}

/** What each workload gets, by `kind/name`. */
export type Changes = Readonly<Record<string, Wanted>>;

export const nameOf = ({ object: { kind, metadata } }: Manifest) => `${kind.toLowerCase()}/${metadata.name}`;

/** The files that an edit of objects of one unit writes. */
export async function edited({ manifests, read }: Opened, files: Entries, changes: Changes): Promise<readonly FileText[]> {
  const state = await read(files);
  const all = Object.entries(changes).flatMap(([name, { images, annotations }]) => {
    const manifest = state.manifests.find((each) => nameOf(each) === name);
    if (!manifest) throw new Error(`${name} is not built: ${state.errors.map(({ error }) => error.message).join()}`);
    const of = { id: idOf(manifest.object), manifest };
    return [
      ...(images ? [{ ...of, change: { kind: 'images', images: new Map(Object.entries(images)) } } as const] : []),
      ...(annotations
        ? [{ ...of, change: { kind: 'annotations', annotations: new Map(Object.entries(annotations)) } } as const]
        : []),
    ];
  });
  const place = all[0]?.manifest.place;
  if (!place || !('unit' in place)) throw new Error('nothing that a unit renders is changed');
  return manifests.editUnit(place.unit, all, { ...revisionOf(files), edits: [] });
}

export const withEdits = (files: Entries, edits: readonly FileText[]): Entries => ({
  ...files,
  ...Object.fromEntries(edits.map(({ path, content }) => [path, content])),
});

/** A Deployment, or another kind with a pod template. */
export function workload(name: string, images: Readonly<Record<string, string>>, init: Readonly<Record<string, string>> = {}) {
  const list = (all: Readonly<Record<string, string>>) =>
    JSON.stringify(Object.entries(all).map(([container, image]) => ({ name: container, image })));
  return lines(
    'apiVersion: apps/v1',
    'kind: Deployment',
    'metadata:',
    `  name: ${name}`,
    'spec:',
    '  template:',
    '    spec:',
    ...(Object.keys(init).length === 0 ? [] : [`      initContainers: ${list(init)}`]),
    `      containers: ${list(images)}`,
  );
}
