import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';

/** One entry of a tree, as its bytes are to be. */
export interface RawEntry {
  readonly mode: string;
  readonly name: string | Buffer;
  readonly id: string;
}

/** Writes objects of any content into a bare repository, which no git command would do. */
export function rawObjects(gitDir: string) {
  const put = (type: string, content: Buffer): string => {
    const bytes = Buffer.concat([Buffer.from(`${type} ${content.length}\0`), content]);
    const id = createHash('sha1').update(bytes).digest('hex');
    mkdirSync(join(gitDir, 'objects', id.slice(0, 2)), { recursive: true });
    writeFileSync(join(gitDir, 'objects', id.slice(0, 2), id.slice(2)), deflateSync(bytes));
    return id;
  };
  const tree = (entries: readonly RawEntry[] | Buffer): string =>
    put(
      'tree',
      Buffer.isBuffer(entries)
        ? entries
        : Buffer.concat(
            entries.map(({ mode, name, id }) =>
              Buffer.concat([Buffer.from(`${mode} `), Buffer.from(name), Buffer.of(0), Buffer.from(id, 'hex')]),
            ),
          ),
    );
  return {
    blob: (content: string) => put('blob', Buffer.from(content)),
    tree,
    commit: (treeId: string, parent?: string, people = 'author A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000') =>
      put('commit', Buffer.from(`tree ${treeId}\n${parent === undefined ? '' : `parent ${parent}\n`}${people}\n\nRaw\n`)),
  };
}
