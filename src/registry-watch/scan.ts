import { asFluxError, type Clock, FluxError, type Logger, messageOf } from '../base/index.ts';
import type { Connection, Question } from './connection.ts';
import type { Credential, CredentialSource } from './credentials/index.ts';
import { fetched, type OnFetch } from './fetched.ts';
import type { HostLimit } from './rate-limit.ts';
import type { ImageTarget, RepositoryState } from './repository.ts';
import { hostOf, parseRepositoryName, type RepositoryName } from './repository-name.ts';
import { listTags, type TagList } from './tag-list.ts';
import type { TagRefresh } from './tag-refresh.ts';

export interface ScanOptions {
  readonly connection: Connection;
  readonly credentials: CredentialSource;
  readonly limitOf: (host: string) => HostLimit;
  readonly refresh: TagRefresh;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told of each tag list that was read. */
  readonly onFetch?: OnFetch | undefined;
}

export interface ScanResult {
  /** There are tags, or facts about wanted tags, that were not known before. */
  readonly news: boolean;
  /** Not before this time again, by the monotonic clock: the registry asked for a pause. */
  readonly notBefore: number;
  /** More facts are wanted than one scan reads: go on soon. */
  readonly unfinished: boolean;
}

/** Looks at one repository. What goes wrong is kept in its state and logged; what was known before stays. Throws only when aborted. */
export interface Scan {
  /** Tags first, then the facts that somebody needs. */
  run(state: RepositoryState, target: ImageTarget, signal: AbortSignal): Promise<ScanResult>;
  /** Reads facts that only listings show; small repositories only. */
  fillIn(state: RepositoryState, target: ImageTarget, signal: AbortSignal): Promise<void>;
  /** Until when the host of an image repository asked to be left alone, by the monotonic clock; in the past when it did not. */
  blockedUntil(name: string): number;
}

/** Of repositories up to this size every tag is read, so that listings show all dates. */
const SMALL = 200;
/** For all pages of a tag list, the pauses that the rate limit makes included. */
const LISTING_MS = 600_000;
/** Facts read in one scan, so that new tags are seen while a large repository is still being read. */
const FACTS_PER_SCAN = 500;

export function createScan({ connection, credentials, limitOf, refresh, clock, log, onFetch }: ScanOptions): Scan {
  const listInTime = async (question: Question): Promise<TagList> => {
    using deadline = clock.deadline(LISTING_MS, question.signal);
    try {
      return await listTags(connection, { ...question, signal: deadline.signal });
    } catch (error) {
      question.signal?.throwIfAborted();
      if (deadline.signal.aborted) throw tooSlow(question.repository);
      throw error;
    }
  };

  /** Tries each workload's credentials by themselves, the ones that worked last time first. */
  const listAsAnybody = async (repository: RepositoryName, target: ImageTarget, state: RepositoryState, signal: AbortSignal) => {
    const candidates = await credentials.candidates(repository.host, target.pullSecrets, { signal });
    const isAccepted = (credential: Credential | undefined) => credential?.id === state.accepted?.id;
    const ordered = [...candidates].sort((a, b) => Number(isAccepted(b)) - Number(isAccepted(a)));
    let refusal: unknown;
    for (const credential of ordered) {
      try {
        const list = await fetched('tags', { clock, onFetch }, () => listInTime({ repository, credential, signal }));
        state.accepted = credential;
        return list;
      } catch (error) {
        if (!isRefusal(error)) throw error;
        refusal ??= error;
      }
    }
    throw refusal;
  };

  /** Lists the tags and reads what is needed of them. */
  const look = async (
    state: RepositoryState,
    target: ImageTarget,
    signal: AbortSignal,
  ): Promise<Pick<ScanResult, 'news' | 'unfinished'>> => {
    const repository = parseRepositoryName(target.name);
    const { tags, dropped } = await listAsAnybody(repository, target, state, signal);
    if (dropped > 0) log.warn({ image: target.name, dropped }, 'tags dropped that are none by the grammar');
    const newTags = state.replaceTags(tags, clock.now());
    if (newTags > 0) log.info({ image: target.name, tags: tags.length, new: newTags }, 'new image tags');
    try {
      const question = { repository, credential: state.accepted, signal };
      const wanted = wantedTags(state, target, clock.monotonic());
      const changed = await refresh(state, question, wanted.slice(0, FACTS_PER_SCAN));
      limitOf(repository.host).recover();
      if (state.error) log.info({ image: target.name }, 'image scan works again');
      state.error = undefined;
      return { news: changed || newTags > 0, unfinished: wanted.length > FACTS_PER_SCAN };
    } catch (error) {
      signal.throwIfAborted();
      keepError(state, target, error);
      return { news: newTags > 0, unfinished: false };
    }
  };

  /** A failure that lasts is logged once. */
  const keepError = (state: RepositoryState, { name }: ImageTarget, thrown: unknown) => {
    const error = asFluxError(thrown, { code: 'registry/failed' });
    if (state.error?.message !== error.message)
      log.warn({ image: name, err: error.message, code: error.code }, 'image scan failed');
    state.error = error;
  };

  return {
    async run(state, target, signal) {
      const limit = limitOf(hostOf(target.name));
      try {
        return { ...(await look(state, target, signal)), notBefore: limit.blockedUntil };
      } catch (error) {
        signal.throwIfAborted();
        keepError(state, target, error);
        return { news: false, unfinished: false, notBefore: limit.blockedUntil };
      }
    },
    blockedUntil: (name) => limitOf(hostOf(name)).blockedUntil,
    async fillIn(state, target, signal) {
      if (state.scannedAt === undefined || state.error !== undefined || state.tags.length > SMALL) return;
      const now = clock.monotonic();
      const rest = state.tags.filter((tag) => isDue(state, tag, now));
      try {
        await refresh(state, { repository: parseRepositoryName(target.name), credential: state.accepted, signal }, rest);
      } catch (error) {
        signal.throwIfAborted();
        log.debug({ image: target.name, err: messageOf(error) }, 'filling in image dates stopped');
      }
    },
  };
}

function tooSlow({ name }: RepositoryName): FluxError {
  return new FluxError(`tag list of ${name} was not complete within ${LISTING_MS / 60_000} minutes`, {
    code: 'registry/slow-tag-list',
    help: 'The list is not used, because a part of it may lack the newest tags.',
  });
}

/**
 * Tags whose facts somebody needs: first those that run, which are looked at each time, then those that are due, from the end of
 * the list, where new tags mostly stand.
 */
function wantedTags(state: RepositoryState, { needsTimes, inUse = [] }: ImageTarget, now: number): readonly string[] {
  const listed = new Set(state.tags);
  const running = new Set(inUse.filter((tag) => listed.has(tag) && !isFailing(state, tag, now)));
  const due = needsTimes ? state.tags.filter((tag) => !running.has(tag) && isDue(state, tag, now) && needsTimes(tag)) : [];
  return [...running, ...due.reverse()];
}

function isDue(state: RepositoryState, tag: string, now: number): boolean {
  return now >= (state.checks.get(tag)?.dueAt ?? 0);
}

function isFailing(state: RepositoryState, tag: string, now: number): boolean {
  const check = state.checks.get(tag);
  return check !== undefined && check.failures > 0 && now < check.dueAt;
}

/** The registry does not show the repository to these credentials; others may see it. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof FluxError && ['registry/unauthorized', 'registry/not-found', 'registry/foreign-realm'].includes(error.code)
  );
}
