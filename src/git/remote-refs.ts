/** A remote's refs, as listed by `git ls-remote`. */
export interface RemoteRefs {
  /** The object of a ref; the tag object for an annotated tag. */
  idOf(ref: string): string | undefined;
  /** A ref to the object. */
  refOf(id: string): string | undefined;
  /** Names of branches that begin so, up to a limit. */
  branches(limit: number, prefix?: string): readonly string[];
  /** Names of all tags. */
  tags(): readonly string[];
  readonly objectFormat: 'sha1' | 'sha256';
}

const HEAD = '\trefs/heads/';
const TAG = '\trefs/tags/';

/**
 * Lines `<object id>\t<ref>\n`, searched without parsing them all: a host may have a hundred thousand refs, of which we need four, and
 * the names of the others must not matter.
 */
export function remoteRefs(listing: Buffer): RemoteRefs {
  const lines = Buffer.concat([Buffer.from('\n'), listing]);
  return {
    objectFormat: listing.indexOf('\t') === 64 ? 'sha256' : 'sha1',
    idOf(ref) {
      const tab = lines.indexOf(`\t${ref}\n`);
      return tab < 0 ? undefined : lines.toString('latin1', lines.lastIndexOf('\n', tab) + 1, tab);
    },
    branches: (limit, prefix = '') => namesAfter(HEAD, limit, prefix),
    tags: () => namesAfter(TAG, Number.POSITIVE_INFINITY),
    refOf(id) {
      const start = lines.indexOf(`\n${id}\t`);
      if (start < 0) return undefined;
      const name = start + id.length + 2;
      return lines.toString('utf8', name, lines.indexOf('\n', name));
    },
  };

  function namesAfter(kind: string, limit: number, prefix = ''): readonly string[] {
    const names: string[] = [];
    const start = `${kind}${prefix}`;
    for (let at = lines.indexOf(start); at >= 0 && names.length < limit; at = lines.indexOf(start, at + 1))
      names.push(lines.toString('utf8', at + kind.length, lines.indexOf('\n', at)));
    return names;
  }
}
