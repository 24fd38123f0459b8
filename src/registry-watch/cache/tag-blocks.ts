import { createHash } from 'node:crypto';
import { yieldTurn } from '../../base/index.ts';
import { parsedJson } from '../parsed-json.ts';
import { isTag } from '../repository-name.ts';

/** Length of the text of a block: memcached refuses values of more than a mebibyte. */
const BLOCK_LENGTH = 256 * 1024;

/** A list of tags as texts of bounded length; returns its digest, which differs for each list. */
export function* encodeTags(tags: readonly string[]): Generator<string, string> {
  const digest = digestOfBlocks();
  let from = 0;
  let length = 0;
  for (const [index, tag] of tags.entries()) {
    length += tag.length + 3;
    if (length < BLOCK_LENGTH && index < tags.length - 1) continue;
    const block = JSON.stringify(tags.slice(from, index + 1));
    digest.add(block);
    yield block;
    from = index + 1;
    length = 0;
  }
  return digest.value();
}

/** The complete list with this digest; undefined if a block is missing, or belongs to another list. Decodes a block a turn. */
export async function decodeTags(blocks: readonly string[], digest: string): Promise<readonly string[] | undefined> {
  const found = digestOfBlocks();
  const tags: string[] = [];
  for (const block of blocks) {
    found.add(block);
    const some = parsedJson(block);
    if (!Array.isArray(some)) return undefined;
    for (const tag of some) {
      if (typeof tag !== 'string' || !isTag(tag)) return undefined;
      tags.push(tag);
    }
    await yieldTurn();
  }
  return found.value() === digest ? tags : undefined;
}

function digestOfBlocks() {
  const hash = createHash('sha256');
  return {
    add: (block: string) => void hash.update(`${block}\n`),
    value: () => hash.digest('base64url'),
  };
}
