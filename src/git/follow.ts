import { newest, parseTagPattern, type TagPattern } from '../policy/index.ts';
import { badOption, checkRef, isObjectId } from './names.ts';
import type { RemoteRefs } from './remote-refs.ts';

/** What a source follows: a branch, or what --git-ref names. */
export type Follow =
  | { readonly kind: 'branch'; readonly name: string }
  | { readonly kind: 'tag'; readonly name: string }
  | { readonly kind: 'newest tag'; readonly pattern: TagPattern }
  | { readonly kind: 'commit'; readonly id: string };

/** What it is on the remote now. */
export type Choice =
  | {
      readonly kind: 'found';
      /** What to fetch, a ref or an object id, and the object that it is. */
      readonly ref: string;
      readonly id: string;
      /** For display. */
      readonly name: string;
      /** The tag that was chosen by its name. */
      readonly tag?: string;
    }
  | { readonly kind: 'missing'; readonly why: string; readonly help: string };

/** How many names are listed if the one that is followed is missing, and the length limit of each. */
const NAMED = 5;
const LONGEST_NAME = 60;

const TAGS = 'refs/tags/';

/**
 * Reads --git-ref: `semver:` with a range, a full commit id, or the name of a tag.
 * @throws FluxError `git/bad-option`
 */
export function parseFollow(branch: string, ref: string | undefined): Follow {
  if (ref === undefined) {
    checkRef('--git-branch', branch);
    return { kind: 'branch', name: branch };
  }
  if (ref.startsWith('semver:')) {
    const pattern = parseTagPattern(ref);
    if (!pattern.valid) throw badOption('--git-ref', ref, `"${ref.slice('semver:'.length)}" ${pattern.problem}`);
    return { kind: 'newest tag', pattern };
  }
  if (isObjectId(ref)) return { kind: 'commit', id: ref };
  const name = ref.replace(/^refs\/tags\//, '');
  if (name.startsWith('refs/'))
    throw badOption('--git-ref', ref, 'it must be a tag, a range such as semver:~1.4, or a full commit id');
  checkRef('--git-ref', name);
  return { kind: 'tag', name };
}

/** The ref in the mirror; that of a branch has its name, since it is pushed, too. */
export function mirrorRefOf(follow: Follow): string {
  return follow.kind === 'branch' ? `refs/heads/${follow.name}` : 'refs/fluxd/followed';
}

/** Patterns of the refs among which `choose` chooses. */
export function remoteRefsOf(follow: Follow): readonly string[] {
  switch (follow.kind) {
    case 'branch':
      return [`refs/heads/${follow.name}`];
    case 'tag':
      return [`refs/tags/${follow.name}`];
    case 'newest tag':
      return ['refs/tags/*'];
    case 'commit':
      return [];
  }
}

/** Chooses among the refs that the remote has. */
export function choose(follow: Follow, refs: RemoteRefs): Choice {
  switch (follow.kind) {
    case 'branch': {
      const why = () => `configured branch '${follow.name}' does not exist${whatThereIs(refs.branches(NAMED + 1))}`;
      return named(refs, `refs/heads/${follow.name}`, follow.name, why, 'Push the branch, or correct --git-branch.');
    }
    case 'tag': {
      const why = () => `tag '${follow.name}' does not exist${tagsThereAre(refs)}`;
      return named(refs, `refs/tags/${follow.name}`, `tag ${follow.name}`, why, 'Push the tag, or correct --git-ref.');
    }
    case 'newest tag': {
      const { pattern } = follow;
      const tag = newest(
        refs.tags().map((name) => ({ ref: name, tag: name })),
        pattern,
      )?.tag;
      const why = () => `no tag matches ${pattern.text}${tagsThereAre(refs)}`;
      const help = 'Push a tag that is a version in this range, or correct --git-ref.';
      return tag === undefined
        ? { kind: 'missing', why: why(), help }
        : named(refs, `refs/tags/${tag}`, `tag ${tag} (${pattern.text})`, why, help);
    }
    case 'commit':
      return { kind: 'found', ref: follow.id, id: follow.id, name: `commit ${follow.id.slice(0, 7)}` };
  }
}

/** What is followed before the remote was asked. */
export function followedName(follow: Follow): string {
  switch (follow.kind) {
    case 'branch':
      return follow.name;
    case 'tag':
      return `tag ${follow.name}`;
    case 'newest tag':
      return `tag ${follow.pattern.text}`;
    case 'commit':
      return `commit ${follow.id.slice(0, 7)}`;
  }
}

function named(refs: RemoteRefs, ref: string, name: string, why: () => string, help: string): Choice {
  const id = refs.idOf(ref);
  if (id === undefined) return { kind: 'missing', why: why(), help };
  return { kind: 'found', ref, id, name, ...(ref.startsWith(TAGS) ? { tag: ref.slice(TAGS.length) } : {}) };
}

/** Of tags the last ones, which are the newest as hosts list them. */
function tagsThereAre(refs: RemoteRefs): string {
  return whatThereIs(
    refs
      .tags()
      .slice(-NAMED - 1)
      .reverse(),
  );
}

function whatThereIs(names: readonly string[]): string {
  if (names.length === 0) return '; there is none';
  const shown = names.slice(0, NAMED).map((name) => name.slice(0, LONGEST_NAME));
  return `; there is: ${[...shown, ...(names.length > NAMED ? ['…'] : [])].join(', ')}`;
}
