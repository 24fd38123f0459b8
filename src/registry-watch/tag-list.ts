import { z } from 'zod';
import { FluxError } from '../base/index.ts';
import { jsonOf } from './answer.ts';
import type { Connection, Question } from './connection.ts';
import { type RegistryAnswer, subjectOf } from './exchange.ts';
import { isTag } from './repository-name.ts';

export interface TagList {
  /** Every tag once, in the registry's order. */
  readonly tags: readonly string[];
  /** Entries left out because they are no tags by the specification's grammar. */
  readonly dropped: number;
}

const PAGE_SIZE = 1000;
const MAX_PAGES = 1000;
/** Entries of all pages, tags or not. */
const MAX_ENTRIES = 100_000;
/** Registries that ignore the page size send 100,000 tags in half of it. */
const MAX_PAGE_BYTES = 4 * 2 ** 20;

/** An empty list is null, or absent, for some registries; a document without a name as well is something else. */
const Page = z
  .object({ name: z.string().optional(), tags: z.array(z.string()).nullish() })
  .refine(({ name, tags }) => name !== undefined || tags !== undefined);

/**
 * All tags of a repository, page by page. Resolves only with the complete list.
 * @throws FluxError `registry/endless-tag-list` when the pages loop, lead to another host, or exceed 1,000 pages or 100,000 entries (S-052).
 */
export async function listTags(connection: Connection, question: Question): Promise<TagList> {
  const tags = new Set<string>();
  const visited = new Set<string>();
  let dropped = 0;
  let read = 0;
  let next: string | URL | undefined = `tags/list?n=${PAGE_SIZE}`;
  for (let pages = 0; next !== undefined; pages += 1) {
    if (pages === MAX_PAGES) throw endless(question, `has more than ${MAX_PAGES} pages`);
    const answer = await page(connection, question, next);
    if (visited.has(answer.url.href)) throw endless(question, 'leads back to a page already read');
    visited.add(answer.url.href);
    const before = tags.size;
    const entries = entriesOf(answer);
    read += entries.length;
    if (read > MAX_ENTRIES) throw endless(question, `has more than ${MAX_ENTRIES} entries`);
    for (const entry of entries) {
      if (isTag(entry)) tags.add(entry);
      else dropped += 1;
    }
    next = nextPage(answer, question) ?? hiddenPage(entries, tags.size > before);
  }
  return { tags: [...tags], dropped };
}

async function page(connection: Connection, question: Question, target: string | URL): Promise<RegistryAnswer> {
  const accept = 'application/json';
  try {
    return await connection.send(question, { target, accept, maxBytes: MAX_PAGE_BYTES });
  } catch (error) {
    // Some registries refuse a page size larger than their own.
    const refusedSize =
      error instanceof FluxError && error.code === 'registry/bad-answer' && target === `tags/list?n=${PAGE_SIZE}`;
    if (!refusedSize) throw error;
    return connection.send(question, { target: 'tags/list', accept, maxBytes: MAX_PAGE_BYTES });
  }
}

function entriesOf(answer: RegistryAnswer): readonly string[] {
  const subject = subjectOf('GET', answer.url);
  const parsed = Page.safeParse(jsonOf(answer.body, subject));
  if (parsed.success) return parsed.data.tags ?? [];
  throw new FluxError(`${subject}: the answer is not a tag list`, { code: 'registry/bad-answer' });
}

/** Address of the next page from the `Link` header (RFC 8288). Its port may be missing behind a proxy; its host must be the same. */
function nextPage({ headers, url }: RegistryAnswer, question: Question): URL | undefined {
  const link = headers.link;
  const header = Array.isArray(link) ? link.join(',') : (link ?? '');
  const target = /<([^<>]{1,4096})>[^<>,]{0,200};\s{0,8}rel="?next"?/i.exec(header.slice(0, 8192))?.[1];
  if (target === undefined) return undefined;
  const next = URL.canParse(target, url.href) ? new URL(target, url) : undefined;
  if (next?.hostname !== url.hostname) throw endless(question, 'leads to another host');
  return new URL(`${next.pathname}${next.search}`, url.origin);
}

/** A page that is exactly full and names no next one may hide more (some registries stop so); an empty answer ends it. */
function hiddenPage(entries: readonly string[], grew: boolean): string | undefined {
  const last = entries.at(-1);
  if (entries.length !== PAGE_SIZE || !grew || last === undefined) return undefined;
  return `tags/list?n=${PAGE_SIZE}&last=${encodeURIComponent(last)}`;
}

function endless({ repository }: Question, reason: string): FluxError {
  return new FluxError(`tag list of ${repository.name} ${reason}`, {
    code: 'registry/endless-tag-list',
    help: 'The list is not used, because a part of it may lack the newest tags.',
  });
}
