import { z } from 'zod';
import { FluxError, hasCode } from '../base/index.ts';
import { jsonOf } from './answer.ts';
import type { Connection, Question } from './connection.ts';
import { type RegistryAnswer, subjectOf } from './exchange.ts';
import { nextPage } from './page-link.ts';
import { isTag } from './repository-name.ts';

export interface TagList {
  /** All tags without duplicates, in the registry's order. */
  readonly tags: readonly string[];
  /** Number of entries dropped because they violate the specification's grammar. */
  readonly dropped: number;
}

const PAGE_SIZE = 1000;
const MAX_PAGES = 1000;
/** Limit of entries on all pages, valid or not. */
const MAX_ENTRIES = 100_000;
/** Size limit of a page; 100,000 tags from a registry that ignores the page size take half of it. */
const MAX_PAGE_BYTES = 4 * 2 ** 20;

/** Some registries send null, or nothing, for an empty list; a document that also lacks a name is something else. */
const Page = z
  .object({ name: z.string().optional(), tags: z.array(z.string()).nullish() })
  .refine(({ name, tags }) => name !== undefined || tags !== undefined);

/**
 * Lists all tags of a repository, page by page. Resolves only with the complete list.
 * @throws FluxError `registry/endless-tag-list` if the pages loop, lead to another host, or exceed 1,000 pages or 100,000 entries (S-052).
 */
export async function listTags(connection: Connection, question: Question): Promise<TagList> {
  const tags = new Set<string>();
  const visited = new Set<string>();
  let dropped = 0;
  let read = 0;
  let next: string | URL | undefined = `tags/list?n=${PAGE_SIZE}`;
  for (let pages = 0; next !== undefined; pages += 1) {
    if (pages === MAX_PAGES) throw endless(question, `has more than ${MAX_PAGES} pages`);
    // A list that has begun goes on: begun again, it would cost more.
    const answer = await page(connection, pages === 0 ? question : { ...question, purpose: 'now' }, next);
    if (visited.has(answer.url.href)) throw endless(question, 'leads back to a page already read');
    visited.add(answer.url.href);
    const before = tags.size;
    const entries = entriesOf(answer, question);
    read += entries.length;
    if (read > MAX_ENTRIES) throw endless(question, `has more than ${MAX_ENTRIES} entries`);
    for (const entry of entries) {
      if (isTag(entry)) tags.add(entry);
      else dropped += 1;
    }
    const linked = nextPage(answer);
    if (linked === 'elsewhere') throw endless(question, 'leads to another host');
    next = linked ?? hiddenPage(entries, tags.size > before);
  }
  return { tags: [...tags], dropped };
}

async function page(connection: Connection, question: Question, target: string | URL): Promise<RegistryAnswer> {
  const accept = 'application/json';
  try {
    return await connection.send(question, { kind: 'tags', target, accept, maxBytes: MAX_PAGE_BYTES });
  } catch (error) {
    // Some registries reject a page size larger than their own.
    const refusedSize = hasCode(error, 'registry/bad-answer') && target === `tags/list?n=${PAGE_SIZE}`;
    if (!refusedSize) throw error;
    return connection.send(question, { kind: 'tags', target: 'tags/list', accept, maxBytes: MAX_PAGE_BYTES });
  }
}

/** @throws FluxError `registry/bad-answer`, `registry/other-repository` */
function entriesOf(answer: RegistryAnswer, { repository }: Question): readonly string[] {
  const subject = subjectOf('GET', answer.url);
  const parsed = Page.safeParse(jsonOf(answer.body, subject));
  if (!parsed.success) throw new FluxError(`${subject}: the response is not a tag list`, { code: 'registry/bad-answer' });
  const { name, tags } = parsed.data;
  if (name === undefined || lastOf(name) === lastOf(repository.path)) return tags ?? [];
  throw new FluxError(`${subject}: the response is about another repository`, {
    code: 'registry/other-repository',
    help: 'Its tags are not used. Look at the registry, and at proxies and caches in front of it.',
  });
}

/** Proxies rename what is before it. */
function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** A full page without a link may not be the last (some registries omit it); an empty page ends the list. */
function hiddenPage(entries: readonly string[], grew: boolean): string | undefined {
  const last = entries.at(-1);
  if (entries.length !== PAGE_SIZE || !grew || last === undefined) return undefined;
  return `tags/list?n=${PAGE_SIZE}&last=${encodeURIComponent(last)}`;
}

function endless({ repository }: Question, reason: string): FluxError {
  return new FluxError(`tag list of ${repository.name} ${reason}`, {
    code: 'registry/endless-tag-list',
    help: 'The partial list is not used, because it may lack the newest tags.',
  });
}
