import { createHash } from 'node:crypto';
import { parsedJson } from '../parsed-json.ts';
import { isTag } from '../repository-name.ts';

/** Length of the text of a block: memcached refuses values of more than a mebibyte. */
const BLOCK_LENGTH = 256 * 1024;

/** A list of tags as texts of bounded length, and its digest, which differs for each list. */
export function encodeTags(tags: readonly string[]): { readonly blocks: readonly string[]; readonly digest: string } {
  const blocks: string[] = [];
  let from = 0;
  let length = 0;
  for (const [index, tag] of tags.entries()) {
    length += tag.length + 3;
    if (length < BLOCK_LENGTH && index < tags.length - 1) continue;
    blocks.push(JSON.stringify(tags.slice(from, index + 1)));
    from = index + 1;
    length = 0;
  }
  return { blocks, digest: digestOf(blocks) };
}

/** The complete list with this digest; undefined if a block is missing, or belongs to another list. */
export function decodeTags(blocks: readonly string[], digest: string): readonly string[] | undefined {
  if (digestOf(blocks) !== digest) return undefined;
  const tags: string[] = [];
  for (const block of blocks) {
    const some = parsedJson(block);
    if (!Array.isArray(some)) return undefined;
    for (const tag of some) {
      if (typeof tag !== 'string' || !isTag(tag)) return undefined;
      tags.push(tag);
    }
  }
  return tags;
}

function digestOf(blocks: readonly string[]): string {
  const hash = createHash('sha256');
  for (const block of blocks) hash.update(`${block}\n`);
  return hash.digest('base64url');
}
