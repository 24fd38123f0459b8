import { Kustomizations } from '../../../src/manifests/kustomize/kustomizations.ts';
import { type KustomizeUnitsOptions, kustomizeUnits } from '../../../src/manifests/kustomize/kustomize-units.ts';
import type { FoundUnits } from '../../../src/manifests/units/found-units.ts';
import { namedBelow } from '../../../src/manifests/units/named-below.ts';
import { Pace } from '../../../src/manifests/units/pace.ts';
import { blobId, Tree } from '../../../src/manifests/units/tree.ts';
import type { KustomizeUnit } from '../../../src/manifests/units/unit.ts';
import { type Entry, link, submodule } from '../../sandbox/command-files.ts';

export { type Entry, link, submodule };

/** Files of a revision by path: a text is a regular file. */
export type Entries = Readonly<Record<string, string | Entry>>;

/** A revision as a listing and its content, in the order of git. */
export function revisionOf(entries: Entries) {
  const contents = new Map<string, Buffer>();
  const files = Object.entries(entries)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, entry]) => {
      const { mode, content } = typeof entry === 'string' ? { mode: '100644', content: entry } : entry;
      const bytes = Buffer.from(content);
      const blob = blobId(bytes);
      contents.set(blob, bytes);
      return { path, mode, blob, size: bytes.length };
    });
  return { files, blob: async (id: string) => contents.get(id) ?? Buffer.alloc(0) };
}

export function treeOf(entries: Entries): Promise<Tree> {
  const { files, blob } = revisionOf(entries);
  return Tree.of(files, blob, {});
}

/** What kustomize builds in a revision: each folder that no other refers to, unless said otherwise. */
export async function unitsOf(
  entries: Entries,
  options: Partial<KustomizeUnitsOptions> = {},
): Promise<FoundUnits<KustomizeUnit>> {
  const tree = await treeOf(entries);
  const includes = options.includes ?? (() => true);
  const below = await namedBelow(tree, includes, new Pace());
  const all = { named: new Map(), includes, below, auto: true, kustomizations: new Kustomizations() };
  return kustomizeUnits(tree, { ...all, ...options }, {});
}

export const lines = (...all: readonly string[]) => `${all.join('\n')}\n`;

export function configMap(name: string, data = 'a'): string {
  return lines('apiVersion: v1', 'kind: ConfigMap', 'metadata:', `  name: ${name}`, 'data:', `  key: ${data}`);
}
