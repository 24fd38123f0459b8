import { z } from 'zod';
import { FluxError, hasCode, yieldTurn } from '../base/index.ts';
import { jsonOf } from './answer.ts';
import type { Connection, Question } from './connection.ts';
import { type RegistryAnswer, subjectOf } from './exchange.ts';
import { costAfter, type ListCost, partOf } from './list-cost.ts';
import { nextPage } from './page-link.ts';
import { isTag } from './repository-name.ts';

export interface TagList {
  /** All tags without duplicates, in the registry's order. */
  readonly tags: readonly string[];
  /** Number of entries dropped because they violate the specification's grammar. */
  readonly dropped: number;
  /** Entity tag of the list, if the registry gives one and the list has one page. */
  readonly entityTag?: string;
  /** Whether it is the known list, which the registry confirmed without sending it. */
  readonly isConfirmed?: true;
}

/** A list that was read before, and which the registry may confirm. */
export type KnownList = Required<Pick<TagList, 'tags' | 'entityTag'>>;

export interface TagListOptions {
  readonly known?: KnownList | undefined;
  readonly cost: ListCost;
  /** Called with what the next list takes, also when this one fails. */
  readonly onCost: (cost: ListCost) => void;
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
 * Lists all tags of a repository, page by page, unless the registry confirms the known list. Resolves only with the complete list. A page
 * is asked for while the one before it is read, if that one names it.
 * @throws FluxError `registry/endless-tag-list` if the pages loop, lead to another host, or exceed 1,000 pages or 100,000 entries (S-052).
 */
export async function listTags(
  connection: Connection,
  question: Question,
  { known, cost, onCost }: TagListOptions,
): Promise<TagList> {
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, ...(question.signal ? [question.signal] : [])]);
  let sent = 0;
  const send: SendPage = (target, unless) => {
    sent += 1;
    const part = partOf(cost, sent);
    return connection.send(
      { ...question, signal },
      { kind: 'tags', target, accept: 'application/json', unless, maxBytes: MAX_PAGE_BYTES, part },
    );
  };
  try {
    const list = await readPages(send, { ...question, signal }, known);
    onCost(costAfter(cost, sent));
    return list;
  } catch (error) {
    onCost(costAfter(cost, sent, error));
    throw error;
  } finally {
    // The page after one that ends the list with an error is of no use.
    over.abort();
  }
}

type SendPage = (target: string | URL, unless?: string) => Promise<RegistryAnswer>;

async function readPages(send: SendPage, question: Question, known: KnownList | undefined): Promise<TagList> {
  const tags = new Set<string>();
  const visited = new Set<string>();
  let dropped = 0;
  let read = 0;
  let entityTag: string | undefined;
  let asked: Promise<RegistryAnswer> | undefined = firstPage(send, known?.entityTag);
  for (let pages = 1; asked !== undefined; pages += 1) {
    const answer: RegistryAnswer = await asked;
    if (known && answer.status === 304) return { ...known, dropped: 0, isConfirmed: true };
    if (visited.has(answer.url.href)) throw endless(question, 'leads back to a page already read');
    visited.add(answer.url.href);
    const linked = nextPage(answer);
    const ahead = linked instanceof URL && pages < MAX_PAGES ? send(linked) : undefined;
    if (ahead !== undefined) await underWay(ahead, question);
    const before = tags.size;
    const entries = entriesOf(answer, question);
    read += entries.length;
    if (read > MAX_ENTRIES) throw endless(question, `has more than ${MAX_ENTRIES} entries`);
    for (const entry of entries) {
      if (isTag(entry)) tags.add(entry);
      else dropped += 1;
    }
    if (linked === 'elsewhere') throw endless(question, 'leads to another host');
    const next = linked ?? hiddenPage(entries, tags.size > before);
    if (next !== undefined && pages === MAX_PAGES) throw endless(question, `has more than ${MAX_PAGES} pages`);
    entityTag = pages === 1 && next === undefined ? entityTagOf(answer) : undefined;
    asked = ahead ?? (next === undefined ? undefined : send(next));
  }
  return { tags: [...tags], dropped, ...(entityTag === undefined ? {} : { entityTag }) };
}

/** Lets a request be sent before the work of this turn goes on. */
async function underWay(request: Promise<unknown>, { signal }: Question): Promise<void> {
  // Its failure counts when it is awaited: that of the page before it comes first.
  request.catch(() => undefined);
  await yieldTurn(signal);
}

/** Whether a text may be sent back as the entity tag of a list (RFC 9110, 8.8.3). */
export function isEntityTag(text: string): boolean {
  return /^(?:W\/)?"[\x21\x23-\x7e]{1,200}"$/.test(text);
}

function entityTagOf({ headers: { etag = '' } }: RegistryAnswer): string | undefined {
  return isEntityTag(etag) ? etag : undefined;
}

async function firstPage(send: SendPage, unless: string | undefined): Promise<RegistryAnswer> {
  try {
    return await send(`tags/list?n=${PAGE_SIZE}`, unless);
  } catch (error) {
    // Some registries reject a page size larger than their own.
    if (!hasCode(error, 'registry/bad-answer')) throw error;
    return send('tags/list');
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
