import { ignorePolicy, type Manifest } from '../../resource/index.ts';
import { type DefinedKinds, definedKinds, isCrd } from '../discovery/crd.ts';
import type { Directory } from '../discovery/discovery.ts';
import { gcMark } from '../object/ownership.ts';
import { type Wanted, wantedOf } from '../prune/wanted.ts';
import { type AllowedNamespaces, partKey } from '../scope/allowed-namespaces.ts';
import { isPlaced, type Placed, place, type Target } from '../scope/scope.ts';
import { findDuplicates } from './duplicates.ts';

/** An object to keep applied, with its mark. */
export interface MarkedTarget {
  readonly target: Target;
  readonly mark: string;
}

/** The locations of all objects of a revision in this cluster. */
export interface Layout {
  readonly manifests: readonly Manifest[];
  readonly directory: Directory;
  /** Kinds defined in the set itself. */
  readonly defined: DefinedKinds;
  /** One for each manifest, in order. */
  readonly placed: readonly Placed[];
  /** Objects that are defined several times, by object key. */
  readonly duplicates: ReadonlyMap<string, readonly Target[]>;
  /** Objects that are neither duplicate nor ignored in Git, by object key. */
  readonly targets: ReadonlyMap<string, MarkedTarget>;
  /** The same by part key. */
  readonly byPart: ReadonlyMap<string, readonly Target[]>;
  readonly inRepository: Wanted;
}

export interface LayoutOptions {
  readonly syncSet: string;
  readonly defaultNamespace: string;
  readonly allowed: AllowedNamespaces;
}

/** The result for one manifest, and the discovery that it is based on. */
interface Worked {
  readonly directory: Directory;
  readonly defined: DefinedKinds;
  readonly placed: Placed;
  /** Undefined without a location. */
  readonly marked: MarkedTarget | undefined;
}

/** With `keep` false the layout is not cached. */
export type LayOut = (manifests: readonly Manifest[], directory: Directory, options?: { readonly keep?: boolean }) => Layout;

/**
 * Locates the objects of revisions. Results of unchanged manifests are reused while the cluster's API is unchanged, since a commit touches
 * few of 5,000 files.
 */
export function createLayouts({ syncSet, defaultNamespace, allowed }: LayoutOptions): LayOut {
  const worked = new WeakMap<Manifest, Worked>();
  let lastCrds: readonly Manifest[] = [];
  let lastDefined: DefinedKinds = new Map();
  let last: Layout | undefined;

  function definedBy(crds: readonly Manifest[], keep: boolean): DefinedKinds {
    if (crds.length === lastCrds.length && crds.every((crd, index) => crd === lastCrds[index])) return lastDefined;
    const defined = definedKinds(crds);
    if (keep) {
      lastCrds = crds;
      lastDefined = defined;
    }
    return defined;
  }

  function workOut(manifest: Manifest, directory: Directory, defined: DefinedKinds, keep: boolean): Worked {
    const known = worked.get(manifest);
    if (known?.directory === directory && known.defined === defined) return known;
    const placed = place(manifest, { directory, defined, defaultNamespace, allowed });
    const marked = isPlaced(placed) ? { target: placed, mark: gcMark(syncSet, placed.id) } : undefined;
    const fresh = { directory, defined, placed, marked };
    if (keep) worked.set(manifest, fresh);
    return fresh;
  }

  return (manifests, directory, { keep = true } = {}) => {
    if (last?.manifests === manifests && last.directory === directory) return last;
    const defined = definedBy(
      manifests.filter(({ object }) => isCrd(object)),
      keep,
    );
    const all = manifests.map((manifest) => workOut(manifest, directory, defined, keep));
    const placed = all.map((each) => each.placed);
    const marked = all.flatMap((each) => each.marked ?? []);
    const duplicates = findDuplicates(marked.map(({ target }) => target));
    const kept = marked.filter(({ target }) => !duplicates.has(target.key) && !isIgnoredInGit(target));
    const targets = new Map(kept.map((each) => [each.target.key, each]));
    const byPart = Map.groupBy(
      [...targets.values()].map(({ target }) => target),
      ({ resource, namespace, name }) => partKey(allowed.partOf(resource, namespace, name)),
    );
    const layout = { manifests, directory, defined, placed, duplicates, targets, byPart, inRepository: wantedOf(placed) };
    if (keep) last = layout;
    return layout;
  };
}

export function isIgnoredInGit({ manifest }: Target): boolean {
  return ignorePolicy(manifest.object.metadata.annotations) === 'true';
}
