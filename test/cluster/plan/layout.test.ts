import { expect, test } from 'vitest';
import type { Directory } from '../../../src/cluster/discovery/discovery.ts';
import { createLayouts } from '../../../src/cluster/plan/layout.ts';
import { createAllowedNamespaces } from '../../../src/cluster/scope/allowed-namespaces.ts';
import { configMap, crd, SYNC_SET, widget } from '../world.ts';

const directory: Directory = {
  find: (group, version, kind) =>
    kind === 'ConfigMap' ? { group, version, kind, plural: 'configmaps', namespaced: true, verbs: ['patch'] } : undefined,
  served: () => [],
  kinds: [],
  all: [],
  isExcluded: () => false,
  missing: [],
  unseen: [],
  vanished: [],
};

test('a layout that is not to be kept does not displace the last one, so that the next sync works nothing out anew', () => {
  const layOut = createLayouts({
    syncSet: SYNC_SET,
    defaultNamespace: 'default',
    allowed: createAllowedNamespaces([]),
  });
  const inGit = [crd(), widget('a'), configMap('a')];
  const kept = layOut(inGit, directory);
  // One manifest of Git among those of a preview, which defines no kind.
  const preview = [...inGit.slice(1), configMap('b')];
  const shown = layOut(preview, directory, { keep: false });
  expect([...shown.targets.keys()]).toHaveLength(2);
  expect(shown.defined.size).toBe(0);
  expect(layOut(inGit, directory)).toBe(kept);
  const again = layOut([...inGit], directory);
  expect(again.defined).toBe(kept.defined);
  expect(again.placed.map((each, index) => each === kept.placed[index])).toEqual([true, true, true]);
});
