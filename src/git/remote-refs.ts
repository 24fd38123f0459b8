/** What a remote's refs name, as `git ls-remote` lists them. */
export interface RemoteRefs {
  /** The object that a ref names; the tag itself for an annotated one. */
  idOf(ref: string): string | undefined;
  /** A ref that names the object. */
  refOf(id: string): string | undefined;
  /** Names of branches, as many as asked for at most. */
  branches(limit: number): readonly string[];
  readonly objectFormat: 'sha1' | 'sha256';
}

const HEAD = '\trefs/heads/';

/**
 * Lines `<object id>\t<ref>\n`. Searched as they came: a host may have a hundred thousand refs, of which we want four, and what is
 * not wanted cannot do harm by its name.
 */
export function remoteRefs(listing: Buffer): RemoteRefs {
  const lines = Buffer.concat([Buffer.from('\n'), listing]);
  return {
    objectFormat: listing.indexOf('\t') === 64 ? 'sha256' : 'sha1',
    idOf(ref) {
      const tab = lines.indexOf(`\t${ref}\n`);
      return tab < 0 ? undefined : lines.toString('latin1', lines.lastIndexOf('\n', tab) + 1, tab);
    },
    branches(limit) {
      const names: string[] = [];
      for (let at = lines.indexOf(HEAD); at >= 0 && names.length < limit; at = lines.indexOf(HEAD, at + 1))
        names.push(lines.toString('utf8', at + HEAD.length, lines.indexOf('\n', at)));
      return names;
    },
    refOf(id) {
      const start = lines.indexOf(`\n${id}\t`);
      if (start < 0) return undefined;
      const name = start + id.length + 2;
      return lines.toString('utf8', name, lines.indexOf('\n', name));
    },
  };
}
